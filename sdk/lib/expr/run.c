/*
 * Instructions to a value, within a query.
 */
#include <string.h>

#include <sodns/metrics.h>

#include "engine.h"

struct loop {
	const sodns_value_t *items; /* NULL: bytes */
	const char *bytes;
	uint32_t len, count, collected;
	int64_t index;
	sodns_value_t sum, *made;
};

/* What an evaluation has in hand. */
struct machine {
	struct run run;
	sodns_value_t *top; /* the value on top of the stack; one below the first if empty */
	sodns_value_t *locals;
	const sodns_value_t *variables;
	struct loop *loop; /* the innermost one, in an array */
	const struct instruction *next;
};

bool run_fail(struct run *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
}

bool run_exceeded(struct run *r, const char *why)
{
	sodns_limit_reached("expressions", 1);
	return run_fail(r, why);
}

bool run_spend(struct run *r, size_t steps)
{
	if (steps > r->steps) {
		r->steps = 0;
		return run_exceeded(r, "too many steps");
	}
	r->steps -= (uint32_t)steps;
	return true;
}

static bool take_memory(struct run *r, size_t count)
{
	if (count >= r->memory)
		return run_exceeded(r, "memory budget exceeded");
	r->memory -= (uint32_t)count;
	return true;
}

sodns_value_t *run_values(struct run *r, size_t count)
{
	return take_memory(r, count) ? sodns_alloc(r->query, count * sizeof(sodns_value_t) + 1)
				     : NULL;
}

char *run_text(struct run *r, size_t len)
{
	return take_memory(r, len) ? sodns_alloc(r->query, len + 1) : NULL;
}

/* ---- arrays, maps, calls */

static bool make_array(struct machine *m, uint32_t count)
{
	sodns_value_t *items = run_values(&m->run, count), *first = m->top + 1 - count;
	if (!items)
		return false;
	memcpy(items, first, count * sizeof(*items));
	*first = (sodns_value_t){.kind = SODNS_VALUE_ARRAY, .count = count, .items = items};
	m->top = first;
	return true;
}

/* Of pairs with the same key the first one stays. */
static bool make_map(struct machine *m, uint32_t pairs)
{
	sodns_value_t *items = run_values(&m->run, (size_t)pairs * 2);
	sodns_value_t *first = m->top + 1 - pairs * 2;
	sodns_value_t map = {.kind = SODNS_VALUE_MAP, .items = items};
	if (!items || !run_spend(&m->run, (size_t)pairs * pairs))
		return false;
	for (uint32_t i = 0; i < pairs; i++) {
		const sodns_value_t *key = first + (size_t)i * 2;
		if (key->kind != SODNS_VALUE_STRING)
			return run_fail(&m->run, "a map's key is not a string");
		if (map_find(&m->run, &map, key))
			continue;
		items[map.count * 2] = key[0];
		items[map.count * 2 + 1] = key[1];
		map.count++;
	}
	*first = map;
	m->top = first;
	return true;
}

static bool fits(sodns_value_t *v, enum sodns_expr_type type)
{
	static const uint8_t kinds[] = {
		[SODNS_EXPR_BOOL] = SODNS_VALUE_BOOL,     [SODNS_EXPR_INT] = SODNS_VALUE_INT,
		[SODNS_EXPR_FLOAT] = SODNS_VALUE_FLOAT,   [SODNS_EXPR_STRING] = SODNS_VALUE_STRING,
		[SODNS_EXPR_BYTES] = SODNS_VALUE_BYTES,   [SODNS_EXPR_ARRAY] = SODNS_VALUE_ARRAY,
		[SODNS_EXPR_STRINGS] = SODNS_VALUE_ARRAY, [SODNS_EXPR_MAP] = SODNS_VALUE_MAP,
	};
	if (type == SODNS_EXPR_FLOAT && v->kind == SODNS_VALUE_INT)
		*v = sodns_value_float((double)v->integer);
	return type == SODNS_EXPR_ANY || v->kind == kinds[type];
}

