/*
 * The Corefile: text to server blocks, each with its keys and, by directive, its tokens. What the
 * words mean is the plugins' business; they walk their tokens with a cursor.
 *
 * The grammar is CoreDNS's (its Caddyfile), and so are the errors: FILE:LINE - Error during
 * parsing: … Everything belongs to the corefile_t and goes with it.
 */
#ifndef CORE_COREFILE_COREFILE_H
#define CORE_COREFILE_COREFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "message/arena.h"

typedef struct corefile_token {
	const char *text;
	const char *file; /* as shown in messages; tokens of one file share the pointer */
	int line;
} corefile_token_t;

/* All tokens of a block's directives of one name, each occurrence beginning with the name. */
typedef struct corefile_directive {
	const char *name;
	const corefile_token_t *tokens;
	size_t count;
} corefile_directive_t;

typedef struct corefile_block {
	const corefile_token_t *keys;
	size_t key_count;
	const corefile_directive_t *directives;
	size_t directive_count;
} corefile_block_t;

typedef struct corefile {
	const corefile_block_t *blocks;
	size_t block_count;
	const char *const *files; /* all that were read: the main file first */
	size_t file_count;
	corefile_token_t open_quote; /* file and line of the first quote that is not closed */
	arena_t memory;
} corefile_t;

/* Is there a plugin for the directive? If not, a hint may be written that is added to the error. */
typedef bool (*corefile_known_f)(void *ctx, const char *directive, char *hint, size_t hint_size);

/* `name` is shown in errors, and imports are relative to it. NULL: err has the whole message. Without
 * `known` any directive is taken, and no warning is written: for callers that only look. */
corefile_t *corefile_parse(const char *name, const char *text, size_t len, corefile_known_f known,
			   void *ctx, char *err, size_t err_size);
/* NULL is allowed. */
void corefile_free(corefile_t *c);

/* Writes what was read, so that it can be had again without its files; ferror(f) says whether that
 * went well. Reading it: NULL for what is not whole. Both move the file's position, so that more may
 * stand before and behind. */
void corefile_save(const corefile_t *c, FILE *f);
corefile_t *corefile_load(FILE *f);
/* The words of all blocks and where they stand, as bytes: what save writes behind the names of the files. */
typedef void (*corefile_put_f)(void *to, const void *bytes, size_t len);
void corefile_put_words(const corefile_t *c, corefile_put_f put, void *to);
/* What the two are made of: a number, which when it is read is no more than `most`; a text, which the
 * caller frees. False or NULL: the end, or an error. */
void corefile_put_number(FILE *f, size_t n);
bool corefile_get_number(FILE *f, size_t most, size_t *out);
void corefile_put_text(FILE *f, const char *text);
char *corefile_get_text(FILE *f);

/* A walk over the tokens of a directive. */
typedef struct corefile_cursor {
	const corefile_token_t *tokens;
	long count, at;
	int nesting;
} corefile_cursor_t;

void corefile_cursor_init(corefile_cursor_t *c, const corefile_directive_t *d);
/* The next token, whatever it is. */
bool corefile_cursor_next(corefile_cursor_t *c);
/* The next token if it is on the same line and no '{'. */
bool corefile_cursor_next_arg(corefile_cursor_t *c);
/* The next token within the { } that opens behind the current one, or that is open; false at its
 * end. */
bool corefile_cursor_next_block(corefile_cursor_t *c);
/* Whether a '{' follows on the same line. */
bool corefile_cursor_at_block(const corefile_cursor_t *c);
/* The token the cursor stands on; "" and 0 before the first. */
const char *corefile_cursor_val(const corefile_cursor_t *c);
const char *corefile_cursor_file(const corefile_cursor_t *c);
int corefile_cursor_line(const corefile_cursor_t *c);

/* A key of a server block, or a zone argument: transport, port, and the zones it stands for (a CIDR
 * that ends between two labels stands for several), absolute and lower case. */
typedef struct corefile_address {
	char transport[8];
	char port[8];
	char **zones;
	size_t zone_count;
} corefile_address_t;
/* default_port is used for "dns://"; other transports have their own. 0, or -1 with the reason in
 * err. */
int corefile_parse_address(const char *key, const char *default_port, corefile_address_t *out,
			   char *err, size_t err_size);
void corefile_address_free(corefile_address_t *a);
/* What makes a zone's name, absolute and lower case, look like a slip; NULL: nothing does. */
const char *corefile_odd_zone(const char *zone);

/* What listens where: the same zone may not be served twice at one address, nor both with and
 * without `bind`. */
typedef struct corefile_overlap corefile_overlap_t;
corefile_overlap_t *corefile_overlap_new(void);
/* `token` is the key, which is told in messages. `filtered`: the block has a view, and may share. 0, or
 * -1 with CoreDNS's words in err. */
int corefile_overlap_add(corefile_overlap_t *o, const corefile_token_t *token,
			 const char *transport, const char *zone, const char *host,
			 const char *port, bool filtered, char *err, size_t err_size);
void corefile_overlap_free(corefile_overlap_t *o);

#endif
