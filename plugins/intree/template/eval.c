/*
 * Evaluation: a pipeline's commands, fields and methods, calls of functions.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "eval.h"

#define ARGUMENTS_MAX 32

static bool eval_command(run_t *r, const value_t *dot, const node_t *command, const value_t *final,
			 value_t *out);

bool call_fail(run_t *r, const char *format, ...)
{
	char reason[ERROR_MAX / 2];
	va_list ap;
	va_start(ap, format);
	vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	r->at = r->calling;
	const node_t *n = r->at->kind == NODE_COMMAND ? r->at->first : r->at;
	return run_fail(r, "error calling %.*s: %s", (int)n->text.len, n->text.at, reason);
}

bool eval_pipe(run_t *r, const value_t *dot, const node_t *pipe, value_t *out)
{
	const value_t *final = NULL;
	value_t last;
	if (++r->depth > DEPTH_MAX)
		return run_fail(r, "exceeded maximum depth (%d)", DEPTH_MAX);
	if (++r->steps > STEPS_MAX)
		return run_fail(r, "exceeded %u steps", STEPS_MAX);
	r->at = pipe;
	for (const node_t *c = pipe->first; c; c = c->next) {
		if (!eval_command(r, dot, c, final, out))
			return false;
		last = *out;
		final = &last;
	}
	for (const node_t *v = pipe->variable; v; v = v->next)
		if (!pipe->assigns)
			variable_push(r, v->idents->name, out);
		else if (!variable_set(r, v->idents->name, out))
			return false;
	r->depth--;
	return true;
}

/* What stands where no function does may have no arguments. */
static bool no_arguments(run_t *r, const node_t *command, const value_t *final)
{
	char what[64];
	text_t t = {what, 0, sizeof(what)};
	if (!command || (command->count < 2 && !final))
		return true;
	node_print(&t, command->first);
	return run_fail(r, "can't give argument to non-function %.*s", (int)t.len, what);
}

static bool eval_arg(run_t *r, const value_t *dot, const node_t *n, value_t *out);

/* A method: its one argument, if it wants one. */
static bool call_method(run_t *r, const value_t *dot, const field_t *f, const void *object,
			const node_t *command, const value_t *final, value_t *out)
{
	size_t given = (command ? command->count - 1 : 0) + (final ? 1 : 0);
	value_t arg;
	if (!f->method && given)
		return run_fail(r, "%s has arguments but cannot be invoked as function", f->name);
	if (given != f->wants_string)
		return run_fail(r, "wrong number of args for %s: want %d got %zu", f->name,
				f->wants_string, given);
	const node_t *place = r->at;
	if (final)
		arg = *final;
	else if (f->wants_string && !eval_arg(r, dot, command->first->next, &arg))
		return false;
	if (f->wants_string && arg.kind != STRING) {
		const node_t *n = r->at;
		char what[64];
		text_t t = {what, 0, sizeof(what)};
		node_print(&t, n);
		return !final && n->kind == NODE_CONSTANT
			       ? run_fail(r, "expected string; found %.*s", (int)t.len, what)
			       : run_fail(r, "wrong type for value; expected string; got %s",
					  value_type(&arg));
	}
	r->at = place;
	f->get(r, object, f->wants_string ? &arg : NULL, out);
	return !r->failed;
}

static const field_t *find_field(const run_t *r, const type_t *type, const ident_t *i)
{
	if (type == r->tree->root)
		return i->root;
	for (const field_t *f = type->fields; f && f->name; f++)
		if (strlen(f->name) == i->name.len && !memcmp(f->name, i->name.at, i->name.len))
			return f;
	return NULL;
}

static bool object_field(run_t *r, const value_t *dot, const value_t *v, const ident_t *i,
			 const node_t *command, const value_t *final, value_t *out)
{
	const field_t *f = find_field(r, v->type, i);
	if (!f)
		return run_fail(r, "can't evaluate field %.*s in type %s", (int)i->name.len,
				i->name.at, v->type->name);
	if (f->hidden)
		return run_fail(r, "%s is an unexported field of struct type %s", f->name,
				v->type->name);
	if (!v->data && !v->type->plain)
		return run_fail(r, "nil pointer evaluating %s.%s", v->type->name, f->name);
	return call_method(r, dot, f, v->data, command, final, out);
}

/* .name of a value; of none there is none. */
static bool eval_field(run_t *r, const value_t *dot, const value_t *v, const ident_t *i,
		       const node_t *command, const value_t *final, value_t *out)
{
	const value_t of = *v;
	switch (of.kind) {
	case NIL:
		if (of.bits)
			return run_fail(r, "nil pointer evaluating interface {}.%.*s",
					(int)i->name.len, i->name.at);
		*out = value_nil();
		return true;
	case OBJECT:
		return object_field(r, dot, &of, i, command, final, out);
	case MAP:
		if ((command && command->count > 1) || final)
			return run_fail(r, "%.*s is not a method but has arguments",
					(int)i->name.len, i->name.at);
		if (!of.type->find(r, of.data, i->name, out))
			*out = value_nil();
		return !r->failed;
	default:
		return run_fail(r, "can't evaluate field %.*s in type %s", (int)i->name.len,
				i->name.at, value_type(&of));
	}
}

/* Fields one after the other; the last one may be a method with arguments. */
static bool eval_chain(run_t *r, const value_t *dot, const value_t *of, const node_t *n,
		       size_t from, const node_t *command, const value_t *final, value_t *out)
{
	value_t v = *of;
	for (size_t i = from; i < n->count; i++) {
		bool last = i + 1 == n->count;
		if (!eval_field(r, dot, &v, &n->idents[i], last ? command : NULL,
				last ? final : NULL, out))
			return false;
		v = *out;
	}
	return true;
}

