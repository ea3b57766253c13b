/*
 * Building a generation: Corefile to blocks, blocks to instances and chains; then prepare, start,
 * teardown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/file.h>

#include "host/setup.h"

static const char default_corefile[] = ".:%s {\n\twhoami\n\tlog\n}\n";

static int read_stream(FILE *f, char **text, size_t *len)
{
	size_t room = 0, n;
	char buf[16384];
	*text = NULL;
	*len = 0;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		if (*len + n + 1 > room) {
			room = (*len + n + 1) * 2;
			if (room > (64u << 20) || !(*text = realloc(*text, room)))
				return SODNS_ENOMEM;
		}
		memcpy(*text + *len, buf, n);
		*len += n;
	}
	if (!*text)
		*text = calloc(1, 1);
	return ferror(f) ? SODNS_EIO : SODNS_OK;
}

int corefile_read(char **name, char **text, size_t *len, char *err, size_t err_size)
{
	const char *path = host.corefile;
	/* A file that has gone says nothing about what is wanted in its place. */
	static _Atomic(bool) there_was_one;
	if (host.stdin_text) {
		*name = strdup("stdin");
		*text = malloc(host.stdin_len + 1);
		memcpy(*text, host.stdin_text, host.stdin_len);
		*len = host.stdin_len;
		return SODNS_OK;
	}
	FILE *f = fopen(path ? path : "Corefile", "re");
	if (!f && !path && errno == ENOENT && !there_was_one) {
		*name = strdup("Default");
		*len = (size_t)asprintf(text, default_corefile, host.port);
		return SODNS_OK;
	}
	if (!f) {
		static const char flag[] = "loading Caddyfile via flag: ";
		if (err_size > sizeof(flag))
			strcpy(err, flag);
		sodns_file_error(err + strlen(flag), err_size - strlen(flag), "open",
				 path ? path : "Corefile", errno);
		return SODNS_EIO;
	}
	there_was_one = true;
	*name = strdup(path ? path : "Corefile");
	int rc = read_stream(f, text, len);
	fclose(f);
	if (rc)
		snprintf(err, err_size, "reading %s: %s", *name, strerror(errno));
	return rc;
}

static bool known_directive(void *ctx, const char *directive, char *hint, size_t hint_size)
{
	const generation_t *g = ctx;
	const plugin_entry_t *e = plugin_cfg_find(g->plugins, directive);
	if (e && !e->later)
		return true;
	const char *near = plugin_cfg_nearest(g->plugins, directive);
	if (e)
		snprintf(hint, hint_size, "not in this release: plugin.cfg has it commented out");
	else if (near)
		snprintf(hint, hint_size, "did you mean '%s'?", near);
	return false;
}

const uint8_t **zones_of(generation_t *g, const char *text, size_t *count, char *err,
			 size_t err_size)
{
	corefile_address_t a;
	if (corefile_parse_address(text, "", &a, err, err_size))
		return NULL;
	const uint8_t **zones = memory_alloc(g, a.zone_count * sizeof(*zones));
	for (size_t i = 0; i < a.zone_count; i++) {
		uint8_t wire[SODNS_NAME_MAX];
		int n = sodns_name_from_text(a.zones[i], NULL, wire);
		if (n < 0) {
			snprintf(err, err_size, "zone is not a valid domain name: %s", a.zones[i]);
			zones = NULL;
			break;
		}
		zones[i] = (uint8_t *)memory_copy(g, (const char *)wire, (size_t)n);
	}
	*count = a.zone_count;
	corefile_address_free(&a);
	return zones;
}

/* CoreDNS takes for a zone whatever can be a name; few of these are meant. */
static void warn_of_zone(const corefile_token_t *token, const char *zone)
{
	const char *odd = corefile_odd_zone(zone);
	if (odd)
		sodns_log(SODNS_LOG_WARNING, NULL, "%s:%d - '%s' is served as the zone %s: %s",
			  token->file, token->line, token->text, zone, odd);
}