static bool call_function(struct machine *m, const sodns_expr_function_t *f, uint32_t count)
{
	sodns_value_t *args = m->top + 1 - count;
	for (uint32_t i = 0; i < count; i++)
		if (!fits(&args[i], f->params[i]))
			return run_fail(&m->run, "an argument is of another type");
	sodns_expr_call_t call = {.query = m->run.query,
				  .arg = f->arg,
				  .data = m->run.data,
				  .args = args,
				  .count = count};
	if (!f->call(&call))
		return run_fail(&m->run, "a function failed");
	*args = call.result;
	m->top = args;
	return true;
}

/* A function that is known by its value only. */
static bool call_value(struct machine *m, uint32_t count)
{
	sodns_value_t *callee = m->top - count;
	const sodns_expr_function_t *f = callee->other;
	uint32_t wanted = 0;
	if (callee->kind != SODNS_VALUE_FUNCTION)
		return run_fail(&m->run, "what is called is not a function");
	while (wanted < SODNS_EXPR_PARAMS_MAX && f->params[wanted])
		wanted++;
	if (wanted != count)
		return run_fail(&m->run, "another number of arguments is wanted");
	if (!call_function(m, f, count))
		return false;
	*callee = *m->top;
	m->top = callee;
	return true;
}

static bool call_builtin(struct machine *m, const struct builtin *b, uint32_t count)
{
	sodns_value_t *args = m->top + 1 - count, out = {0};
	if (!b->call(&m->run, args, count, &out))
		return run_fail(&m->run, "a function failed");
	*args = out;
	m->top = args;
	return true;
}

static bool slice(struct machine *m, unsigned which)
{
	static const sodns_value_t nothing;
	sodns_value_t *base = m->top - (which & 1) - (which >> 1);
	const sodns_value_t *from = which & 1 ? base + 1 : &nothing;
	const sodns_value_t *to = which & 2 ? m->top : &nothing;
	sodns_value_t out;
	if (((which & 1) && from->kind == SODNS_VALUE_NIL) ||
	    ((which & 2) && to->kind == SODNS_VALUE_NIL))
		return run_fail(&m->run, "an index is nil");
	if (!value_slice(&m->run, base, from, to, &out))
		return false;
	*base = out;
	m->top = base;
	return true;
}

/* ---- loops */

static bool loop_begin(struct machine *m)
{
	const sodns_value_t *over = m->top--;
	struct loop *l = ++m->loop;
	*l = (struct loop){.len = over->count};
	if (over->kind == SODNS_VALUE_ARRAY)
		l->items = over->items;
	else if (over->kind == SODNS_VALUE_BYTES || over->kind == SODNS_VALUE_STRING)
		l->bytes = over->text;
	else
		return run_fail(&m->run, "what is looped over is no array");
	return true;
}

static sodns_value_t loop_item(const struct loop *l)
{
	if (l->bytes)
		return sodns_value_int((uint8_t)l->bytes[l->index]);
	return l->items[l->index];
}

static bool loop_ended(const struct loop *l)
{
	return l->index < 0 || l->index >= l->len;
}

static bool collect(struct machine *m)
{
	struct loop *l = m->loop;
	if (!l->made && !(l->made = run_values(&m->run, l->len)))
		return false;
	l->made[l->collected++] = *m->top--;
	return true;
}

/* The loop's items as an array of values. */
static sodns_value_t *loop_items(struct machine *m)
{
	struct loop *l = m->loop;
	sodns_value_t *items = run_values(&m->run, l->len);
	for (uint32_t i = 0; items && i < l->len; i++) {
		l->index = i;
		items[i] = loop_item(l);
	}
	return items;
}

static bool loop_sort(struct machine *m)
{
	struct loop *l = m->loop;
	bool descending;
	sodns_value_t *items = loop_items(m);
	if (!items || !sort_order(&m->run, m->top, &descending) ||
	    !values_sort(&m->run, items, l->made, l->collected, descending))
		return false;
	*m->top = (sodns_value_t){.kind = SODNS_VALUE_ARRAY, .count = l->len, .items = items};
	return true;
}

