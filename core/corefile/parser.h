/*
 * What the parts of the parser share.
 */
#ifndef CORE_COREFILE_PARSER_H
#define CORE_COREFILE_PARSER_H

#include "corefile/corefile.h"

/* Imports and snippets may not blow a configuration up. */
#define COREFILE_TOKENS_MAX 4000000
#define COREFILE_EXPANSIONS_MAX 10000
#define COREFILE_SIZE_MAX (64u << 20)

typedef struct token_list {
	corefile_token_t *items;
	size_t count, room;
} token_list_t;

typedef struct snippet {
	const char *name;
	token_list_t tokens;
} snippet_t;

typedef struct parser {
	corefile_t *c;
	const char *name;
	token_list_t tokens;
	long at;
	bool eof;
	token_list_t keys; /* of the block that is read */
	snippet_t *snippets;
	size_t snippet_count;
	corefile_directive_t *directives;
	token_list_t *directive_tokens;
	size_t directive_count;
	corefile_block_t *blocks;
	size_t block_count;
	const char **files;
	size_t file_count;
	int expansions;
	size_t total; /* tokens that were ever there */
	corefile_known_f known;
	void *known_ctx;
	char *err;
	size_t err_size;
} parser_t;

void *corefile_alloc(corefile_t *c, size_t size);
char *corefile_copy(corefile_t *c, const char *text, size_t len);
/* Appends; ends the process without memory. */
void token_list_add(token_list_t *l, corefile_token_t t);
/* The tokens of a text. */
void corefile_lex(corefile_t *c, const char *file, const char *text, size_t len, token_list_t *out);
/* {%VAR%} and {$VAR} replaced. */
const char *corefile_expand(corefile_t *c, const char *text);

const char *parser_val(const parser_t *p);
bool parser_next_arg(parser_t *p);
/* Both return -1. */
int parser_error(parser_t *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
int parser_error_args(parser_t *p);
/* Replaces "import X" at the cursor by what X holds; the cursor stands on the first token of it. */
int parser_import(parser_t *p);
/* Whether a token is the first of its line. */
bool token_begins_line(const corefile_token_t *before, const corefile_token_t *t);

#endif
