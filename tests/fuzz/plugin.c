/*
 * The host's part in a fuzz target: a generation of one block, and a query's way into it.
 */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#include "host/setup.h"
#include "message/encode.h"
#include "message/reply.h"
#include "query.h"
#include "server/server.h"
#include "system/seam.h"

static generation_t generation;
static block_t block;
static plugin_t plugin;
static const server_t server = {.text = "dns://:53", .transport = "dns"};

static bool is_plugin(void *ctx, const char *directive, char *hint, size_t hint_size)
{
	(void)ctx;
	(void)hint;
	(void)hint_size;
	return !strcmp(directive, sodns_plugin.name);
}

static char *whole_corefile(const char *text, size_t len, size_t *whole_len)
{
	static const char head[] = ". {\n", tail[] = "\n}\n";
	*whole_len = sizeof(head) - 1 + len + sizeof(tail) - 1;
	char *whole = malloc(*whole_len);
	if (!whole)
		abort();
	memcpy(whole, head, sizeof(head) - 1);
	if (len)
		memcpy(whole + sizeof(head) - 1, text, len);
	memcpy(whole + sizeof(head) - 1 + len, tail, sizeof(tail) - 1);
	return whole;
}

/* The directive of the first block, or NULL. Files are none of a target's business. */
static const corefile_directive_t *parse(const char *text, size_t len)
{
	char err[1024];
	size_t whole_len;
	if (memmem(text, len, "import", 6))
		return NULL;
	char *whole = whole_corefile(text, len, &whole_len);
	generation.corefile = corefile_parse("Corefile", whole, whole_len, is_plugin, NULL, err,
					     sizeof(err));
	free(whole);
	const corefile_t *c = generation.corefile;
	return c && c->block_count && c->blocks[0].directive_count ? &c->blocks[0].directives[0]
								   : NULL;
}

const void *fuzz_setup(const char *text, size_t len)
{
	static const uint8_t root[1];
	static const uint8_t *zones[] = {root};
	static block_key_t key = {
		.text = ".", .transport = "dns", .port = 53, .zone = root, .zone_text = "."};
	memset(&generation, 0, sizeof(generation));
	plugin = (plugin_t){.name = (char *)(uintptr_t)sodns_plugin.name, .r = sodns_plugin};
	block = (block_t){.generation = &generation,
			  .keys = &key,
			  .key_count = 1,
			  .zones = zones,
			  .root = "",
			  .instances_tail = &block.instances};
	const corefile_directive_t *d = parse(text, len);
	if (!d)
		return NULL;
	sodns_setup_t s = {.generation = &generation, .block = &block, .plugin = &plugin};
	corefile_cursor_init(&s.cursor, d);
	int rc = sodns_plugin.setup(&s);
	free(s.args);
	if (rc && block.instances)
		abort();
	return rc || !block.instances ? NULL : block.instances->self;
}

void fuzz_setup_end(void)
{
	for (instance_t *i = block.instances; i; i = i->next)
		if (sodns_plugin.teardown)
			sodns_plugin.teardown(i->self);
	corefile_free(generation.corefile);
	arena_reset(&generation.memory);
}

sodns_query_t *fuzz_query(const uint8_t *packet, size_t len)
{
	static sodns_query_t q;
	static query_shared_t shared;
	static _Atomic(const struct handler *) in_hand;
	static const sodns_address_t peer = {.family = 4, .bytes = {192, 0, 2, 7}, .port = 4321};
	static const sodns_address_t local = {.family = 4, .bytes = {192, 0, 2, 1}, .port = 53};
	query_begin(&q, &shared, SODNS_UDP);
	shared.in_hand = &in_hand;
	q.peer = &peer;
	q.local = &local;
	q.server = &server;
	if (query_parse(&q, packet, len) != PARSE_OK)
		abort();
	q.block = &block;
	q.zone = ".";
	q.collects = true;
	return &q;
}

void fuzz_query_end(sodns_query_t *q)
{
	query_run_cleanups(q);
	arena_reset(&q->shared->arena);
}

void fuzz_ask(const void *self, sodns_query_t *q, sodns_reply_t *(*next)(sodns_query_t *q))
{
	static uint8_t out[65535 + 64];
	const struct handler h = {
		.pub = {.self = (void *)(uintptr_t)self, .name = sodns_plugin.name}};
	seam.chain_end = next;
	sodns_reply_t *r = sodns_plugin.serve_dns(&h.pub, q);
	if (r->kind != SODNS_DROP && message_encode(q, r, out, 65535) < 12)
		abort();
	fuzz_query_end(q);
}
