/*
 * Execution: walks the tree, writes texts and what actions evaluate to, runs ifs and loops.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "eval.h"

/* "template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: reason". */
bool run_fail(run_t *r, const char *format, ...)
{
	char node[ERROR_MAX / 2];
	text_t shown = {node, 0, sizeof(node)};
	const char *source = r->tree->source;
	size_t line = 1, column = r->at ? r->at->pos : 0;
	if (r->failed)
		return false;
	r->failed = true;
	for (size_t i = 0; r->at && i < r->at->pos; i++)
		if (source[i] == '\n') {
			line++;
			column = r->at->pos - i - 1;
		}
	if (r->at)
		node_print(&shown, r->at);
	int n = snprintf(r->error, sizeof(r->error),
			 "template: %s:%zu:%zu: executing \"%.*s\" at <%.*s>: ", r->tree->name,
			 line, column, (int)r->name.len, r->name.at, (int)shown.len, node);
	va_list ap;
	va_start(ap, format);
	if (n > 0 && (size_t)n < sizeof(r->error))
		vsnprintf(r->error + n, sizeof(r->error) - (size_t)n, format, ap);
	va_end(ap);
	return false;
}

void variable_push(run_t *r, slice_t name, const value_t *v)
{
	if (r->variable_count == r->variable_room) {
		size_t room = r->variable_room ? r->variable_room * 2 : 8;
		struct variable *more = run_alloc(r, room * sizeof(*more));
		if (r->variable_count)
			memcpy(more, r->variables, r->variable_count * sizeof(*more));
		r->variables = more;
		r->variable_room = room;
	}
	r->variables[r->variable_count++] = (struct variable){name, *v};
}

bool variable_set(run_t *r, slice_t name, const value_t *v)
{
	for (size_t i = r->variable_count; i-- > 0;)
		if (r->variables[i].name.len == name.len &&
		    !memcmp(r->variables[i].name.at, name.at, name.len)) {
			r->variables[i].value = *v;
			return true;
		}
	return run_fail(r, "undefined variable: %.*s", (int)name.len, name.at);
}

static void walk_list(run_t *r, const value_t *dot, const node_t *n);

static void print_action(run_t *r, const node_t *n, const value_t *v)
{
	if (n->first->declares)
		return;
	if (v->kind == NIL)
		run_write(r, "<no value>", 10);
	else if (v->kind == OBJECT && v->type->plain)
		v->type->print(r, v->data);
	else
		run_print_value(r, v);
}

static void walk_if_or_with(run_t *r, const value_t *dot, const node_t *n)
{
	size_t mark = r->variable_count;
	value_t v;
	if (!eval_pipe(r, dot, n->first, &v))
		return;
	if (value_truth(&v))
		walk_list(r, n->kind == NODE_WITH ? &v : dot, n->body);
	else
		walk_list(r, dot, n->otherwise);
	r->variable_count = mark;
}

/* One turn of a loop. False: no more of them. */
static bool turn(run_t *r, const node_t *n, const value_t *index, const value_t *element)
{
	const node_t *pipe = n->first, *variable = pipe->variable;
	size_t mark = r->variable_count;
	const value_t *first = pipe->declares > 1 ? index : element;
	if (++r->steps > STEPS_MAX)
		return run_fail(r, "exceeded %u steps", STEPS_MAX);
	if (variable && pipe->assigns)
		variable_set(r, variable->idents->name, first);
	else if (variable)
		variable_push(r, variable->idents->name, first);
	if (pipe->declares > 1 && pipe->assigns)
		variable_set(r, variable->next->idents->name, element);
	else if (pipe->declares > 1)
		variable_push(r, variable->next->idents->name, element);
	if (!r->failed)
		walk_list(r, element, n->body);
	r->variable_count = mark;
	bool on = !r->failed && r->control != BREAKING;
	r->control = WALKING;
	return on;
}

static void walk_elements(run_t *r, const node_t *n, const value_t *v)
{
	size_t count = value_length(v);
	value_t index, element;
	for (size_t i = 0; i < count; i++) {
		index = value_int((int64_t)i);
		if (v->kind == LIST)
			v->type->at(r, v->data, v->from + i, &element);
		else
			v->type->entry(r, v->data, i, &index, &element);
		if (!turn(r, n, &index, &element))
			return;
	}
}

