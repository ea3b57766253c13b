/*
 * What the Corefile names, by its words alone. The parent process asks: it gives its child nothing
 * else, and runs no plugin to find out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/text.h>

#include "host/setup.h"

/* What a directive means, and whether there is a plugin for it, is not asked. */
static bool take_any(void *ctx, const char *directive, char *hint, size_t hint_size)
{
	(void)ctx;
	(void)directive;
	(void)hint;
	(void)hint_size;
	return true;
}

static corefile_t *parse(void)
{
	char *name = NULL, *text = NULL, err[2048];
	size_t len = 0;
	corefile_t *c = NULL;
	if (!corefile_read(&name, &text, &len, err, sizeof(err)))
		c = corefile_parse(name, text, len, take_any, NULL, err, sizeof(err));
	free(name);
	free(text);
	return c;
}

typedef bool (*word_f)(const corefile_block_t *b, const char *word, const void *wanted);

static bool any_word(const corefile_block_t *b, word_f f, const void *wanted)
{
	for (size_t i = 0; i < b->directive_count; i++)
		for (size_t k = 1; k < b->directives[i].count; k++)
			if (f(b, b->directives[i].tokens[k].text, wanted))
				return true;
	return false;
}

/* Is path the word, below one of the block's roots (sodns_setup_path())? */
static bool is_below_root(const corefile_block_t *b, const char *word, const char *path)
{
	for (size_t i = 0; i < b->directive_count; i++)
		for (size_t k = 1; k < b->directives[i].count; k++) {
			const char *root = b->directives[i].tokens[k].text;
			size_t n = strlen(root);
			if (!strcmp(b->directives[i].name, "root") && !strncmp(path, root, n) &&
			    path[n] == '/' && !strcmp(path + n + 1, word))
				return true;
		}
	return false;
}

static bool is_file(const corefile_block_t *b, const char *word, const void *wanted)
{
	const char *path = wanted;
	return !strcmp(word, path) || (*word != '/' && is_below_root(b, word, path));
}

/* An address to listen on ends in its port. */
static bool is_port(const corefile_block_t *b, const char *word, const void *wanted)
{
	const char *colon = strrchr(word, ':');
	uint64_t port;
	(void)b;
	return colon &&
	       !sodns_uint_from_text(colon + 1, strlen(colon + 1), 10, UINT16_MAX, &port) &&
	       port == *(const uint16_t *)wanted;
}

static bool any_key(const corefile_block_t *b, uint16_t port)
{
	for (size_t i = 0; i < b->key_count; i++) {
		corefile_address_t a;
		char err[512];
		if (corefile_parse_address(b->keys[i].text, host.port, &a, err, sizeof(err)))
			continue;
		bool is = strtoul(a.port, NULL, 10) == port;
		corefile_address_free(&a);
		if (is)
			return true;
	}
	return false;
}

bool corefile_names_file(const char *path)
{
	bool found = false;
	corefile_t *c = parse();
	for (size_t i = 0; c && !found && i < c->block_count; i++)
		found = any_word(&c->blocks[i], is_file, path);
	if (c)
		corefile_free(c);
	return found;
}

bool corefile_names_port(uint16_t port)
{
	bool found = false;
	corefile_t *c = parse();
	for (size_t i = 0; c && !found && i < c->block_count; i++)
		found = any_key(&c->blocks[i], port) || any_word(&c->blocks[i], is_port, &port);
	if (c)
		corefile_free(c);
	return found;
}
