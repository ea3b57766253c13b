/*
 * A tree as text again, in Go's own spelling: for errors and for metrics.
 */
#include <string.h>

#include "node.h"

void text_add(text_t *t, const char *text, size_t len)
{
	size_t left = t->room - t->len;
	if (len > left)
		len = left;
	if (len)
		memcpy(t->at + t->len, text, len);
	t->len += len;
}

void text_quote(text_t *t, const char *text, size_t len)
{
	t->len += sodns_quote(text, len, false, t->at + t->len, t->room - t->len);
}

static void add(text_t *t, const char *text)
{
	text_add(t, text, strlen(text));
}

static void print_list(text_t *t, const node_t *n, const char *between)
{
	for (const node_t *c = n; c; c = c->next) {
		if (c != n)
			add(t, between);
		if (c->kind == NODE_PIPE)
			add(t, "(");
		node_print(t, c);
		if (c->kind == NODE_PIPE)
			add(t, ")");
	}
}

static void print_idents(text_t *t, const node_t *n, size_t from)
{
	for (size_t i = from; i < n->count; i++) {
		add(t, ".");
		text_add(t, n->idents[i].name.at, n->idents[i].name.len);
	}
}

static void print_control(text_t *t, const node_t *n, const char *keyword)
{
	add(t, "{{");
	add(t, keyword);
	add(t, " ");
	node_print(t, n->first);
	add(t, "}}");
	print_list(t, n->body, "");
	if (n->otherwise) {
		add(t, "{{else}}");
		print_list(t, n->otherwise, "");
	}
	add(t, "{{end}}");
}

static void print_pipe(text_t *t, const node_t *n)
{
	if (n->declares) {
		print_list(t, n->variable, ", ");
		add(t, n->assigns ? " = " : " := ");
	}
	print_list(t, n->first, " | ");
}

static void print_template(text_t *t, const node_t *n)
{
	add(t, "{{template ");
	text_quote(t, n->text.at, n->text.len);
	if (n->first) {
		add(t, " ");
		node_print(t, n->first);
	}
	add(t, "}}");
}

static void print_word(text_t *t, const node_t *n)
{
	switch (n->kind) {
	case NODE_FIELD:
		print_idents(t, n, 0);
		break;
	case NODE_CHAIN:
		print_list(t, n->first, " ");
		print_idents(t, n, 0);
		break;
	case NODE_VARIABLE:
		text_add(t, n->idents->name.at, n->idents->name.len);
		print_idents(t, n, 1);
		break;
	case NODE_DOT:
		add(t, ".");
		break;
	case NODE_NIL:
		add(t, "nil");
		break;
	default:
		text_add(t, n->text.at, n->text.len);
	}
}

void node_print(text_t *t, const node_t *n)
{
	switch (n->kind) {
	case NODE_ACTION:
		add(t, "{{");
		print_pipe(t, n->first);
		add(t, "}}");
		break;
	case NODE_IF:
		print_control(t, n, "if");
		break;
	case NODE_RANGE:
		print_control(t, n, "range");
		break;
	case NODE_WITH:
		print_control(t, n, "with");
		break;
	case NODE_TEMPLATE:
		print_template(t, n);
		break;
	case NODE_BREAK:
		add(t, "{{break}}");
		break;
	case NODE_CONTINUE:
		add(t, "{{continue}}");
		break;
	case NODE_PIPE:
		print_pipe(t, n);
		break;
	case NODE_COMMAND:
		print_list(t, n->first, " ");
		break;
	default:
		print_word(t, n);
	}
}

const char *tree_text(const tree_t *t, memory_t memory)
{
	/* What is printed is no longer than the source, but for escapes in names and {{else}}. */
	size_t room = strlen(t->source) * 4 + 64;
	text_t out = {memory.alloc(memory.from, room + 1), 0, room};
	print_list(&out, t->definitions->body, "");
	out.at[out.len] = 0;
	return out.at;
}
