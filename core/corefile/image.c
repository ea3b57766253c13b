/*
 * A Corefile that has been read, as bytes: its words with their places, imports and variables already
 * replaced. What served once can be served again, whatever has become of the files; and a hash of the
 * bytes tells whether another reading is the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/hash.h>

#include "corefile/parser.h"

static void put_number(corefile_put_f put, void *to, size_t n)
{
	const uint64_t value = n;
	put(to, &value, sizeof(value));
}

static void put_text(corefile_put_f put, void *to, const char *text)
{
	size_t n = strlen(text);
	put_number(put, to, n);
	put(to, text, n);
}

static void put_tokens(corefile_put_f put, void *to, const corefile_token_t *tokens, size_t count)
{
	const char *last = "";
	put_number(put, to, count);
	for (size_t i = 0; i < count; i++) {
		/* Nothing, for the file of the word before. */
		put_text(put, to, tokens[i].file == last ? "" : tokens[i].file);
		put_text(put, to, tokens[i].text);
		put_number(put, to, (size_t)tokens[i].line);
		last = tokens[i].file;
	}
}

void corefile_put_words(const corefile_t *c, corefile_put_f put, void *to)
{
	put_number(put, to, c->block_count);
	for (size_t i = 0; i < c->block_count; i++) {
		const corefile_block_t *b = &c->blocks[i];
		put_tokens(put, to, b->keys, b->key_count);
		put_number(put, to, b->directive_count);
		for (size_t k = 0; k < b->directive_count; k++) {
			put_text(put, to, b->directives[k].name);
			put_tokens(put, to, b->directives[k].tokens, b->directives[k].count);
		}
	}
}

static void to_file(void *file, const void *bytes, size_t len)
{
	/* Whether all went well is asked at the end. */
	(void)!fwrite(bytes, 1, len, file);
}

void corefile_put_number(FILE *f, size_t n)
{
	put_number(to_file, f, n);
}

void corefile_put_text(FILE *f, const char *text)
{
	put_text(to_file, f, text);
}

void corefile_save(const corefile_t *c, FILE *f)
{
	corefile_put_number(f, c->file_count);
	for (size_t i = 0; i < c->file_count; i++)
		corefile_put_text(f, c->files[i]);
	corefile_put_words(c, to_file, f);
}

bool corefile_get_number(FILE *f, size_t most, size_t *out)
{
	uint64_t value;
	if (fread(&value, sizeof(value), 1, f) != 1 || value > most)
		return false;
	*out = (size_t)value;
	return true;
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

/* What is read, and its files by their names. */
struct image {
	FILE *f;
	corefile_t *c;
	const char **by_name; /* room places, a power of two */
	size_t room;
};

static const char **place_of(const struct image *m, const char *name)
{
	size_t at = sodns_hash(name, strlen(name)) & (m->room - 1);
	while (m->by_name[at] && strcmp(m->by_name[at], name))
		at = (at + 1) & (m->room - 1);
	return &m->by_name[at];
}

/* A text that goes with the Corefile. */
static const char *get_kept(struct image *m)
{
	char *text = corefile_get_text(m->f);
	const char *kept = text ? corefile_copy(m->c, text, strlen(text)) : NULL;
	free(text);
	return kept;
}

/* Tokens of one file share the pointer: `last` is that of the token before. */
static const char *get_file(struct image *m, const char *last)
{
	char *text = corefile_get_text(m->f);
	const char *file = text && *text ? *place_of(m, text) : text ? last : NULL;
	if (text && !file)
		file = corefile_copy(m->c, text, strlen(text));
	free(text);
	return file;
}

static const corefile_token_t *get_tokens(struct image *m, size_t *count)
{
	const char *last = NULL;
	if (!corefile_get_number(m->f, COREFILE_TOKENS_MAX, count))
		return NULL;
	corefile_token_t *tokens = corefile_alloc(m->c, (*count + 1) * sizeof(*tokens));
	for (size_t i = 0; i < *count; i++) {
		size_t line;
		last = tokens[i].file = get_file(m, last);
		tokens[i].text = get_kept(m);
		if (!tokens[i].text || !last || !corefile_get_number(m->f, INT32_MAX, &line))
			return NULL;
		tokens[i].line = (int)line;
	}
	return tokens;
}

static bool get_block(struct image *m, corefile_block_t *b)
{
	size_t count;
	if (!(b->keys = get_tokens(m, &b->key_count)) ||
	    !corefile_get_number(m->f, COREFILE_TOKENS_MAX, &count))
		return false;
	corefile_directive_t *d = corefile_alloc(m->c, (count + 1) * sizeof(*d));
	b->directives = d;
	b->directive_count = count;
	for (size_t i = 0; i < count; i++)
		if (!(d[i].name = get_kept(m)) || !(d[i].tokens = get_tokens(m, &d[i].count)))
			return false;
	return true;
}

static bool get_files(struct image *m, size_t count)
{
	corefile_t *c = m->c;
	const char **files = corefile_alloc(c, (count + 1) * sizeof(*files));
	for (m->room = 16; m->room < 2 * count;)
		m->room *= 2;
	m->by_name = calloc(m->room, sizeof(*m->by_name));
	c->files = files;
	for (; m->by_name && c->file_count < count; c->file_count++) {
		if (!(files[c->file_count] = get_kept(m)))
			return false;
		*place_of(m, files[c->file_count]) = files[c->file_count];
	}
	return m->by_name;
}

static bool get_all(struct image *m)
{
	size_t count;
	corefile_t *c = m->c;
	if (!corefile_get_number(m->f, COREFILE_TOKENS_MAX, &count) || !get_files(m, count) ||
	    !corefile_get_number(m->f, COREFILE_TOKENS_MAX, &count))
		return false;
	corefile_block_t *blocks = corefile_alloc(c, (count + 1) * sizeof(*blocks));
	c->blocks = blocks;
	for (; c->block_count < count; c->block_count++)
		if (!get_block(m, &blocks[c->block_count]))
			return false;
	return true;
}

corefile_t *corefile_load(FILE *f)
{
	struct image m = {.f = f, .c = calloc(1, sizeof(corefile_t))};
	bool whole = m.c && get_all(&m);
	free(m.by_name);
	if (!m.c || whole)
		return m.c;
	corefile_free(m.c);
	return NULL;
}
