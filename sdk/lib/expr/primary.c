/*
 * Tokens to nodes: literals, names, calls, what stands in brackets, and what follows behind.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

/* A list that is being read: kids of a node. */
struct list {
	struct node **kids;
	uint32_t count, room;
};

static void list_add(struct compilation *c, struct list *l, struct node *n)
{
	if (l->count == l->room) {
		struct node **kids;
		l->room = l->room ? l->room * 2 : 8;
		kids = compile_alloc(c, l->room * sizeof(*kids));
		if (l->count)
			memcpy(kids, l->kids, l->count * sizeof(*kids));
		l->kids = kids;
	}
	l->kids[l->count++] = n;
}

static struct node *literal(struct compilation *c, enum node_kind kind, uint32_t at,
			    sodns_value_t value)
{
	struct node *n = make_node(c, kind, at, NULL, 0);
	if (n)
		n->value = value;
	return n;
}

static bool at_bracket(const struct compilation *c, const char *text)
{
	return token_is(&c->token, TOKEN_BRACKET, text);
}

static bool at_operator(const struct compilation *c, const char *text)
{
	return token_is(&c->token, TOKEN_OPERATOR, text);
}

/* Digits without the '_' among them, ended by a zero. */
static char *digits_of(struct compilation *c, const struct token *t)
{
	char *text = compile_alloc(c, t->len + 1u), *o = text;
	for (uint32_t i = 0; i < t->len; i++)
		if (t->text[i] != '_')
			*o++ = t->text[i];
	*o = 0;
	return text;
}

/* As strconv says what is wrong with it. */
static void number_fail(struct compilation *c, const char *what, const char *function,
			const char *text, int error)
{
	if (error)
		parse_fail(c, &c->token, "invalid %s literal: strconv.%s: parsing \"%s\": %s", what,
			   function, text, sodns_number_error(error));
}

static struct node *integer(struct compilation *c, const struct token *t, const char *digits,
			    unsigned base, const char *what, const char *whole)
{
	int64_t v = 0;
	number_fail(c, what, "ParseInt", whole,
		    sodns_int_from_text(digits, strlen(digits), base, INT64_MIN, INT64_MAX, &v));
	return literal(c, NODE_INT, t->at, sodns_value_int(v));
}

static struct node *number(struct compilation *c, const struct token *t)
{
	char *text = digits_of(c, t);
	if (!strncasecmp(text, "0x", 2))
		return integer(c, t, text + 2, 16, "hex", text);
	if (strpbrk(text, ".eE")) {
		double v = 0;
		number_fail(c, "float", "ParseFloat", text,
			    sodns_float_from_text(text, strlen(text), &v));
		return literal(c, NODE_FLOAT, t->at, sodns_value_float(v));
	}
	if (!strncasecmp(text, "0b", 2))
		return integer(c, t, text + 2, 2, "binary", text);
	if (!strncasecmp(text, "0o", 2))
		return integer(c, t, text + 2, 8, "octal", text);
	return integer(c, t, text, 10, "integer", text);
}

/* Before an item of a list, which a comma parts from the one before it; there may be one behind the last.
 * False where the bracket stands that ends the list. */
static bool item_follows(struct compilation *c, bool first, const char *bracket)
{
	if (c->failed || at_bracket(c, bracket))
		return false;
	if (!first)
		expect(c, TOKEN_OPERATOR, ",");
	return !at_bracket(c, bracket);
}

static void arguments(struct compilation *c, struct list *l)
{
	expect(c, TOKEN_BRACKET, "(");
	for (bool first = true; item_follows(c, first, ")"); first = false)
		list_add(c, l, parse_expression(c, 0));
	expect(c, TOKEN_BRACKET, ")");
}

static struct node *predicate(struct compilation *c)
{
	struct node *n;
	uint32_t at = c->token.at;
	c->predicates++;
	if (at_bracket(c, "{")) {
		advance(c);
		n = parse_sequence(c);
		expect(c, TOKEN_BRACKET, "}");
	} else {
		n = parse_expression(c, 0);
		if (!c->failed && at_operator(c, ";"))
			parse_fail(c, &c->token, "wrap predicate with brackets { and }");
	}
	c->predicates--;
	return make_node(c, NODE_PREDICATE, at, &n, 1);
}

/* The arguments of a builtin that takes a predicate: an array, the predicate, and for some an
 * expression. Those from the first `optional` on may be left out. */
