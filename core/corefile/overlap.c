/*
 * What listens where: no zone is served twice at one address. A table, since there may be thousands of
 * server blocks.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/hash.h>

#include "corefile/corefile.h"

#define ROOM_FIRST 64u

struct registered {
	struct registered *next; /* with the same place, newest first */
	uint64_t hash;           /* of the key */
	const char *key, *host;  /* transport, zone and port; the address, "" for all */
	const corefile_token_t *token;
};

struct corefile_overlap {
	arena_t memory;
	struct registered **table;
	size_t room, count; /* room: a power of two */
};

corefile_overlap_t *corefile_overlap_new(void)
{
	return calloc(1, sizeof(corefile_overlap_t));
}

static bool grow(corefile_overlap_t *o)
{
	size_t room = o->room ? o->room * 2 : ROOM_FIRST;
	struct registered **table = calloc(room, sizeof(struct registered *));
	if (!table)
		return false;
	/* Those of a place keep their order: the first of them is told. */
	for (size_t i = 0; i < o->room; i++)
		for (struct registered *r = o->table[i], *next; r; r = next) {
			struct registered **at = &table[r->hash & (room - 1)];
			while (*at)
				at = &(*at)->next;
			next = r->next;
			r->next = NULL;
			*at = r;
		}
	free(o->table);
	o->table = table;
	o->room = room;
	return true;
}

static const char *copy(corefile_overlap_t *o, const char *text)
{
	size_t n = strlen(text) + 1;
	return memcpy(arena_alloc(&o->memory, n), text, n);
}

static int refuse(char *err, size_t err_size, const corefile_token_t *token, const char *key,
		  const char *host, const struct registered *other)
{
	const char *on = *host ? " on " : "";
	int n = snprintf(err, err_size, "%s:%d - cannot serve %s%s%s - ", token->file, token->line,
			 key, on, host);
	if (n < 0 || (size_t)n >= err_size)
		return -1;
	err += n;
	err_size -= (size_t)n;
	if (!strcmp(host, other->host))
		snprintf(err, err_size, "it is already defined, at %s:%d", other->token->file,
			 other->token->line);
	else
		snprintf(err, err_size, "zone overlap listener capacity with %s%s%s, at %s:%d", key,
			 *other->host ? " on " : "", other->host, other->token->file,
			 other->token->line);
	return -1;
}

int corefile_overlap_add(corefile_overlap_t *o, const corefile_token_t *token,
			 const char *transport, const char *zone, const char *host,
			 const char *port, bool filtered, char *err, size_t err_size)
{
	char key[1200];
	if (!o || (o->count >= o->room && !grow(o))) {
		snprintf(err, err_size, "out of memory");
		return -1;
	}
	snprintf(key, sizeof(key), "%s://%s:%s", transport, zone, port);
	uint64_t hash = sodns_hash(key, strlen(key));
	struct registered **place = &o->table[hash & (o->room - 1)];
	for (const struct registered *r = *place; r; r = r->next) {
		if (r->hash != hash || strcmp(r->key, key))
			continue;
		bool same = !strcmp(r->host, host);
		if (same ? !filtered : !*host || !*r->host)
			return refuse(err, err_size, token, key, host, r);
	}
	if (filtered)
		return 0;
	struct registered *r = arena_alloc(&o->memory, sizeof(*r));
	*r = (struct registered){*place, hash, copy(o, key), copy(o, host), token};
	*place = r;
	o->count++;
	return 0;
}

void corefile_overlap_free(corefile_overlap_t *o)
{
	if (!o)
		return;
	arena_reset(&o->memory);
	free(o->table);
	free(o);
}
