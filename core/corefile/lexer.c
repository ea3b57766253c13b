/*
 * Words: separated by white space, or in double quotes; # begins a comment, wherever it stands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corefile/parser.h"

void *corefile_alloc(corefile_t *c, size_t size)
{
	return memset(arena_alloc(&c->memory, size), 0, size);
}

char *corefile_copy(corefile_t *c, const char *text, size_t len)
{
	char *out = arena_alloc(&c->memory, len + 1);
	out[len] = 0;
	return memcpy(out, text, len);
}

void token_list_add(token_list_t *l, corefile_token_t t)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 16;
		l->items = realloc(l->items, l->room * sizeof(*l->items));
		if (!l->items) {
			fputs("out of memory for the Corefile\n", stderr);
			abort();
		}
	}
	l->items[l->count++] = t;
}

/* Bytes of white space at p: ASCII's, and U+0085, U+00A0, U+3000. */
static size_t space_at(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;
	if (c == ' ' || (c >= '\t' && c <= '\r'))
		return 1;
	if (c == 0xc2 && p + 1 < end &&
	    ((unsigned char)p[1] == 0x85 || (unsigned char)p[1] == 0xa0))
		return 2;
	if (c == 0xe3 && p + 2 < end && (unsigned char)p[1] == 0x80 && (unsigned char)p[2] == 0x80)
		return 3;
	return 0;
}

typedef struct lexer {
	corefile_t *c;
	const char *file, *p, *end;
	char *word;
	size_t len;
	int line;
} lexer_t;

static corefile_token_t take_word(lexer_t *l, int line)
{
	corefile_token_t t = {
		.text = corefile_copy(l->c, l->word, l->len), .file = l->file, .line = line};
	l->len = 0;
	return t;
}

/* The rest of a quoted word that began on this line; \" is a quote, any other backslash is itself. */
static void read_quoted(lexer_t *l, int line)
{
	while (l->p < l->end && *l->p != '"') {
		if (*l->p == '\\' && l->p + 1 < l->end) {
			l->p++;
			if (*l->p != '"')
				l->word[l->len++] = '\\';
		}
		if (*l->p == '\n')
			l->line++;
		l->word[l->len++] = *l->p++;
	}
	if (l->p < l->end)
		l->p++;
	else if (!l->c->open_quote.file)
		l->c->open_quote = (corefile_token_t){.file = l->file, .line = line};
}

/* The next word; false at the end. */
static bool next_word(lexer_t *l, corefile_token_t *out)
{
	bool comment = false;
	int line = l->line;
	while (l->p < l->end) {
		size_t space = space_at(l->p, l->end);
		char ch = *l->p;
		l->p += space ? space : 1;
		if (space) {
			if (ch == '\r')
				continue;
			if (ch == '\n') {
				l->line++;
				comment = false;
			}
			if (l->len) {
				*out = take_word(l, line);
				return true;
			}
			continue;
		}
		if (ch == '#')
			comment = true;
		if (comment)
			continue;
		if (!l->len) {
			line = l->line;
			if (ch == '"') {
				read_quoted(l, line);
				*out = take_word(l, line);
				return true;
			}
		}
		l->word[l->len++] = ch;
	}
	if (!l->len)
		return false;
	*out = take_word(l, line);
	return true;
}

void corefile_lex(corefile_t *c, const char *file, const char *text, size_t len, token_list_t *out)
{
	lexer_t l = {.c = c, .file = file, .p = text, .end = text + len, .line = 1};
	corefile_token_t t;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		l.p += 3;
	l.word = malloc(2 * len + 2);
	if (!l.word)
		abort();
	while (next_word(&l, &t))
		token_list_add(out, t);
	free(l.word);
}