static void predicate_arguments(struct compilation *c, struct list *l, const char *name)
{
	bool loose = !strcmp(name, "count") || !strcmp(name, "sum");
	bool third = !strcmp(name, "sortBy") || !strcmp(name, "reduce");
	uint32_t all = third ? 3 : 2, needed = loose ? 1 : 2, given = l->count;
	expect(c, TOKEN_BRACKET, "(");
	for (uint32_t i = given; i < all && !c->failed; i++) {
		if (at_bracket(c, ")")) {
			if (i >= needed)
				break;
			parse_fail(c, &c->token, "expected at least %u arguments", all - given);
		}
		if (i > given)
			expect(c, TOKEN_OPERATOR, ",");
		list_add(c, l, i == 1 ? predicate(c) : parse_expression(c, 0));
	}
	if (!c->failed && at_operator(c, ","))
		advance(c);
	expect(c, TOKEN_BRACKET, ")");
}

struct node *parse_call(struct compilation *c, const struct token *name, struct node *piped,
			bool overridable)
{
	struct list l = {NULL, 0, 0};
	const struct builtin *b = builtin_find(name->text, name->len);
	bool has_own = env_function(c->env, name->text, name->len) ||
		       env_variable(c->env, name->text, name->len);
	/* CoreDNS turns the language's own `type` off, even as ::type. */
	if (b && has_own && (overridable || !strcmp(b->name, "type")))
		b = NULL;
	if (!b)
		list_add(c, &l,
			 literal(c, NODE_IDENTIFIER, name->at,
				 sodns_value_string(name->text, name->len)));
	if (piped)
		list_add(c, &l, piped);
	if (b && b->predicate)
		predicate_arguments(c, &l, b->name);
	else
		arguments(c, &l);
	struct node *n = make_node(c, b ? NODE_BUILTIN : NODE_CALL, name->at, l.kids, l.count);
	if (n)
		n->builtin = b;
	return n;
}

static struct node *array(struct compilation *c)
{
	struct list l = {NULL, 0, 0};
	uint32_t at = c->token.at;
	advance(c);
	while (item_follows(c, !l.count, "]"))
		list_add(c, &l, parse_expression(c, 0));
	expect(c, TOKEN_BRACKET, "]");
	return make_node(c, NODE_ARRAY, at, l.kids, l.count);
}

static struct node *map_key(struct compilation *c)
{
	struct token t = c->token;
	char buf[160];
	if (at_bracket(c, "("))
		return parse_expression(c, 0);
	if (t.kind != TOKEN_NUMBER && t.kind != TOKEN_STRING && t.kind != TOKEN_IDENTIFIER) {
		parse_fail(c, &t,
			   "a map key must be a quoted string, a number, a identifier, or an "
			   "expression enclosed in parentheses (unexpected token %s)",
			   token_text(&t, buf));
		return NULL;
	}
	advance(c);
	return literal(c, NODE_STRING, t.at, sodns_value_string(t.text, t.len));
}

static struct node *map(struct compilation *c)
{
	struct list l = {NULL, 0, 0};
	uint32_t at = c->token.at;
	advance(c);
	while (item_follows(c, !l.count, "}")) {
		list_add(c, &l, map_key(c));
		expect(c, TOKEN_OPERATOR, ":");
		list_add(c, &l, parse_expression(c, 0));
	}
	expect(c, TOKEN_BRACKET, "}");
	return make_node(c, NODE_MAP, at, l.kids, l.count);
}

static struct node *name(struct compilation *c)
{
	struct token t = c->token;
	advance(c);
	if (at_bracket(c, "("))
		return parse_call(c, &t, NULL, true);
	return literal(c, NODE_IDENTIFIER, t.at, sodns_value_string(t.text, t.len));
}

/* A member by name: base.name, base?.name, base.name(...). Returns the base's node when done. */
static struct node *member(struct compilation *c, struct node *base, bool optional)
{
	struct token t = c->token;
	bool named = t.kind == TOKEN_IDENTIFIER ||
		     (t.kind == TOKEN_OPERATOR && !word_is_plain(t.text, t.len));
	advance(c);
	if (!named) {
		parse_fail(c, &c->token, "expected name");
		return NULL;
	}
	bool chained = base->kind == NODE_CHAIN;
	struct node *kids[2] = {chained ? base->kids[0] : base, NULL};
	kids[1] = literal(c, NODE_STRING, t.at, sodns_value_string(t.text, t.len));
	struct node *n = make_node(c, NODE_MEMBER, t.at, kids, 2);
	if (!n)
		return NULL;
	n->optional = optional;
	if (at_bracket(c, "(")) {
		struct list l = {NULL, 0, 0};
		n->method = true;
		list_add(c, &l, n);
		arguments(c, &l);
		n = make_node(c, NODE_CALL, t.at, l.kids, l.count);
	}
	return n && (chained || optional) ? make_node(c, NODE_CHAIN, t.at, &n, 1) : n;
}

