/*
 * The parser: texts, actions and control structures, as Go's package text/template/parse has them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "parser.h"

/* How a word reads in an error. */
static void item_text(const item_t *i, char out[96])
{
	text_t t = {out, 0, 95};
	if (i->token == TOKEN_EOF)
		text_add(&t, "EOF", 3);
	else if (i->token >= TOKEN_BLOCK)
		t.len = (size_t)snprintf(out, 95, "<%.*s>", (int)i->text.len, i->text.at);
	else
		text_quote(&t, i->text.at, i->text.len > 10 ? 10 : i->text.len);
	if (i->token < TOKEN_BLOCK && i->token != TOKEN_EOF && i->text.len > 10)
		text_add(&t, "...", 3);
	out[t.len] = 0;
}

item_t parser_next(parser_t *p)
{
	if (p->looked)
		p->looked--;
	else
		p->look[0] = lex_next(&p->lex);
	return p->look[p->looked];
}

void parser_backup(parser_t *p)
{
	p->looked++;
}

item_t parser_peek(parser_t *p)
{
	if (!p->looked) {
		p->looked = 1;
		p->look[0] = lex_next(&p->lex);
	}
	return p->look[p->looked - 1];
}

item_t parser_next_word(parser_t *p)
{
	item_t i;
	do
		i = parser_next(p);
	while (i.token == TOKEN_SPACE);
	return i;
}

item_t parser_peek_word(parser_t *p)
{
	item_t i = parser_next_word(p);
	parser_backup(p);
	return i;
}

node_t *parser_fail(parser_t *p, const char *format, ...)
{
	if (p->failed)
		return NULL;
	p->failed = true;
	int n = snprintf(p->err, ERROR_MAX, "template: %s:%u: ", p->tree->name, p->look[0].line);
	va_list ap;
	va_start(ap, format);
	if (n > 0 && (size_t)n < ERROR_MAX)
		vsnprintf(p->err + n, ERROR_MAX - (size_t)n, format, ap);
	va_end(ap);
	return NULL;
}

node_t *parser_unexpected(parser_t *p, item_t item, const char *context)
{
	char what[96];
	if (item.token != TOKEN_ERROR) {
		item_text(&item, what);
		return parser_fail(p, "unexpected %s in %s", what, context);
	}
	if (!p->action_line || p->action_line == item.line)
		return parser_fail(p, "%.*s", (int)item.text.len, item.text.at);
	bool named = item.text.len > 7 && !memcmp(item.text.at + item.text.len - 7, " action", 7);
	return parser_fail(p, "%.*s%s started at %s:%u", (int)item.text.len, item.text.at,
			   named ? "" : " in action", p->tree->name, p->action_line);
}

void *parser_alloc(parser_t *p, size_t size)
{
	return memset(p->memory.alloc(p->memory.from, size), 0, size);
}

node_t *parser_node(parser_t *p, enum node_kind kind, size_t pos)
{
	node_t *n = parser_alloc(p, sizeof(*n));
	n->kind = kind;
	n->pos = pos;
	return n;
}

bool parse_string(parser_t *p, slice_t quoted, slice_t *out)
{
	if (*quoted.at == '`') {
		*out = (slice_t){quoted.at + 1, quoted.len - 2};
		return true;
	}
	char *text = parser_alloc(p, quoted.len + 1);
	if (!unquote(quoted, text, &out->len)) {
		parser_fail(p, "invalid syntax");
		return false;
	}
	out->at = text;
	return true;
}

/* How a list of nodes ended. */
enum ending { AT_ERROR, AT_END, AT_ELSE };

static node_t *text_or_action(parser_t *p, enum ending *ending);

static const char *ending_text(enum ending e)
{
	return e == AT_END ? "{{end}}" : "{{else}}";
}

/* Nodes up to {{end}} or {{else}}. */
static node_t *item_list(parser_t *p, enum ending *ending)
{
	node_t *first = NULL, **last = &first;
	if (++p->nesting > NESTING_MAX)
		parser_fail(p, "max nesting depth exceeded");
	while (!p->failed && parser_peek_word(p).token != TOKEN_EOF) {
		enum ending e = AT_ERROR;
		node_t *n = text_or_action(p, &e);
		if (e != AT_ERROR) {
			p->nesting--;
			*ending = e;
			return first;
		}
		if (!n)
			break;
		*last = n;
		last = &n->next;
	}
	*ending = AT_ERROR;
	return parser_fail(p, "unexpected EOF");
}