static int add_keys(generation_t *g, block_t *b, const corefile_token_t *token, char *err,
		    size_t err_size)
{
	corefile_address_t a;
	size_t count;
	if (corefile_parse_address(token->text, host.port, &a, err, err_size))
		return SODNS_EINVAL;
	const uint8_t **zones = zones_of(g, token->text, &count, err, err_size);
	if (!zones) {
		corefile_address_free(&a);
		return SODNS_EINVAL;
	}
	block_key_t *keys = memory_alloc(g, (b->key_count + count) * sizeof(*keys));
	if (b->key_count)
		memcpy(keys, b->keys, b->key_count * sizeof(*keys));
	for (size_t i = 0; i < count; i++)
		keys[b->key_count + i] = (block_key_t){
			.token = token,
			.text = token->text,
			.transport = memory_copy(g, a.transport, strlen(a.transport)),
			.port = (uint16_t)atoi(a.port),
			.zone = zones[i],
			.zone_text = memory_copy(g, a.zones[i], strlen(a.zones[i])),
		};
	b->keys = keys;
	b->key_count += count;
	for (size_t i = 0; i < count; i++)
		warn_of_zone(token, a.zones[i]);
	corefile_address_free(&a);
	return SODNS_OK;
}

static int add_block(generation_t *g, const corefile_block_t *source, char *err, size_t err_size)
{
	char why[1024];
	block_t *b = memory_alloc(g, sizeof(*b));
	b->generation = g;
	b->source = source;
	b->instances_tail = &b->instances;
	b->root = "";
	*g->blocks_tail = b;
	g->blocks_tail = &b->next;
	for (size_t i = 0; i < source->key_count; i++)
		if (add_keys(g, b, &source->keys[i], why, sizeof(why))) {
			snprintf(err, err_size, "%s:%d - error inspecting server blocks: %s",
				 source->keys[i].file, source->keys[i].line, why);
			return SODNS_EINVAL;
		}
	b->zones = memory_alloc(g, (b->key_count + 1) * sizeof(*b->zones));
	for (size_t i = 0; i < b->key_count; i++)
		b->zones[i] = b->keys[i].zone;
	return SODNS_OK;
}

static int run_setup(generation_t *g, block_t *b, const corefile_directive_t *d,
		     const plugin_entry_t *e, char *err, size_t err_size)
{
	sodns_setup_t s = {
		.generation = g, .block = b, .file = d->tokens[0].file, .line = d->tokens[0].line};
	s.plugin = plugin_open(e, err, err_size);
	if (!s.plugin)
		return SODNS_EINVAL;
	corefile_cursor_init(&s.cursor, d);
	step_begin(e, d->tokens[0].file, d->tokens[0].line, "setup");
	int rc = s.plugin->r.setup(&s);
	step_end();
	if (!rc && s.failed)
		rc = SODNS_EINVAL;
	if (rc)
		snprintf(err, err_size, "%s", s.failed ? s.error : "");
	if (rc && !s.failed)
		snprintf(err, err_size, "plugin/%s: %s:%d - setup failed without saying why (%d)",
			 e->name, d->tokens[0].file, d->tokens[0].line, rc);
	free(s.args);
	return rc;
}

/* In the order of plugin.cfg, each directive of a block once with all its occurrences. */
static int setup_all(generation_t *g, char *err, size_t err_size)
{
	for (size_t p = 0; p < g->plugins->count; p++) {
		const plugin_entry_t *e = &g->plugins->entries[p];
		for (block_t *b = g->blocks; b; b = b->next)
			for (size_t i = 0; i < b->source->directive_count; i++) {
				const corefile_directive_t *d = &b->source->directives[i];
				if (strcmp(d->name, e->name))
					continue;
				int rc = run_setup(g, b, d, e, err, err_size);
				if (rc)
					return rc;
			}
	}
	return SODNS_OK;
}

