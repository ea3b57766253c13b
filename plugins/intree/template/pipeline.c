/*
 * The parser's other half: a pipeline, its commands, and their words.
 */
#include <string.h>

#include "parser.h"

static void declare(parser_t *p, node_t *pipe, node_t ***last, item_t variable)
{
	node_t *n = parser_node(p, NODE_VARIABLE, variable.pos);
	n->idents = parser_alloc(p, sizeof(ident_t));
	n->idents->name = variable.text;
	n->count = 1;
	**last = n;
	*last = &n->next;
	pipe->declares++;
	if (p->variable_count == VARIABLES_MAX)
		parser_fail(p, "too many variables");
	else
		p->variables[p->variable_count++] = variable.text;
}

/* "$x :=", "$x =", "$i, $x :=" in front of a pipeline. */
static void declarations(parser_t *p, node_t *pipe, const char *context)
{
	node_t **last = &pipe->variable;
	while (!p->failed && parser_peek_word(p).token == TOKEN_VARIABLE) {
		item_t variable = parser_next(p);
		item_t after = parser_peek(p);
		item_t next = parser_peek_word(p);
		if (next.token == TOKEN_ASSIGN || next.token == TOKEN_DECLARE) {
			pipe->assigns = next.token == TOKEN_ASSIGN;
			parser_next_word(p);
			declare(p, pipe, &last, variable);
			return;
		}
		if (next.token != TOKEN_CHAR || *next.text.at != ',') {
			/* A variable among others: all that was looked at comes again. */
			p->look[0] = next;
			p->looked = 1;
			if (after.token == TOKEN_SPACE)
				p->look[p->looked++] = after;
			p->look[p->looked++] = variable;
			return;
		}
		parser_next_word(p);
		declare(p, pipe, &last, variable);
		if (strcmp(context, "range") != 0 || pipe->declares > 1) {
			parser_fail(p, "too many declarations in %s", context);
			return;
		}
		enum token second = parser_peek_word(p).token;
		if (second != TOKEN_VARIABLE && second != TOKEN_RIGHT_DELIM &&
		    second != TOKEN_RIGHT_PAREN)
			parser_fail(p, "range can only initialize variables");
	}
}

static void resolve_root(const parser_t *p, ident_t *i)
{
	for (const field_t *f = p->tree->root ? p->tree->root->fields : NULL; f && f->name; f++)
		if (strlen(f->name) == i->name.len && !memcmp(f->name, i->name.at, i->name.len))
			i->root = f;
}

/* Adds the fields that follow to what idents there are. */
static void add_fields(parser_t *p, node_t *n)
{
	size_t room = n->count + 1;
	ident_t *idents = parser_alloc(p, room * sizeof(*idents));
	if (n->count)
		memcpy(idents, n->idents, n->count * sizeof(*idents));
	while (parser_peek(p).token == TOKEN_FIELD) {
		item_t i = parser_next(p);
		if (n->count == room) {
			ident_t *more = parser_alloc(p, room * 2 * sizeof(*more));
			memcpy(more, idents, room * sizeof(*more));
			idents = more;
			room *= 2;
		}
		idents[n->count] = (ident_t){{i.text.at + 1, i.text.len - 1}, NULL};
		resolve_root(p, &idents[n->count++]);
	}
	n->idents = idents;
}

static node_t *variable(parser_t *p, item_t i)
{
	node_t *n = parser_node(p, NODE_VARIABLE, i.pos);
	n->idents = parser_alloc(p, sizeof(ident_t));
	n->idents->name = i.text;
	n->count = 1;
	for (unsigned k = 0; k < p->variable_count; k++)
		if (p->variables[k].len == i.text.len &&
		    !memcmp(p->variables[k].at, i.text.at, i.text.len))
			return n;
	return parser_fail(p, "undefined variable \"%.*s\"", (int)i.text.len, i.text.at);
}

static node_t *constant(parser_t *p, item_t i)
{
	node_t *n = parser_node(p, NODE_CONSTANT, i.pos);
	const char *wrong;
	slice_t s;
	int32_t c;
	n->text = i.text;
	switch (i.token) {
	case TOKEN_BOOL:
		n->value = value_bool(*i.text.at == 't');
		return n;
	case TOKEN_NUMBER:
		wrong = number_parse(i.text, &n->value, &n->integer);
		return wrong ? parser_fail(p, "%s: \"%.*s\"", wrong, (int)i.text.len, i.text.at)
			     : n;
	case TOKEN_CHAR_CONSTANT:
		if (!unquote_char(i.text, &c))
			return parser_fail(p, "malformed character constant: %.*s", (int)i.text.len,
					   i.text.at);
		n->value = value_int(c);
		n->integer = true;
		return n;
	default:
		if (!parse_string(p, i.text, &s))
			return NULL;
		n->value = value_string(s.at, s.len);
		return n;
	}
}