/* A map from each key that was collected to the items that have it. */
static bool loop_group(struct machine *m)
{
	struct loop *l = m->loop;
	sodns_value_t *items = loop_items(m), *out = run_values(&m->run, (size_t)l->len * 2);
	sodns_value_t *pairs = run_values(&m->run, (size_t)l->len * 2);
	uint32_t groups = 0, done = 0;
	if (!items || !out || !pairs || !run_spend(&m->run, (size_t)l->len * l->len))
		return false;
	for (uint32_t i = 0; i < l->len; i++) {
		sodns_value_t map = {.kind = SODNS_VALUE_MAP, .count = groups, .items = pairs};
		if (map_find(&m->run, &map, &l->made[i]))
			continue;
		uint32_t first = done;
		for (uint32_t j = i; j < l->len; j++)
			if (value_equal(&m->run, &l->made[i], &l->made[j]))
				out[done++] = items[j];
		pairs[groups * 2] = l->made[i];
		pairs[groups * 2 + 1] = (sodns_value_t){
			.kind = SODNS_VALUE_ARRAY, .count = done - first, .items = out + first};
		groups++;
	}
	*++m->top = (sodns_value_t){.kind = SODNS_VALUE_MAP, .count = groups, .items = pairs};
	return true;
}

/* ---- steps */

static bool negate(struct machine *m)
{
	if (m->top->kind == SODNS_VALUE_INT)
		m->top->integer = (int64_t)(0 - (uint64_t)m->top->integer);
	else if (m->top->kind == SODNS_VALUE_FLOAT)
		m->top->number = -m->top->number;
	else
		return run_fail(&m->run, "only a number can be negative");
	return true;
}

/* A jump by the condition on top, which stays there. */
static bool jump_on(struct machine *m, const struct instruction *i, bool wanted)
{
	if (m->top->kind != SODNS_VALUE_BOOL)
		return run_fail(&m->run, "a condition is not a bool");
	if (m->top->boolean == wanted)
		m->next = m->run.expr->code + i->arg;
	return true;
}

static bool invert(struct machine *m)
{
	if (m->top->kind != SODNS_VALUE_BOOL)
		return run_fail(&m->run, "a condition is not a bool");
	m->top->boolean = !m->top->boolean;
	return true;
}

static bool match(struct machine *m, const sodns_regex_t *regex)
{
	sodns_value_t *v = m->top;
	if (v->kind == SODNS_VALUE_NIL) {
		*v = sodns_value_bool(false);
		return true;
	}
	if (v->kind != SODNS_VALUE_STRING && v->kind != SODNS_VALUE_BYTES)
		return run_fail(&m->run, "only text can match a pattern");
	*v = sodns_value_bool(sodns_regex_match(regex, v->text, v->count, NULL, 0) > 0);
	return true;
}

static bool in_range(struct machine *m, const sodns_value_t *bounds)
{
	int64_t v = m->top->integer;
	bool in = m->top->kind == SODNS_VALUE_INT && v >= bounds[0].integer &&
		  v <= bounds[1].integer;
	*m->top = sodns_value_bool(in);
	return true;
}

static void jump_if(struct machine *m, const struct instruction *i, bool condition)
{
	if (condition)
		m->next = m->run.expr->code + i->arg;
}

static bool binary(struct machine *m, enum operator op)
{
	sodns_value_t out;
	if (!value_binary(&m->run, op, m->top - 1, m->top, &out))
		return run_fail(&m->run, "the operator does not take these values");
	*--m->top = out;
	return true;
}

static bool fetch(struct machine *m)
{
	sodns_value_t out;
	if (!value_fetch(&m->run, m->top - 1, m->top, &out))
		return run_fail(&m->run, "there is no such element");
	*--m->top = out;
	return true;
}

static bool in_set(struct machine *m, const sodns_value_t *set)
{
	bool in;
	if (!value_in_set(&m->run, set, m->top, &in))
		return false;
	*m->top = sodns_value_bool(in);
	return true;
}

