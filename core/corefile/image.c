/*
 * A Corefile that has been read, as bytes: its words with their places, imports and variables already
 * replaced. What served once can be served again, whatever has become of the files.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "corefile/parser.h"

bool corefile_put_number(FILE *f, size_t n)
{
	const uint64_t value = n;
	return fwrite(&value, sizeof(value), 1, f) == 1;
}

bool corefile_get_number(FILE *f, size_t most, size_t *out)
{
	uint64_t value;
	if (fread(&value, sizeof(value), 1, f) != 1 || value > most)
		return false;
	*out = (size_t)value;
	return true;
}

bool corefile_put_text(FILE *f, const char *text)
{
	size_t n = strlen(text);
	return corefile_put_number(f, n) && fwrite(text, 1, n, f) == n;
}

char *corefile_get_text(FILE *f)
{
	size_t n;
	char *text = corefile_get_number(f, COREFILE_SIZE_MAX, &n) ? malloc(n + 1) : NULL;
	if (text && fread(text, 1, n, f) == n) {
		text[n] = 0;
		return text;
	}
	free(text);
	return NULL;
}

static void put_tokens(FILE *f, const corefile_token_t *tokens, size_t count)
{
	corefile_put_number(f, count);
	for (size_t i = 0; i < count; i++) {
		corefile_put_text(f, tokens[i].text);
		corefile_put_text(f, tokens[i].file);
		corefile_put_number(f, (size_t)tokens[i].line);
	}
}

void corefile_save(const corefile_t *c, FILE *f)
{
	corefile_put_number(f, c->file_count);
	for (size_t i = 0; i < c->file_count; i++)
		corefile_put_text(f, c->files[i]);
	corefile_put_number(f, c->block_count);
	for (size_t i = 0; i < c->block_count; i++) {
		const corefile_block_t *b = &c->blocks[i];
		put_tokens(f, b->keys, b->key_count);
		corefile_put_number(f, b->directive_count);
		for (size_t k = 0; k < b->directive_count; k++) {
			corefile_put_text(f, b->directives[k].name);
			put_tokens(f, b->directives[k].tokens, b->directives[k].count);
		}
	}
}

/* A text that goes with the Corefile. */
static const char *get_kept(corefile_t *c, FILE *f)
{
	char *text = corefile_get_text(f);
	const char *kept = text ? corefile_copy(c, text, strlen(text)) : NULL;
	free(text);
	return kept;
}

/* Tokens of one file share the pointer: `last` is that of the token before. */
static const char *get_file(corefile_t *c, FILE *f, const char **last)
{
	char *text = corefile_get_text(f);
	if (text && (!*last || strcmp(*last, text))) {
		*last = NULL;
		for (size_t i = 0; i < c->file_count && !*last; i++)
			if (!strcmp(c->files[i], text))
				*last = c->files[i];
		if (!*last)
			*last = corefile_copy(c, text, strlen(text));
	}
	const char *file = text ? *last : NULL;
	free(text);
	return file;
}

static const corefile_token_t *get_tokens(corefile_t *c, FILE *f, size_t *count)
{
	const char *last = NULL;
	if (!corefile_get_number(f, COREFILE_TOKENS_MAX, count))
		return NULL;
	corefile_token_t *tokens = corefile_alloc(c, (*count + 1) * sizeof(*tokens));
	for (size_t i = 0; i < *count; i++) {
		size_t line;
		tokens[i].text = get_kept(c, f);
		tokens[i].file = get_file(c, f, &last);
		if (!tokens[i].text || !tokens[i].file || !corefile_get_number(f, INT32_MAX, &line))
			return NULL;
		tokens[i].line = (int)line;
	}
	return tokens;
}

static bool get_block(corefile_t *c, FILE *f, corefile_block_t *b)
{
	size_t count;
	if (!(b->keys = get_tokens(c, f, &b->key_count)) ||
	    !corefile_get_number(f, COREFILE_TOKENS_MAX, &count))
		return false;
	corefile_directive_t *d = corefile_alloc(c, (count + 1) * sizeof(*d));
	b->directives = d;
	b->directive_count = count;
	for (size_t i = 0; i < count; i++)
		if (!(d[i].name = get_kept(c, f)) || !(d[i].tokens = get_tokens(c, f, &d[i].count)))
			return false;
	return true;
}

static bool get_all(corefile_t *c, FILE *f)
{
	size_t count;
	if (!corefile_get_number(f, COREFILE_TOKENS_MAX, &count))
		return false;
	const char **files = corefile_alloc(c, (count + 1) * sizeof(*files));
	c->files = files;
	for (; c->file_count < count; c->file_count++)
		if (!(files[c->file_count] = get_kept(c, f)))
			return false;
	if (!corefile_get_number(f, COREFILE_TOKENS_MAX, &count))
		return false;
	corefile_block_t *blocks = corefile_alloc(c, (count + 1) * sizeof(*blocks));
	c->blocks = blocks;
	for (; c->block_count < count; c->block_count++)
		if (!get_block(c, f, &blocks[c->block_count]))
			return false;
	return true;
}

corefile_t *corefile_load(FILE *f)
{
	corefile_t *c = calloc(1, sizeof(*c));
	if (!c || get_all(c, f))
		return c;
	corefile_free(c);
	return NULL;
}