static void expect(parser_t *p, enum token token, const char *context)
{
	item_t i = parser_next_word(p);
	if (i.token != token)
		parser_unexpected(p, i, context);
}

/* if, range, with: behind the keyword. */
static node_t *control(parser_t *p, enum node_kind kind, item_t keyword)
{
	static const char *const contexts[] = {
		[NODE_IF] = "if", [NODE_RANGE] = "range", [NODE_WITH] = "with"};
	unsigned variables = p->variable_count;
	node_t *n = parser_node(p, kind, keyword.pos);
	enum ending ending;
	n->first = parse_pipeline(p, contexts[kind], TOKEN_RIGHT_DELIM);
	p->ranges += kind == NODE_RANGE;
	n->body = p->failed ? NULL : item_list(p, &ending);
	p->ranges -= kind == NODE_RANGE;
	if (p->failed)
		return NULL;
	n->pos = n->first->pos;
	enum token again = kind == NODE_IF ? TOKEN_IF : kind == NODE_WITH ? TOKEN_WITH : TOKEN_EOF;
	if (ending == AT_ELSE && parser_peek(p).token == again) {
		/* {{else if}}: the inner one takes the {{end}} */
		item_t inner = parser_next(p);
		if (++p->nesting > NESTING_MAX)
			return parser_fail(p, "max nesting depth exceeded");
		n->otherwise = control(p, kind, inner);
		p->nesting--;
	} else if (ending == AT_ELSE) {
		n->otherwise = item_list(p, &ending);
		if (!p->failed && ending != AT_END)
			return parser_fail(p, "expected end; found %s", ending_text(ending));
		/* an empty branch is still printed */
		if (!n->otherwise && !p->failed)
			n->otherwise = parser_node(p, NODE_TEXT, n->pos);
	}
	p->variable_count = variables;
	return p->failed ? NULL : n;
}

static definition_t *find_definition(const tree_t *t, slice_t name)
{
	for (definition_t *d = t->definitions; d; d = d->next)
		if (d->name.len == name.len && !memcmp(d->name.at, name.at, name.len))
			return d;
	return NULL;
}

static bool empty(const node_t *n)
{
	for (; n; n = n->next)
		if (n->kind != NODE_TEXT || strspn(n->text.at, " \t\r\n") < n->text.len)
			return false;
	return true;
}

/* A template of its own, with variables of its own, up to {{end}}. */
static void define(parser_t *p, slice_t name, const char *context)
{
	const parser_t outer = *p;
	enum ending ending;
	p->variables[0] = (slice_t){"$", 1};
	p->variable_count = 1;
	p->ranges = 0;
	node_t *body = item_list(p, &ending);
	memcpy(p->variables, outer.variables, sizeof(p->variables));
	p->variable_count = outer.variable_count;
	p->ranges = outer.ranges;
	if (p->failed)
		return;
	if (ending != AT_END) {
		parser_fail(p, "unexpected %s in %s", ending_text(ending), context);
		return;
	}
	definition_t *d = find_definition(p->tree, name);
	if (d && !empty(d->body) && !empty(body)) {
		parser_fail(p, "template: multiple definition of template \"%.*s\"", (int)name.len,
			    name.at);
		return;
	}
	if (!d) {
		d = parser_alloc(p, sizeof(*d));
		*d = (definition_t){name, NULL, p->tree->definitions->next};
		p->tree->definitions->next = d;
	}
	if (!d->body || !empty(body))
		d->body = body;
}

static bool template_name(parser_t *p, item_t i, const char *context, slice_t *name)
{
	if (i.token != TOKEN_STRING && i.token != TOKEN_RAW_STRING) {
		parser_unexpected(p, i, context);
		return false;
	}
	return parse_string(p, i.text, name);
}

static node_t *block(parser_t *p)
{
	item_t i = parser_next_word(p);
	node_t *n = parser_node(p, NODE_TEMPLATE, i.pos);
	if (!template_name(p, i, "block clause", &n->text))
		return NULL;
	n->first = parse_pipeline(p, "block clause", TOKEN_RIGHT_DELIM);
	if (!p->failed)
		define(p, n->text, "block clause");
	return p->failed ? NULL : n;
}

static node_t *template(parser_t *p)
{
	item_t i = parser_next_word(p);
	node_t *n = parser_node(p, NODE_TEMPLATE, i.pos);
	if (!template_name(p, i, "template clause", &n->text))
		return NULL;
	if (parser_next_word(p).token != TOKEN_RIGHT_DELIM) {
		parser_backup(p);
		n->first = parse_pipeline(p, "template clause", TOKEN_RIGHT_DELIM);
	}
	return p->failed ? NULL : n;
}

