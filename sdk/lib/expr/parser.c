/*
 * Tokens to nodes: operators by precedence, and what is made of whole expressions.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

#define DEPTH_MAX (3 * NESTING_MAX)

static const struct {
	const char *text;
	uint16_t precedence;
	uint8_t op;
} binary[] = {
	{"|", 0, OPERATOR_PIPE},
	{"or", 10, OPERATOR_OR},
	{"||", 10, OPERATOR_OR},
	{"and", 15, OPERATOR_AND},
	{"&&", 15, OPERATOR_AND},
	{"==", 20, OPERATOR_EQUAL},
	{"!=", 20, OPERATOR_UNEQUAL},
	{"<", 20, OPERATOR_LESS},
	{">", 20, OPERATOR_MORE},
	{">=", 20, OPERATOR_MORE_EQUAL},
	{"<=", 20, OPERATOR_LESS_EQUAL},
	{"in", 20, OPERATOR_IN},
	{"matches", 20, OPERATOR_MATCHES},
	{"contains", 20, OPERATOR_CONTAINS},
	{"startsWith", 20, OPERATOR_STARTS},
	{"endsWith", 20, OPERATOR_ENDS},
	{"..", 25, OPERATOR_RANGE},
	{"+", 30, OPERATOR_ADD},
	{"-", 30, OPERATOR_SUBTRACT},
	{"*", 60, OPERATOR_MULTIPLY},
	{"/", 60, OPERATOR_DIVIDE},
	{"%", 60, OPERATOR_MODULO},
	{"**", 100, OPERATOR_POWER},
	{"^", 100, OPERATOR_POWER},
	{"??", 500, OPERATOR_COALESCE},
};

bool token_is(const struct token *t, enum token_kind kind, const char *text)
{
	return t->kind == kind && (!text || text_is(t->text, t->len, text));
}

const char *token_text(const struct token *t, char buf[160])
{
	static const char *const names[] = {"Identifier", "Number",   "String",
					    "Bytes",      "Operator", "Bracket"};
	if (t->kind == TOKEN_EOF)
		return "EOF";
	size_t at = (size_t)snprintf(buf, 160, "%s", names[t->kind]);
	if (!t->len)
		return buf;
	at += (size_t)snprintf(buf + at, 160 - at, "(\"");
	for (uint32_t i = 0; i < t->len && at < 150; i++) {
		uint8_t b = (uint8_t)t->text[i];
		if (b == '"' || b == '\\')
			at += (size_t)snprintf(buf + at, 160 - at, "\\%c", b);
		else if (b == '\n' || b == '\t')
			at += (size_t)snprintf(buf + at, 160 - at, b == '\n' ? "\\n" : "\\t");
		else if (b < ' ' || b == 127)
			at += (size_t)snprintf(buf + at, 160 - at, "\\x%02x", b);
		else
			buf[at++] = (char)b;
	}
	snprintf(buf + at, 160 - at, "\")");
	return buf;
}

void parse_fail(struct compilation *c, const struct token *t, const char *format, ...)
{
	char message[400];
	va_list ap;
	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	compile_fail(c, t->at, "%s", message);
}

static void unexpected(struct compilation *c)
{
	char buf[160];
	parse_fail(c, &c->token, "unexpected token %s", token_text(&c->token, buf));
}

void advance(struct compilation *c)
{
	if (c->stashed) {
		c->token = c->stash;
		c->stashed = false;
		return;
	}
	if (!c->failed)
		lex(c);
}

void expect(struct compilation *c, enum token_kind kind, const char *text)
{
	if (c->failed)
		return;
	if (token_is(&c->token, kind, text))
		advance(c);
	else
		unexpected(c);
}

static unsigned depth_of(const struct node *n)
{
	unsigned depth = 0;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct node *kid = n->kids[i];
		if (!kid)
			continue;
		/* Operators side by side are walked without recursion. */
		bool spine = n->kind == NODE_BINARY && !i && kid->kind == NODE_BINARY;
		unsigned d = kid->depth + !spine;
		depth = d > depth ? d : depth;
	}
	return depth;
}

