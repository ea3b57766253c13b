/*
 * What the two halves of the parser share: control structures (parse.c) and pipelines (pipeline.c).
 */
#ifndef TEMPLATE_PARSER_H
#define TEMPLATE_PARSER_H

#include "node.h"

#define VARIABLES_MAX 64

typedef struct parser {
	lexer_t lex;
	item_t look[3]; /* words that were looked at, the next one last */
	unsigned looked;
	tree_t *tree;
	memory_t memory;
	slice_t variables[VARIABLES_MAX];
	unsigned variable_count;
	unsigned ranges, nesting;
	unsigned action_line; /* where the action began, or 0 */
	bool failed;
	char *err;
} parser_t;

item_t parser_next(parser_t *p);
item_t parser_peek(parser_t *p);
void parser_backup(parser_t *p);
item_t parser_next_word(parser_t *p); /* blanks passed over */
item_t parser_peek_word(parser_t *p);
/* Notes the first error; returns NULL. */
node_t *parser_fail(parser_t *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
node_t *parser_unexpected(parser_t *p, item_t item, const char *context);
node_t *parser_node(parser_t *p, enum node_kind kind, size_t pos);
void *parser_alloc(parser_t *p, size_t size);
/* A pipeline up to the word `end`. */
node_t *parse_pipeline(parser_t *p, const char *context, enum token end);
/* The value of a string constant. */
bool parse_string(parser_t *p, slice_t quoted, slice_t *out);

#endif