/* base[index], base[from:to], at the bracket. */
static struct node *bracket(struct compilation *c, struct node *base, bool optional)
{
	struct node *kids[3] = {base, NULL, NULL}, *n;
	uint32_t at = c->token.at;
	advance(c);
	if (!at_operator(c, ":"))
		kids[1] = parse_expression(c, 0);
	if (!c->failed && at_operator(c, ":")) {
		advance(c);
		if (!at_bracket(c, "]"))
			kids[2] = parse_expression(c, 0);
		n = make_node(c, NODE_SLICE, at, kids, 3);
	} else {
		n = make_node(c, NODE_MEMBER, at, kids, 2);
		if (n)
			n->optional = optional;
		if (n && optional)
			n = make_node(c, NODE_CHAIN, at, &n, 1);
	}
	expect(c, TOKEN_BRACKET, "]");
	return n;
}

static struct node *postfix(struct compilation *c, struct node *n)
{
	while (n && !c->failed) {
		bool optional = at_operator(c, "?.");
		if (optional || at_operator(c, ".")) {
			advance(c);
			if (optional && at_bracket(c, "["))
				n = bracket(c, n, true);
			else
				n = member(c, n, optional);
		} else if (at_bracket(c, "["))
			n = bracket(c, n, false);
		else
			break;
	}
	return n;
}

/* true, false and nil have nothing behind them, as numbers. */
static struct node *constant(struct compilation *c, const struct token *t)
{
	if (token_is(t, TOKEN_IDENTIFIER, "true"))
		return literal(c, NODE_BOOL, t->at, sodns_value_bool(true));
	if (token_is(t, TOKEN_IDENTIFIER, "false"))
		return literal(c, NODE_BOOL, t->at, sodns_value_bool(false));
	return token_is(t, TOKEN_IDENTIFIER, "nil")
		       ? literal(c, NODE_NIL, t->at, (sodns_value_t){0})
		       : NULL;
}

static struct node *secondary(struct compilation *c)
{
	struct token t = c->token;
	sodns_value_t v = sodns_value_string(t.text, t.len);
	struct node *n = constant(c, &t);
	char buf[160];
	if (n || t.kind == TOKEN_NUMBER)
		advance(c);
	if (n)
		return n;
	switch (t.kind) {
	case TOKEN_NUMBER:
		return number(c, &t);
	case TOKEN_IDENTIFIER:
		return postfix(c, name(c));
	case TOKEN_STRING:
		advance(c);
		return postfix(c, literal(c, NODE_STRING, t.at, v));
	case TOKEN_BYTES:
		advance(c);
		v.kind = SODNS_VALUE_BYTES;
		return postfix(c, literal(c, NODE_BYTES, t.at, v));
	default:
		if (at_bracket(c, "["))
			return postfix(c, array(c));
		if (at_bracket(c, "{"))
			return postfix(c, map(c));
		parse_fail(c, &t, "unexpected token %s", token_text(&t, buf));
		return NULL;
	}
}

static struct node *unary(struct compilation *c)
{
	struct token t = c->token;
	bool is_not = token_is(&t, TOKEN_OPERATOR, "not") || token_is(&t, TOKEN_OPERATOR, "!");
	advance(c);
	struct node *of = parse_expression(c, is_not ? 50 : 90);
	struct node *n = make_node(c, NODE_UNARY, t.at, &of, 1);
	if (!n)
		return NULL;
	n->op = is_not ? OPERATOR_NOT : t.text[0] == '-' ? OPERATOR_SUBTRACT : OPERATOR_ADD;
	n->value = sodns_value_string(t.text, t.len);
	return postfix(c, n);
}

/* # and #name, or the . of .name. */
static struct node *pointer(struct compilation *c)
{
	struct token t = c->token;
	sodns_value_t v = sodns_value_text("");
	if (at_operator(c, "#")) {
		advance(c);
		if (!c->failed && c->token.kind == TOKEN_IDENTIFIER) {
			v = sodns_value_string(c->token.text, c->token.len);
			advance(c);
		}
	}
	return postfix(c, literal(c, NODE_POINTER, t.at, v));
}

struct node *parse_primary(struct compilation *c)
{
	if (at_operator(c, "not") || at_operator(c, "!") || at_operator(c, "-") ||
	    at_operator(c, "+"))
		return unary(c);
	if (at_bracket(c, "(")) {
		advance(c);
		struct node *n = parse_sequence(c);
		expect(c, TOKEN_BRACKET, ")");
		return postfix(c, n);
	}
	if (c->predicates && (at_operator(c, "#") || at_operator(c, ".")))
		return pointer(c);
	if (at_operator(c, "::")) {
		advance(c);
		struct token t = c->token;
		expect(c, TOKEN_IDENTIFIER, NULL);
		return c->failed ? NULL : postfix(c, parse_call(c, &t, NULL, false));
	}
	return secondary(c);
}
