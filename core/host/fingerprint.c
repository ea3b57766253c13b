/*
 * What decides a configuration: the words of the Corefile and of what it imports, with their places,
 * and the files of the plugins in use. One SHA-512 over them tells whether a reload would change
 * anything. It is reckoned from what was read, not from files that are looked up once more: a change
 * that comes while a configuration is made is found by the next look. And each look begins at the
 * Corefile's and plugin.cfg's names, so that patterns and links lead to what they lead to by then.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodns/digest.h>
#include <sodns/server.h>
#include <sodns/text.h>

#include "host/host.h"
#include "host/setup.h"

static void add_number(sodns_digest_sum_t *h, uint64_t n)
{
	sodns_digest_add(h, &n, sizeof(n));
}

static void add_text(sodns_digest_sum_t *h, const char *text)
{
	size_t n = strlen(text);
	add_number(h, n);
	sodns_digest_add(h, text, n);
}

static void add_bytes(void *hash, const void *bytes, size_t len)
{
	sodns_digest_add(hash, bytes, len);
}

/* The plugin that brings a transport has its name, or that with "_server". */
static bool brings(const char *plugin, const char *key)
{
	const char *end = strstr(key, "://");
	size_t n = end ? (size_t)(end - key) : 0;
	return n && !strncasecmp(plugin, key, n) && (!plugin[n] || !strcmp(plugin + n, "_server"));
}

static bool block_uses(const corefile_block_t *b, const char *plugin)
{
	for (size_t i = 0; i < b->directive_count; i++)
		if (!strcmp(b->directives[i].name, plugin))
			return true;
	for (size_t i = 0; i < b->key_count; i++)
		if (brings(plugin, b->keys[i].text))
			return true;
	return false;
}

bool corefile_uses(const corefile_t *c, const char *plugin)
{
	for (size_t i = 0; i < c->block_count; i++)
		if (block_uses(&c->blocks[i], plugin))
			return true;
	return false;
}

/* A plugin's file by what a copy over it changes; its bytes are too many to read every few seconds. */
static void add_plugin(sodns_digest_sum_t *h, const plugin_entry_t *e)
{
	char *now = e->identity ? NULL : plugin_identity(e->path);
	add_text(h, e->path);
	add_text(h, now ? now : e->identity);
	free(now);
}

/* Hexadecimal; ends the sum. */
static void print(sodns_digest_sum_t *h, char hex[129])
{
	uint8_t digest[SODNS_DIGEST_MAX];
	size_t len = sodns_digest_end(h, digest);
	sodns_hex_encode(digest, len, hex, 129);
}

static void fingerprint_of(const corefile_t *c, const plugin_cfg_t *plugins, char hex[129])
{
	sodns_digest_sum_t *h = sodns_digest_begin(SODNS_SHA512);
	corefile_put_words(c, add_bytes, h);
	/* In their order, which is the chain's. */
	for (size_t i = 0; i < plugins->count; i++) {
		const plugin_entry_t *e = &plugins->entries[i];
		if (!corefile_uses(c, e->name))
			continue;
		add_text(h, e->name);
		add_number(h, e->later);
		if (!e->later)
			add_plugin(h, e);
	}
	print(h, hex);
}

/* What can't be read is something else than what was read, and always the same while its reason is. */
static void fingerprint_of_error(const char *err, char hex[129])
{
	sodns_digest_sum_t *h = sodns_digest_begin(SODNS_SHA512);
	add_text(h, err);
	print(h, hex);
}

bool sodns_host_fingerprint(char hex[129], char *err, size_t err_size)
{
	char *name = NULL, *text = NULL;
	size_t len = 0;
	corefile_t *c = NULL;
	*err = 0;
	if (sodns_digest_open(err, err_size))
		return false;
	bool there = !corefile_read(&name, &text, &len, err, err_size);
	plugin_cfg_t *plugins = there ? plugin_cfg_read(err, err_size) : NULL;
	if (plugins)
		c = corefile_parse(name, text, len, NULL, NULL, err, err_size);
	if (c)
		fingerprint_of(c, plugins, hex);
	else
		fingerprint_of_error(err, hex);
	if (c)
		corefile_free(c);
	plugin_cfg_free(plugins);
	free(name);
	free(text);
	return there;
}

/* Reckoned when it is asked for: only a reader of the configuration has a use for it. */
const char *sodns_prepare_fingerprint(sodns_prepare_t *p)
{
	generation_t *g = p->generation;
	char err[512];
	if (*g->fingerprint)
		return g->fingerprint;
	if (sodns_digest_open(err, sizeof(err))) {
		sodns_prepare_error(p, "%s", err);
		return NULL;
	}
	fingerprint_of(g->corefile, g->plugins, g->fingerprint);
	return g->fingerprint;
}