struct node *make_node(struct compilation *c, enum node_kind kind, uint32_t at, struct node **kids,
		       uint32_t count)
{
	if (++c->nodes > NODES_MAX)
		parse_fail(c, &c->token,
			   "compilation failed: expression exceeds maximum allowed nodes");
	if (c->failed)
		return NULL;
	struct node *n = compile_alloc(c, sizeof(*n));
	*n = (struct node){.kind = (uint8_t)kind, .at = at, .count = count};
	if (count) {
		n->kids = compile_alloc(c, count * sizeof(*n->kids));
		memcpy(n->kids, kids, count * sizeof(*n->kids));
	}
	n->depth = (uint16_t)depth_of(n);
	if (n->depth > DEPTH_MAX)
		compile_fail(c, at, "expression is nested too deeply");
	return c->failed ? NULL : n;
}

static int find_binary(const struct token *t)
{
	if (t->kind != TOKEN_OPERATOR)
		return -1;
	for (size_t i = 0; i < sizeof(binary) / sizeof(*binary); i++)
		if (text_is(t->text, t->len, binary[i].text))
			return (int)i;
	return -1;
}

static struct node *make_binary(struct compilation *c, int row, uint32_t at, struct node *left,
				struct node *right)
{
	struct node *n = make_node(c, NODE_BINARY, at, (struct node *[]){left, right}, 2);
	if (!n)
		return NULL;
	n->op = binary[row].op;
	n->value = sodns_value_text(binary[row].text);
	return n;
}

static struct node *make_not(struct compilation *c, uint32_t at, struct node *of)
{
	struct node *n = make_node(c, NODE_UNARY, at, &of, 1);
	if (!n)
		return NULL;
	n->op = OPERATOR_NOT;
	n->value = sodns_value_text("not");
	return n;
}

static bool is_comparison(int row)
{
	return row >= 0 &&
	       (binary[row].op == OPERATOR_LESS || binary[row].op == OPERATOR_MORE ||
		binary[row].op == OPERATOR_LESS_EQUAL || binary[row].op == OPERATOR_MORE_EQUAL);
}

/* a < b < c is a < b && b < c; the token is behind the first operator. */
static struct node *comparisons(struct compilation *c, struct node *left, int row, uint32_t at)
{
	static const struct token both = {.kind = TOKEN_OPERATOR, .text = "&&", .len = 2};
	struct node *all = NULL;
	for (;;) {
		struct node *right = parse_expression(c, binary[row].precedence + 1u);
		struct node *one = make_binary(c, row, at, left, right);
		all = all ? make_binary(c, find_binary(&both), at, all, one) : one;
		row = find_binary(&c->token);
		if (c->failed || !is_comparison(row))
			return all;
		left = right;
		at = c->token.at;
		advance(c);
	}
}

/* The right side of a binary operator, which is behind the cursor. */
static struct node *operate(struct compilation *c, struct node *left, int row, uint32_t at,
			    bool negate)
{
	unsigned precedence = binary[row].precedence;
	if (binary[row].op == OPERATOR_PIPE) {
		struct token name = c->token;
		expect(c, TOKEN_IDENTIFIER, NULL);
		return c->failed ? NULL : parse_call(c, &name, left, true);
	}
	if (is_comparison(row))
		return comparisons(c, left, row, at);
	struct node *right = parse_expression(c, binary[row].op == OPERATOR_POWER ? precedence
										  : precedence + 1);
	struct node *n = make_binary(c, row, at, left, right);
	return negate ? make_not(c, at, n) : n;
}

/* `not in` and its like: c->token is the "not", and becomes the operator behind it if that is one
 * that binds here; else everything stays as it is. */
static bool negated(struct compilation *c, unsigned precedence, bool *stop)
{
	struct token before = c->token;
	advance(c);
	int row = find_binary(&c->token);
	bool can = row >= 0 && binary[row].op >= OPERATOR_IN && binary[row].op <= OPERATOR_ENDS;
	if (c->failed)
		return false;
	if (!can) {
		unexpected(c);
		return false;
	}
	if (binary[row].precedence >= precedence)
		return true;
	c->stash = c->token;
	c->stashed = true;
	c->token = before;
	*stop = true;
	return false;
}