/* Links the handlers of a block, first to last. */
static void link_chain(generation_t *g, block_t *b)
{
	const struct handler **at = &b->chain;
	for (instance_t *i = b->instances; i; i = i->next) {
		if (i->opens_classes)
			b->opens_classes = true;
		if (i->prefetch && !b->prefetcher)
			b->prefetcher = i;
		if (!i->chained)
			continue;
		struct handler *h = memory_alloc(g, sizeof(*h));
		h->pub = (sodns_handler_t){.self = i->self, .name = i->plugin->name};
		h->serve = i->plugin->r.serve_dns;
		*at = h;
		at = &h->next;
	}
}

static int check_overlaps(generation_t *g, char *err, size_t err_size)
{
	corefile_overlap_t *o = corefile_overlap_new();
	static char *const anywhere[] = {(char *)""};
	int rc = SODNS_OK;
	for (block_t *b = g->blocks; b && !rc; b = b->next)
		for (size_t k = 0; k < b->key_count && !rc; k++) {
			char *const *hosts = b->bind_count ? b->binds : anywhere;
			size_t n = b->bind_count ? b->bind_count : 1;
			char port[8];
			snprintf(port, sizeof(port), "%u", b->keys[k].port);
			for (size_t h = 0; h < n && !rc; h++)
				rc = corefile_overlap_add(o, b->keys[k].token, b->keys[k].transport,
							  b->keys[k].zone_text, hosts[h], port,
							  b->filter != NULL, err, err_size);
		}
	corefile_overlap_free(o);
	return rc;
}

static void mark_used(generation_t *g)
{
	for (size_t i = 0; i < g->plugins->count; i++)
		g->plugins->entries[i].used = corefile_uses(g->corefile,
							    g->plugins->entries[i].name);
}

static int read_disk(generation_t *g, char *err, size_t err_size)
{
	char *text = NULL;
	size_t len = 0;
	if (!(g->plugins = plugin_cfg_read(err, err_size)) ||
	    corefile_read(&g->corefile_name, &text, &len, err, err_size))
		return SODNS_EINVAL;
	g->corefile = corefile_parse(g->corefile_name, text, len, known_directive, g, err,
				     err_size);
	free(text);
	if (!g->corefile)
		return SODNS_EINVAL;
	if (!g->corefile->block_count) {
		snprintf(err, err_size, "%s: no server block", g->corefile_name);
		return SODNS_EINVAL;
	}
	mark_used(g);
	if (plugin_cfg_check_files(g->plugins, err, err_size))
		return SODNS_EINVAL;
	return host.stage ? stage_put(g, err, err_size) : SODNS_OK;
}

generation_t *generation_read(char *err, size_t err_size)
{
	generation_t *g = calloc(1, sizeof(*g));
	if (!g)
		abort();
	g->blocks_tail = &g->blocks;
	*err = 0;
	if (host.staged ? stage_take(g, err, err_size) : read_disk(g, err, err_size)) {
		generation_free(g);
		return NULL;
	}
	plugins_identify(g->plugins);
	return g;
}

static int set_up(generation_t *g, char *err, size_t err_size)
{
	for (size_t i = 0; i < g->corefile->block_count; i++)
		if (add_block(g, &g->corefile->blocks[i], err, err_size))
			return SODNS_EINVAL;
	if (setup_all(g, err, err_size))
		return SODNS_EINVAL;
	for (block_t *b = g->blocks; b; b = b->next)
		link_chain(g, b);
	warn_of_unreached(g);
	opens_find(g);
	return check_overlaps(g, err, err_size);
}

int generation_set_up(generation_t *g, char *err, size_t err_size)
{
	int rc = set_up(g, err, err_size);
	if (rc)
		generation_free(g);
	return rc;
}

generation_t *generation_build(char *err, size_t err_size)
{
	generation_t *g = generation_read(err, err_size);
	return g && !generation_set_up(g, err, err_size) ? g : NULL;
}

