/*
 * Environments, and the way from a text to an expression (sodns/expr.h).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define SOURCE_MAX 65536u

bool text_is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

sodns_expr_env_t *expr_env_new(void)
{
	return must_have(calloc(1, sizeof(sodns_expr_env_t)));
}

void expr_env_free(sodns_expr_env_t *env)
{
	pool_free(&env->pool);
	free(env);
}

const struct named_function *env_function(const sodns_expr_env_t *env, const char *name, size_t len)
{
	const struct named_function *f = env->functions;
	while (f && !text_is(name, len, f->function.name))
		f = f->next;
	return f;
}

const struct named_variable *env_variable(const sodns_expr_env_t *env, const char *name, size_t len)
{
	const struct named_variable *v = env->variables;
	while (v && !text_is(name, len, v->name))
		v = v->next;
	return v;
}

void expr_add_function(sodns_expr_env_t *env, const sodns_expr_function_t *f)
{
	struct named_function *n = pool_alloc(&env->pool, sizeof(*n));
	*n = (struct named_function){.next = env->functions, .function = *f};
	n->type = (struct type){.kind = TYPE_FUNCTION, .function = &n->function};
	env->functions = n;
}

int expr_add_variable(sodns_expr_env_t *env, const char *name, enum sodns_expr_type type)
{
	struct named_variable *n = pool_alloc(&env->pool, sizeof(*n));
	size_t len = strlen(name) + 1;
	*n = (struct named_variable){.next = env->variables,
				     .name = memcpy(pool_alloc(&env->pool, len), name, len),
				     .number = env->variable_count++};
	n->type = type_public(type);
	if (type_unknown(n->type))
		n->type = &type_of[TYPE_POINTER];
	env->variables = n;
	return n->number;
}

bool expr_name_is_free(const sodns_expr_env_t *env, const char *name)
{
	size_t len = strlen(name);
	const char *p = name;
	for (; *p == '_' || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
	       (p > name && *p >= '0' && *p <= '9');
	     p++)
		;
	return len && !*p && word_is_plain(name, len) && strcmp(name, "true") &&
	       strcmp(name, "false") && strcmp(name, "nil") && !env_function(env, name, len) &&
	       !env_variable(env, name, len) && !builtin_find(name, len);
}

void *compile_alloc(struct compilation *c, size_t size)
{
	return pool_alloc(&c->expr->pool, size);
}

static bool in_spine(const struct node *n, bool untyped)
{
	return n->kind == NODE_BINARY && !(untyped && n->type);
}

struct node **node_spine(struct compilation *c, struct node *n, bool untyped, size_t *count)
{
	*count = 0;
	for (const struct node *at = n; in_spine(at, untyped); at = at->kids[0])
		++*count;
	struct node **spine = compile_alloc(c, *count * sizeof(*spine));
	for (size_t i = *count; i; i--, n = n->kids[0])
		spine[i - 1] = n;
	return spine;
}

void compile_fail(struct compilation *c, uint32_t at, const char *format, ...)
{
	if (c->failed)
		return;
	va_list ap;
	va_start(ap, format);
	vsnprintf(c->message, sizeof(c->message), format, ap);
	va_end(ap);
	c->failed = true;
	c->error_at = at;
}

/* The message with line and column, the line itself, and a mark below the place. */
static void word_error(const struct compilation *c, char *err, size_t size)
{
	uint32_t line = 1, column = 0, begin = 0, rune = 0, r;
	for (uint32_t i = 0; i < c->len && rune != c->error_at; rune++) {
		i += (uint32_t)sodns_utf8_read(c->source + i, c->len - i, &r);
		column++;
		if (r == '\n') {
			begin = i;
			line++;
			column = 0;
		}
	}
	const char *text = c->source + begin;
	int len = (int)strcspn(text, "\n");
	if (!len) {
		snprintf(err, size, "%s", c->message);
		return;
	}
	char *shown = must_have(strndup(text, (size_t)len)), *mark = must_have(malloc(column + 1u));
	for (char *p = shown; *p; p++)
		if (*p == '\t')
			*p = ' ';
	memset(mark, '.', column);
	mark[column] = 0;
	snprintf(err, size, "%s (%u:%u)\n | %s\n | %s^", c->message, line, column + 1, shown, mark);
	free(shown);
	free(mark);
}

static enum sodns_expr_type type_to_public(const struct type *t)
{
	static const uint8_t types[TYPES] = {
		[TYPE_BOOL] = SODNS_EXPR_BOOL,       [TYPE_INT] = SODNS_EXPR_INT,
		[TYPE_FLOAT] = SODNS_EXPR_FLOAT,     [TYPE_STRING] = SODNS_EXPR_STRING,
		[TYPE_BYTES] = SODNS_EXPR_BYTES,     [TYPE_ARRAY] = SODNS_EXPR_ARRAY,
		[TYPE_STRINGS] = SODNS_EXPR_STRINGS, [TYPE_MAP] = SODNS_EXPR_MAP,
	};
	uint8_t public = types[t->kind];
	return public ? (enum sodns_expr_type) public : SODNS_EXPR_ANY;
}

static bool compile(struct compilation *c)
{
	struct node *n = parse(c);
	if (!n)
		return false;
	const struct type *t = check(c, n);
	if (!c->failed)
		fold(c, n);
	if (c->failed || !emit_all(c, n))
		return false;
	c->expr->type = type_to_public(t);
	return true;
}

sodns_expr_t *expr_compile(sodns_expr_env_t *env, const char *text, char *err, size_t err_size)
{
	sodns_expr_t *e = must_have(calloc(1, sizeof(*e)));
	size_t len = strlen(text);
	struct compilation c = {.env = env, .expr = e, .source = text, .len = (uint32_t)len};
	if (len > SOURCE_MAX)
		snprintf(err, err_size, "expression is too large");
	else {
		char *copy = compile_alloc(&c, len + 1);
		c.source = memcpy(copy, text, len + 1);
		if (compile(&c))
			return e;
		word_error(&c, err, err_size);
	}
	expr_free(e);
	return NULL;
}

void expr_free(sodns_expr_t *e)
{
	for (uint32_t i = 0; i < e->regex_count; i++)
		sodns_regex_free(e->regexes[i]);
	pool_free(&e->pool);
	free(e);
}

enum sodns_expr_type expr_type(const sodns_expr_t *e)
{
	return e->type;
}