/* What belongs to the innermost loop. */
static bool loop_step(struct machine *m, const struct instruction *i)
{
	struct loop *l = m->loop;
	switch ((enum instruction_code)i->code) {
	case DO_JUMP_IF_END:
		jump_if(m, i, loop_ended(l));
		return true;
	case DO_END:
		m->loop--;
		return true;
	case DO_NEXT:
		l->index += i->n ? 1 : -1;
		jump_if(m, i, true);
		return true;
	case DO_TO_LAST:
		l->index = (int64_t)l->len - 1;
		return true;
	case DO_ITEM:
		if (loop_ended(l))
			return run_fail(&m->run, "there is no such element");
		*++m->top = loop_item(l);
		return true;
	case DO_INDEX:
		*++m->top = sodns_value_int(l->index);
		return true;
	case DO_COUNT:
		*++m->top = sodns_value_int(l->count);
		return true;
	case DO_COUNT_UP:
		l->count++;
		return true;
	case DO_GET_SUM:
		*++m->top = l->sum;
		return true;
	case DO_SET_SUM:
		l->sum = *m->top--;
		return true;
	case DO_COLLECT:
		return collect(m);
	case DO_COLLECTED:
		*++m->top = (sodns_value_t){
			.kind = SODNS_VALUE_ARRAY, .count = l->collected, .items = l->made};
		return true;
	case DO_GROUP:
		return loop_group(m);
	case DO_SORT:
		return loop_sort(m);
	default:
		return run_fail(&m->run, "unknown instruction");
	}
}

static bool step(struct machine *m, const struct instruction *i)
{
	const sodns_expr_t *e = m->run.expr;
	switch ((enum instruction_code)i->code) {
	case DO_PUSH:
		*++m->top = e->constants[i->arg];
		return true;
	case DO_VARIABLE:
		*++m->top = m->variables[i->arg];
		return true;
	case DO_LOCAL:
		*++m->top = m->locals[i->arg];
		return true;
	case DO_STORE:
		m->locals[i->arg] = *m->top--;
		return true;
	case DO_POP:
		m->top--;
		return true;
	case DO_JUMP:
		jump_if(m, i, true);
		return true;
	case DO_JUMP_IF_TRUE:
		return jump_on(m, i, true);
	case DO_JUMP_IF_FALSE:
		return jump_on(m, i, false);
	case DO_JUMP_IF_NIL:
		jump_if(m, i, m->top->kind == SODNS_VALUE_NIL);
		return true;
	case DO_JUMP_IF_NOT_NIL:
		jump_if(m, i, m->top->kind != SODNS_VALUE_NIL);
		return true;
	case DO_NOT:
		return invert(m);
	case DO_NEGATE:
		return negate(m);
	case DO_BINARY:
		return binary(m, (enum operator)i->n);
	case DO_IN_SET:
		return in_set(m, &e->constants[i->arg]);
	case DO_IN_RANGE:
		return in_range(m, &e->constants[i->arg]);
	case DO_MATCH:
		return match(m, e->regexes[i->arg]);
	case DO_FETCH:
		return fetch(m);
	case DO_SLICE:
		return slice(m, i->n);
	case DO_ARRAY:
		return make_array(m, i->n);
	case DO_MAP:
		return make_map(m, i->n);
	case DO_FUNCTION:
		return call_function(m, e->functions[i->arg], i->n);
	case DO_CALL:
		return call_value(m, i->n);
	case DO_BUILTIN:
		return call_builtin(m, &builtins[i->arg], i->n);
	case DO_FAIL:
		return run_fail(&m->run, e->constants[i->arg].text);
	case DO_BEGIN:
		return loop_begin(m);
	default:
		return loop_step(m, i);
	}
}

int expr_eval(const sodns_expr_t *e, sodns_query_t *q, const sodns_value_t *variables, void *data,
	      sodns_value_t *result, const char **why)
{
	struct machine m = {.run = {.expr = e,
				    .query = q,
				    .data = data,
				    .memory = MEMORY_MAX,
				    .steps = STEPS_MAX},
			    .variables = variables,
			    .next = e->code};
	const struct instruction *end = e->code + e->code_count;
	sodns_value_t *stack = sodns_alloc(q, (e->stack + e->locals + 1u) * sizeof(*stack));
	m.top = stack;
	m.locals = stack + 1 + e->stack;
	m.loop = sodns_alloc(q, (e->loops + 1u) * sizeof(*m.loop));
	bool ok = true;
	while (ok && m.next < end) {
		const struct instruction *i = m.next++;
		ok = run_spend(&m.run, 1) && step(&m, i);
	}
	/* A comparison that was given up has noted why, and gone on. */
	if (!ok || m.run.why) {
		if (why)
			*why = m.run.why;
		return SODNS_EINVAL;
	}
	*result = *m.top;
	return SODNS_OK;
}