static bool eval_variable(run_t *r, const value_t *dot, const node_t *n, const node_t *command,
			  const value_t *final, value_t *out)
{
	const slice_t name = n->idents->name;
	size_t i = r->variable_count;
	r->at = n;
	while (i-- > 0)
		if (r->variables[i].name.len == name.len &&
		    !memcmp(r->variables[i].name.at, name.at, name.len))
			break;
	if (i == SIZE_MAX)
		return run_fail(r, "undefined variable: %.*s", (int)name.len, name.at);
	*out = r->variables[i].value;
	if (n->count == 1)
		return no_arguments(r, command, final);
	const value_t v = *out;
	return eval_chain(r, dot, &v, n, 1, command, final, out);
}

static bool check_argument(run_t *r, const node_t *n, char want, value_t *v)
{
	char what[64];
	text_t t = {what, 0, sizeof(what)};
	const char *type = want == 's' ? "string" : "int";
	bool constant = n && (n->kind == NODE_CONSTANT || n->kind == NODE_NIL);
	if (want == 's' ? v->kind == STRING : v->kind == INT && !v->bits)
		return true;
	if (want == 'i' && constant && n->integer && v->kind == FLOAT) {
		*v = value_int((int64_t)v->f);
		return true;
	}
	if (!constant)
		return v->kind == NIL ? run_fail(r, "invalid value; expected %s", type)
				      : run_fail(r, "wrong type for value; expected %s; got %s",
						 type, value_type(v));
	node_print(&t, n);
	if (n->kind == NODE_NIL)
		return run_fail(r, "cannot assign nil to %s", type);
	return run_fail(r, "expected %s; found %.*s", want == 's' ? type : "integer", (int)t.len,
			what);
}

/* and, or: what comes behind the deciding argument is not evaluated. */
static bool eval_logic(run_t *r, const value_t *dot, const function_t *f, const node_t *command,
		       const value_t *final, value_t *out)
{
	for (const node_t *n = command ? command->first->next : NULL; n; n = n->next) {
		if (!eval_arg(r, dot, n, out))
			return false;
		if (value_truth(out) == (*f->name == 'o'))
			return true;
	}
	if (final)
		*out = *final;
	return true;
}

static bool eval_function(run_t *r, const value_t *dot, const node_t *n, const node_t *command,
			  const value_t *final, value_t *out)
{
	const function_t *f = n->function;
	size_t written = command ? command->count - 1 : 0, count = written + (final ? 1 : 0);
	value_t *args;
	r->at = n;
	if (f->most < 0 && (int)count < f->least)
		return run_fail(r, "wrong number of args for %s: want at least %d got %zu", f->name,
				f->least, written);
	if (f->most >= 0 && (int)count != f->least)
		return run_fail(r, "wrong number of args for %s: want %d got %zu", f->name,
				f->least, count);
	if (!f->call)
		return eval_logic(r, dot, f, command, final, out);
	if (count > ARGUMENTS_MAX)
		return run_fail(r, "more than %d args for %s", ARGUMENTS_MAX, f->name);
	const node_t *arg = command ? command->first->next : NULL;
	args = run_alloc(r, (count + 1) * sizeof(*args));
	for (size_t i = 0; i < count; i++, arg = arg ? arg->next : NULL) {
		if (i == written)
			args[i] = *final;
		else if (!eval_arg(r, dot, arg, &args[i]))
			return false;
		if (f->wants && i < strlen(f->wants) &&
		    !check_argument(r, arg, f->wants[i], &args[i]))
			return false;
	}
	r->calling = command ? command : n;
	return f->call(r, args, count, out) && !r->failed;
}

/* Words that stand alone. */
static value_t word_value(const value_t *dot, const node_t *n)
{
	return n->kind == NODE_DOT ? *dot : n->kind == NODE_CONSTANT ? n->value : value_nil();
}

static bool eval_node(run_t *r, const value_t *dot, const node_t *n, const node_t *command,
		      const value_t *final, value_t *out)
{
	value_t of;
	switch (n->kind) {
	case NODE_FIELD:
		r->at = n;
		return eval_chain(r, dot, dot, n, 0, command, final, out);
	case NODE_CHAIN:
		r->at = n;
		if (n->first->kind == NODE_PIPE ? !eval_pipe(r, dot, n->first, &of)
						: !eval_function(r, dot, n->first, NULL, NULL, &of))
			return false;
		return eval_chain(r, dot, &of, n, 0, command, final, out);
	case NODE_VARIABLE:
		return eval_variable(r, dot, n, command, final, out);
	case NODE_IDENTIFIER:
		return eval_function(r, dot, n, command, final, out);
	case NODE_PIPE:
		return no_arguments(r, command, final) && eval_pipe(r, dot, n, out);
	default:
		r->at = n;
		*out = word_value(dot, n);
		return no_arguments(r, command, final);
	}
}

static bool eval_arg(run_t *r, const value_t *dot, const node_t *n, value_t *out)
{
	r->at = n;
	return eval_node(r, dot, n, NULL, NULL, out);
}

static bool eval_command(run_t *r, const value_t *dot, const node_t *command, const value_t *final,
			 value_t *out)
{
	const node_t *n = command->first;
	if (!eval_node(r, dot, n, command, final, out))
		return false;
	if (n->kind != NODE_NIL)
		return true;
	r->at = n;
	return run_fail(r, "nil is not a command");
}