int generation_prepare_block(generation_t *g, block_t *b, char *err, size_t err_size)
{
	if (!g->waits_together)
		g->waits_until = sodns_now() + PREPARE_WAIT_NS;
	for (instance_t *i = b->instances; i; i = i->next) {
		sodns_prepare_t p = {.generation = g, .instance = i};
		step_begin_instance(i, "prepare");
		int rc = i->plugin->r.prepare ? i->plugin->r.prepare(i->self, &p) : SODNS_OK;
		step_end();
		if (!rc && !p.failed) {
			i->prepared = true;
			continue;
		}
		snprintf(err, err_size, "%s", p.failed ? p.error : "");
		if (!p.failed)
			snprintf(err, err_size, "plugin/%s: prepare failed without saying why (%d)",
				 i->plugin->name, rc);
		return SODNS_EINVAL;
	}
	return SODNS_OK;
}

int generation_prepare(generation_t *g, char *err, size_t err_size)
{
	g->waits_until = sodns_now() + PREPARE_WAIT_NS;
	g->waits_together = true;
	for (block_t *b = g->blocks; b; b = b->next) {
		uint64_t began = sodns_now();
		if (generation_prepare_block(g, b, err, err_size))
			return SODNS_EINVAL;
		b->prepare_us = (uint32_t)((sodns_now() - began) / 1000);
	}
	return SODNS_OK;
}

void generation_begin_block(block_t *b)
{
	for (instance_t *i = b->instances; i; i = i->next)
		if (i->early) {
			i->early->begin(i->self);
			i->started = true; /* it is to be stopped, whatever comes of the others */
		}
}

void generation_begin(generation_t *g)
{
	for (block_t *b = g->blocks; b; b = b->next)
		generation_begin_block(b);
}

bool generation_waits_block(block_t *b)
{
	bool waits = false;
	/* All are asked: they begin together. */
	for (instance_t *i = b->instances; i; i = i->next)
		waits |= i->await && i->await->waits(i->self);
	return waits;
}

bool generation_waits(generation_t *g)
{
	bool waits = false;
	for (block_t *b = g->blocks; b; b = b->next)
		waits |= generation_waits_block(b);
	return waits;
}

void generation_start_block(block_t *b)
{
	for (instance_t *i = b->instances; i; i = i->next) {
		step_begin_instance(i, "start");
		if (i->plugin->r.start)
			i->plugin->r.start(i->self);
		step_end();
		i->started = true;
	}
}

void generation_start(generation_t *g)
{
	for (block_t *b = g->blocks; b; b = b->next)
		generation_start_block(b);
}

void generation_stop(generation_t *g)
{
	for (block_t *b = g->blocks; b; b = b->next)
		for (instance_t *i = b->instances; i; i = i->next) {
			if (!i->started || !i->plugin->r.stop)
				continue;
			step_begin_instance(i, "stop");
			i->plugin->r.stop(i->self);
			step_end();
		}
}

uint64_t generation_drain(generation_t *g)
{
	uint64_t longest = 0;
	for (block_t *b = g->blocks; b; b = b->next)
		for (instance_t *i = b->instances; i; i = i->next) {
			uint64_t length = i->drain ? i->drain->drain(i->self) : 0;
			longest = length > longest ? length : longest;
		}
	return longest;
}

void generation_free(generation_t *g)
{
	for (block_t *b = g->blocks; b; b = b->next)
		for (instance_t *i = b->instances; i; i = i->next) {
			if (!i->plugin->r.teardown)
				continue;
			step_begin_instance(i, "teardown");
			i->plugin->r.teardown(i->self);
			step_end();
		}
	kept_release(g);
	sandbox_free(&g->opens);
	for (block_t *b = g->blocks; b; b = b->next)
		sodns_tls_release(b->tls);
	if (g->corefile)
		corefile_free(g->corefile);
	plugin_cfg_free(g->plugins);
	free(g->corefile_name);
	arena_reset(&g->memory);
	free(g);
}