static void walk_count(run_t *r, const node_t *n, const value_t *v)
{
	for (uint64_t i = 0; i < v->u; i++) {
		const value_t element = {.kind = v->kind, .bits = v->bits, .u = i};
		if (!turn(r, n, &element, &element))
			return;
	}
}

static void walk_range(run_t *r, const value_t *dot, const node_t *n)
{
	size_t mark = r->variable_count;
	value_t v;
	r->at = n;
	if (!eval_pipe(r, dot, n->first, &v))
		return;
	r->variable_count = mark;
	bool number = v.kind == INT || v.kind == UINT;
	bool some = number ? v.kind == UINT ? v.u > 0 : v.i > 0
			   : (v.kind == LIST || v.kind == MAP) && value_length(&v);
	if (number && n->first->declares > 1)
		run_fail(r, "can't use %lld to iterate over more than one variable",
			 (long long)v.i);
	else if (!number && v.kind != LIST && v.kind != MAP && v.kind != NIL)
		run_fail(r, "range can't iterate over %.*s", v.kind == STRING ? (int)v.len : 1,
			 v.kind == STRING ? v.text : "{");
	else if (number && some)
		walk_count(r, n, &v);
	else if (some)
		walk_elements(r, n, &v);
	else
		walk_list(r, dot, n->otherwise);
}

static void walk_template(run_t *r, const value_t *dot, const node_t *n)
{
	const definition_t *d = r->tree->definitions;
	value_t v = value_nil();
	while (d && (d->name.len != n->text.len || memcmp(d->name.at, n->text.at, n->text.len)))
		d = d->next;
	if (!d) {
		run_fail(r, "template \"%.*s\" not defined", (int)n->text.len, n->text.at);
		return;
	}
	if (n->first && !eval_pipe(r, dot, n->first, &v))
		return;
	/* It sees none of the caller's variables but its own $. */
	struct variable *outer = r->variables;
	size_t count = r->variable_count, room = r->variable_room;
	slice_t name = r->name;
	r->variables = NULL;
	r->variable_count = r->variable_room = 0;
	r->name = d->name;
	variable_push(r, (slice_t){"$", 1}, &v);
	walk_list(r, &v, d->body);
	r->variables = outer;
	r->variable_count = count;
	r->variable_room = room;
	r->name = name;
}

static void walk(run_t *r, const value_t *dot, const node_t *n)
{
	value_t v;
	r->at = n;
	switch (n->kind) {
	case NODE_TEXT:
		run_write(r, n->text.at, n->text.len);
		break;
	case NODE_ACTION:
		if (eval_pipe(r, dot, n->first, &v)) {
			r->at = n;
			print_action(r, n, &v);
		}
		break;
	case NODE_RANGE:
		walk_range(r, dot, n);
		break;
	case NODE_TEMPLATE:
		walk_template(r, dot, n);
		break;
	case NODE_BREAK:
		r->control = BREAKING;
		break;
	case NODE_CONTINUE:
		r->control = CONTINUING;
		break;
	default:
		walk_if_or_with(r, dot, n);
	}
}

static void walk_list(run_t *r, const value_t *dot, const node_t *n)
{
	if (++r->depth > DEPTH_MAX)
		run_fail(r, "exceeded maximum template depth (%d)", DEPTH_MAX);
	for (; n && !r->failed && r->control == WALKING; n = n->next) {
		if (++r->steps > STEPS_MAX)
			run_fail(r, "exceeded %u steps", STEPS_MAX);
		walk(r, dot, n);
	}
	r->depth--;
}

bool tree_execute(const tree_t *t, const void *data, run_t *r, memory_t memory, const void *context)
{
	*r = (run_t){.memory = memory, .tree = t, .context = context, .room = 512};
	value_t dot = value_object(t->root, data);
	r->name = t->definitions->name;
	r->out = run_alloc(r, r->room);
	variable_push(r, (slice_t){"$", 1}, &dot);
	walk_list(r, &dot, t->definitions->body);
	return !r->failed;
}