static node_t *field(parser_t *p, item_t i)
{
	node_t *n = parser_node(p, NODE_FIELD, i.pos);
	n->idents = parser_alloc(p, sizeof(ident_t));
	n->idents->name = (slice_t){i.text.at + 1, i.text.len - 1};
	n->count = 1;
	resolve_root(p, n->idents);
	return n;
}

/* One word; NULL without an error: there is none here. */
static node_t *term(parser_t *p)
{
	item_t i = parser_next_word(p);
	node_t *n;
	switch (i.token) {
	case TOKEN_IDENTIFIER:
		n = parser_node(p, NODE_IDENTIFIER, i.pos);
		n->text = i.text;
		n->function = function_find(i.text);
		if (!n->function)
			return parser_fail(p, "function \"%.*s\" not defined", (int)i.text.len,
					   i.text.at);
		return n;
	case TOKEN_DOT:
		return parser_node(p, NODE_DOT, i.pos);
	case TOKEN_NIL:
		return parser_node(p, NODE_NIL, i.pos);
	case TOKEN_VARIABLE:
		return variable(p, i);
	case TOKEN_FIELD:
		return field(p, i);
	case TOKEN_BOOL:
	case TOKEN_NUMBER:
	case TOKEN_CHAR_CONSTANT:
	case TOKEN_STRING:
	case TOKEN_RAW_STRING:
		return constant(p, i);
	case TOKEN_LEFT_PAREN:
		if (++p->nesting > NESTING_MAX)
			return parser_fail(p, "max expression depth exceeded");
		n = parse_pipeline(p, "parenthesized pipeline", TOKEN_RIGHT_PAREN);
		p->nesting--;
		return n;
	default:
		parser_backup(p);
		return NULL;
	}
}

/* A word and the fields behind it. */
static node_t *operand(parser_t *p)
{
	node_t *n = term(p);
	if (!n || parser_peek(p).token != TOKEN_FIELD)
		return n;
	size_t pos = parser_peek(p).pos;
	char what[80];
	text_t t = {what, 0, sizeof(what) - 1};
	switch (n->kind) {
	case NODE_FIELD:
	case NODE_VARIABLE:
		n->pos = pos;
		add_fields(p, n);
		return n;
	case NODE_CONSTANT:
	case NODE_NIL:
	case NODE_DOT:
		node_print(&t, n);
		return parser_fail(p, "unexpected . after term \"%.*s\"", (int)t.len, what);
	default:
		break;
	}
	node_t *chain = parser_node(p, NODE_CHAIN, pos);
	chain->first = n;
	add_fields(p, chain);
	return chain;
}

static node_t *command(parser_t *p)
{
	node_t *n = parser_node(p, NODE_COMMAND, parser_peek_word(p).pos);
	node_t **last = &n->first;
	for (;;) {
		parser_peek_word(p);
		node_t *word = operand(p);
		if (p->failed)
			return NULL;
		if (word) {
			*last = word;
			last = &word->next;
			n->count++;
		}
		item_t i = parser_next(p);
		if (i.token == TOKEN_SPACE)
			continue;
		if (i.token == TOKEN_RIGHT_DELIM || i.token == TOKEN_RIGHT_PAREN)
			parser_backup(p);
		else if (i.token != TOKEN_PIPE)
			return parser_unexpected(p, i, "operand");
		break;
	}
	return n->count ? n : parser_fail(p, "empty command");
}

/* Only the first command may be something that can't be called. */
static node_t *checked(parser_t *p, node_t *pipe, const char *context)
{
	int stage = 1;
	if (!pipe->first)
		return parser_fail(p, "missing value for %s", context);
	for (const node_t *c = pipe->first->next; c; c = c->next) {
		enum node_kind k = c->first->kind;
		stage++;
		if (k == NODE_CONSTANT || k == NODE_DOT || k == NODE_NIL)
			return parser_fail(p, "non executable command in pipeline stage %d", stage);
	}
	return pipe;
}

node_t *parse_pipeline(parser_t *p, const char *context, enum token end)
{
	node_t *pipe = parser_node(p, NODE_PIPE, parser_peek_word(p).pos);
	node_t **last = &pipe->first;
	declarations(p, pipe, context);
	while (!p->failed) {
		item_t i = parser_next_word(p);
		if (i.token == end)
			return checked(p, pipe, context);
		switch (i.token) {
		case TOKEN_BOOL:
		case TOKEN_CHAR_CONSTANT:
		case TOKEN_DOT:
		case TOKEN_FIELD:
		case TOKEN_IDENTIFIER:
		case TOKEN_NUMBER:
		case TOKEN_NIL:
		case TOKEN_RAW_STRING:
		case TOKEN_STRING:
		case TOKEN_VARIABLE:
		case TOKEN_LEFT_PAREN:
			break;
		default:
			return parser_unexpected(p, i, context);
		}
		parser_backup(p);
		node_t *c = command(p);
		if (!c)
			return NULL;
		*last = c;
		last = &c->next;
	}
	return NULL;
}