static node_t *jump(parser_t *p, enum node_kind kind, item_t keyword, const char *text)
{
	expect(p, TOKEN_RIGHT_DELIM, text);
	if (!p->ranges)
		parser_fail(p, "%s outside {{range}}", text);
	return p->failed ? NULL : parser_node(p, kind, keyword.pos);
}

static node_t *else_or_end(parser_t *p, enum token token, enum ending *ending)
{
	enum token next = parser_peek_word(p).token;
	*ending = token == TOKEN_END ? AT_END : AT_ELSE;
	if (token == TOKEN_ELSE && (next == TOKEN_IF || next == TOKEN_WITH))
		return NULL;
	expect(p, TOKEN_RIGHT_DELIM, token == TOKEN_END ? "end" : "else");
	return NULL;
}

static node_t *action(parser_t *p, enum ending *ending)
{
	item_t i = parser_next_word(p);
	switch (i.token) {
	case TOKEN_BLOCK:
		return block(p);
	case TOKEN_BREAK:
		return jump(p, NODE_BREAK, i, "{{break}}");
	case TOKEN_CONTINUE:
		return jump(p, NODE_CONTINUE, i, "{{continue}}");
	case TOKEN_ELSE:
	case TOKEN_END:
		return else_or_end(p, i.token, ending);
	case TOKEN_IF:
		return control(p, NODE_IF, i);
	case TOKEN_RANGE:
		return control(p, NODE_RANGE, i);
	case TOKEN_WITH:
		return control(p, NODE_WITH, i);
	case TOKEN_TEMPLATE:
		return template(p);
	default:
		break;
	}
	parser_backup(p);
	node_t *n = parser_node(p, NODE_ACTION, i.pos);
	n->first = parse_pipeline(p, "command", TOKEN_RIGHT_DELIM);
	return p->failed ? NULL : n;
}

static node_t *text_or_action(parser_t *p, enum ending *ending)
{
	item_t i = parser_next_word(p);
	node_t *n;
	switch (i.token) {
	case TOKEN_TEXT:
		n = parser_node(p, NODE_TEXT, i.pos);
		n->text = i.text;
		return n;
	case TOKEN_LEFT_DELIM:
		p->action_line = i.line;
		n = action(p, ending);
		p->action_line = 0;
		return n;
	default:
		return parser_unexpected(p, i, "input");
	}
}

/* {{define}} stands at the top only. */
static bool definition(parser_t *p)
{
	slice_t name;
	if (parser_peek(p).token != TOKEN_LEFT_DELIM)
		return false;
	item_t delim = parser_next(p);
	item_t i = parser_next_word(p);
	if (i.token != TOKEN_DEFINE) {
		p->look[0] = i;
		p->look[1] = delim;
		p->looked = 2;
		return false;
	}
	i = parser_next_word(p);
	if (template_name(p, i, "define clause", &name)) {
		expect(p, TOKEN_RIGHT_DELIM, "define clause");
		if (!p->failed)
			define(p, name, "define clause");
	}
	return true;
}

static void parse_all(parser_t *p, definition_t *own)
{
	node_t **last = &own->body;
	while (!p->failed && parser_peek(p).token != TOKEN_EOF) {
		enum ending ending = AT_ERROR;
		if (definition(p))
			continue;
		node_t *n = text_or_action(p, &ending);
		if (ending != AT_ERROR)
			parser_fail(p, "unexpected %s", ending_text(ending));
		if (!n)
			return;
		*last = n;
		last = &n->next;
	}
}

tree_t *tree_parse(const char *name, const char *text, const type_t *root, memory_t memory,
		   char err[ERROR_MAX])
{
	parser_t p = {.memory = memory, .err = err};
	lex_begin(&p.lex, text);
	p.look[0].line = 1;
	p.tree = parser_alloc(&p, sizeof(*p.tree));
	*p.tree = (tree_t){.name = name, .source = text, .root = root};
	p.tree->definitions = parser_alloc(&p, sizeof(definition_t));
	p.tree->definitions->name = (slice_t){name, strlen(name)};
	p.variables[0] = (slice_t){"$", 1};
	p.variable_count = 1;
	parse_all(&p, p.tree->definitions);
	return p.failed ? NULL : p.tree;
}

slice_t tree_prefix(const tree_t *t, bool *whole)
{
	const node_t *n = t->definitions->body;
	bool text = n && n->kind == NODE_TEXT;
	*whole = !n || (text && !n->next);
	return text ? n->text : (slice_t){"", 0};
}