static struct node *conditional(struct compilation *c, struct node *cond)
{
	while (!c->failed && token_is(&c->token, TOKEN_OPERATOR, "?")) {
		struct node *kids[3] = {cond, cond, NULL};
		advance(c);
		if (!token_is(&c->token, TOKEN_OPERATOR, ":"))
			kids[1] = parse_expression(c, 0);
		expect(c, TOKEN_OPERATOR, ":");
		kids[2] = parse_expression(c, 0);
		cond = make_node(c, NODE_CONDITIONAL, c->token.at, kids, 3);
	}
	return cond;
}

static struct node *declaration(struct compilation *c)
{
	advance(c);
	struct token name = c->token;
	expect(c, TOKEN_IDENTIFIER, NULL);
	expect(c, TOKEN_OPERATOR, "=");
	struct node *kids[2] = {parse_expression(c, 0), NULL};
	expect(c, TOKEN_OPERATOR, ";");
	kids[1] = parse_sequence(c);
	struct node *n = make_node(c, NODE_LET, name.at, kids, 2);
	if (n)
		n->value = sodns_value_string(name.text, name.len);
	return n;
}

static struct node *braced(struct compilation *c)
{
	expect(c, TOKEN_BRACKET, "{");
	struct node *n = parse_sequence(c);
	expect(c, TOKEN_BRACKET, "}");
	return n;
}

/* if a { b } else if c { d } else { e } */
static struct node *if_else(struct compilation *c)
{
	struct node *kids[3];
	advance(c);
	kids[0] = parse_expression(c, 0);
	kids[1] = braced(c);
	expect(c, TOKEN_OPERATOR, "else");
	kids[2] = token_is(&c->token, TOKEN_OPERATOR, "if") ? parse_expression(c, 0) : braced(c);
	return make_node(c, NODE_CONDITIONAL, 0, kids, 3);
}

static struct node *operators(struct compilation *c, unsigned precedence)
{
	struct node *left = parse_primary(c);
	bool coalesced = false, stop = false;
	while (!c->failed && c->token.kind == TOKEN_OPERATOR) {
		bool negate = token_is(&c->token, TOKEN_OPERATOR, "not") &&
			      negated(c, precedence, &stop);
		int row = find_binary(&c->token);
		if (c->failed || stop || row < 0 || binary[row].precedence < precedence)
			break;
		struct token op = c->token;
		advance(c);
		bool coalesce = binary[row].op == OPERATOR_COALESCE;
		if (coalesced && !coalesce && binary[row].op != OPERATOR_PIPE)
			parse_fail(c, &op,
				   "Operator (%.*s) and coalesce expressions (?\?) cannot be "
				   "mixed. Wrap either by parentheses.",
				   (int)op.len, op.text);
		left = operate(c, left, row, op.at, negate);
		coalesced = coalesce;
	}
	return precedence ? left : conditional(c, left);
}

struct node *parse_expression(struct compilation *c, unsigned precedence)
{
	if (c->failed)
		return NULL;
	if (++c->nesting > NESTING_MAX)
		parse_fail(c, &c->token, "expression is nested too deeply");
	struct node *n = NULL;
	if (c->failed)
		;
	else if (!precedence && token_is(&c->token, TOKEN_OPERATOR, "let"))
		n = declaration(c);
	else if (!precedence && token_is(&c->token, TOKEN_OPERATOR, "if"))
		n = if_else(c);
	else
		n = operators(c, precedence);
	c->nesting--;
	return c->failed ? NULL : n;
}

struct node *parse_sequence(struct compilation *c)
{
	struct node *n = parse_expression(c, 0);
	while (!c->failed && token_is(&c->token, TOKEN_OPERATOR, ";")) {
		advance(c);
		if (c->token.kind == TOKEN_EOF)
			break;
		struct node *kids[2] = {n, parse_expression(c, 0)};
		if (c->failed)
			return NULL;
		n = make_node(c, NODE_SEQUENCE, n->at, kids, 2);
	}
	return n;
}

struct node *parse(struct compilation *c)
{
	advance(c);
	struct node *n = parse_sequence(c);
	if (!c->failed && c->token.kind != TOKEN_EOF)
		unexpected(c);
	return c->failed ? NULL : n;
}
