/*
 * Routing: the longest zone of the server that the name lies in, by the hashes of the name's
 * suffixes. The cost follows the labels of the name, not the number of zones.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/limits.h"
#include "server/server.h"

#define ROOM_FIRST 8u

static void table_place(server_t *s, route_t r)
{
	uint32_t i = (uint32_t)r.hash & (s->room - 1);
	while (s->table[i].zone)
		i = (i + 1) & (s->room - 1);
	s->table[i] = r;
}

static void table_grow(generation_t *g, server_t *s)
{
	route_t *old = s->table;
	uint32_t room = s->room;
	s->room = room ? room * 2 : ROOM_FIRST;
	s->table = memory_alloc(g, s->room * sizeof(*s->table));
	for (uint32_t i = 0; i < room; i++)
		if (old[i].zone)
			table_place(s, old[i]);
}

/* Few zones are found faster without a hash: most servers have no more. */
static route_t *find_of_few(const server_t *s, const uint8_t *zone, size_t len)
{
	for (uint32_t i = 0; i < s->room; i++) {
		route_t *r = &s->table[i];
		if (r->zone && r->zone_len == len && !memcmp(r->zone, zone, len))
			return r;
	}
	return NULL;
}

static route_t *find(const server_t *s, uint64_t hash, const uint8_t *zone, size_t len)
{
	for (uint32_t i = (uint32_t)hash & (s->room - 1); s->table[i].zone;
	     i = (i + 1) & (s->room - 1)) {
		route_t *r = &s->table[i];
		if (r->hash == hash && r->zone_len == len && !memcmp(r->zone, zone, len))
			return r;
	}
	return NULL;
}

static void add_zone(generation_t *g, server_t *s, const block_key_t *k)
{
	/* Room doubles, so that many zones are not copied for each of them. */
	if (!(s->zone_count & (s->zone_count - 1))) {
		const block_key_t **more = memory_alloc(g, (2 * s->zone_count + 1) * sizeof(*more));
		if (s->zone_count)
			memcpy(more, s->zones, s->zone_count * sizeof(*more));
		s->zones = more;
	}
	s->zones[s->zone_count++] = k;
}

static void add_target(generation_t *g, server_t *s, const block_t *b, const block_key_t *k)
{
	name_labels_t l;
	size_t len = name_split(k->zone, &l);
	uint64_t hash = name_hash(k->zone, &l, 0);
	if (s->used * 2 >= s->room)
		table_grow(g, s);
	route_t *r = find(s, hash, k->zone, len);
	if (!r) {
		table_place(s, (route_t){.hash = hash, .zone = k->zone, .zone_len = (uint8_t)len});
		s->used++;
		s->label_counts[l.count / 64] |= 1ull << (l.count % 64);
		r = find(s, hash, k->zone, len);
		add_zone(g, s, k);
	}
	target_t *t = memory_alloc(g, sizeof(*t));
	*t = (target_t){.block = b, .zone = k->zone_text};
	if (r->targets)
		r->targets->last->next = t;
	else
		r->targets = t;
	r->targets->last = t;
}

/* What connections to a key's address speak. NULL: err says that no plugin brings that. */
static const sodns_transport_t *stream_of(const generation_t *g, const block_key_t *k, char *err,
					  size_t err_size)
{
	char why[512];
	if (!strcmp(k->transport, "dns"))
		return &tcp_plain;
	if (!strcmp(k->transport, "tls"))
		return &tcp_tls;
	const sodns_transport_t *t = plugin_transport(g->plugins, k->transport, why, sizeof(why));
	if (!t)
		snprintf(err, err_size, "%s:%d - cannot serve %s: %s", k->token->file,
			 k->token->line, k->text, why);
	return t;
}

static tcp_limits_t default_limits(const sodns_transport_t *t)
{
	bool has = t->size >= offsetof(sodns_transport_t, connections) + sizeof(t->connections);
	return (tcp_limits_t){.read_ms = 3000,
			      .write_ms = 5000,
			      .idle_ms = 10000,
			      .connections = has && t->connections ? UINT_MAX : connection_limit,
			      .total = has && t->connections ? t->connections : UINT_MAX,
			      .in_flight = 512};
}

/* shown: what the block is bound to. All that listen on every address are one. */
static server_t *server_of(generation_t *g, const block_key_t *k, const sodns_address_t *a,
			   const char *shown, bool wildcard, char *err, size_t err_size)
{
	const char *transport = k->transport;
	server_t **at = (server_t **)&g->routes;
	for (; *at; at = &(*at)->next)
		if (!strcmp((*at)->transport, transport) && (*at)->address.port == a->port &&
		    (*at)->wildcard == wildcard && sodns_address_equal(&(*at)->address, a))
			return *at;
	char text[128];
	const sodns_transport_t *stream = stream_of(g, k, err, err_size);
	if (!stream)
		return NULL;
	server_t *s = memory_alloc(g, sizeof(*s));
	const char *format = strchr(shown, ':') ? "%s://[%s]:%u" : "%s://%s:%u";
	snprintf(text, sizeof(text), format, transport, shown, a->port);
	*s = (server_t){.text = memory_copy(g, text, strlen(text)),
			.transport = transport,
			.host = memory_copy(g, shown, strlen(shown)),
			.address = *a,
			.wildcard = wildcard,
			.plain = true,
			.stream = stream,
			.limits = default_limits(stream)};
	return *at = s;
}

static void apply_settings(server_t *s, const block_t *b)
{
	if (b->limits_connections) {
		s->limits.connections = UINT_MAX;
		s->limits.total = b->connections ? b->connections : UINT_MAX;
	}
	if (b->tls && s->stream != &tcp_plain)
		s->tls = b->tls;
	s->limits.read_ms = b->read_ms ? b->read_ms : s->limits.read_ms;
	s->limits.write_ms = b->write_ms ? b->write_ms : s->limits.write_ms;
	s->limits.idle_ms = b->idle_ms ? b->idle_ms : s->limits.idle_ms;
	s->limits.queries = b->stream_queries ? b->stream_queries : s->limits.queries;
	s->opens_classes |= b->opens_classes;
	if (b->filter || b->collect_metadata)
		s->plain = false;
}

/* The block tells its plugins where it answers. */
static void note_server(generation_t *g, block_t *b, const server_t *s)
{
	for (size_t i = 0; i < b->server_count; i++)
		if (b->servers[i] == s->text)
			return;
	const char **more = memory_alloc(g, (b->server_count + 1) * sizeof(*more));
	if (b->server_count)
		memcpy(more, b->servers, b->server_count * sizeof(*more));
	more[b->server_count++] = s->text;
	b->servers = more;
}

static bool is_unspecified(const sodns_address_t *a)
{
	static const uint8_t none[16];
	return !memcmp(a->bytes, none, a->family == 4 ? 4 : 16);
}

static int add_key(generation_t *g, block_t *b, const block_key_t *k, const char *host_text,
		   char *err, size_t err_size)
{
	sodns_address_t a = {.family = 6};
	if (*host_text && sodns_address_from_text(host_text, &a)) {
		snprintf(err, err_size, "%s:%d - cannot listen on '%s': not an IP address",
			 k->token->file, k->token->line, host_text);
		return SODNS_EINVAL;
	}
	char shown[SODNS_ADDRESS_TEXT_MAX] = "";
	if (*host_text)
		sodns_address_to_text(&a, shown);
	/* As with Go, 0.0.0.0 is all addresses, of both families, and so is ::. */
	bool all = is_unspecified(&a);
	if (all)
		a = (sodns_address_t){.family = 6};
	a.port = k->port;
	server_t *s = server_of(g, k, &a, shown, all, err, err_size);
	if (!s)
		return SODNS_EINVAL;
	add_target(g, s, b, k);
	apply_settings(s, b);
	note_server(g, b, s);
	return prefaces_add(g, s, b, err, err_size);
}

static bool serves_zone(const server_t *s, const uint8_t *zone)
{
	name_labels_t l;
	size_t len = name_split(zone, &l);
	return find(s, name_hash(zone, &l, 0), zone, len);
}

/* The kernel gives a query to the socket of the very address, if there is one: what blocks that listen
 * on all addresses have is not answered there. */
static void warn_of_gaps(const server_t *bound, const server_t *all)
{
	for (size_t i = 0; i < all->zone_count; i++)
		if (!serves_zone(bound, all->zones[i]->zone))
			sodns_log(SODNS_LOG_WARNING, NULL,
				  "%s is not served at %s, which belongs to the blocks that are "
				  "bound to it alone: bind its block, too",
				  all->zones[i]->zone_text, bound->text);
}

static void find_gaps(const generation_t *g)
{
	for (const server_t *s = servers_of(g); s; s = s->next)
		for (const server_t *all = servers_of(g); all && !s->wildcard; all = all->next)
			if (all->wildcard && all->address.port == s->address.port &&
			    !strcmp(all->transport, s->transport))
				warn_of_gaps(s, all);
}

int servers_build(generation_t *g, char *err, size_t err_size)
{
	const instance_t *unrouted = NULL;
	for (block_t *b = g->blocks; b; b = b->next)
		for (size_t k = 0; k < b->key_count; k++) {
			size_t n = b->bind_count ? b->bind_count : 1;
			for (size_t i = 0; i < n; i++)
				if (add_key(g, b, &b->keys[k], b->bind_count ? b->binds[i] : "",
					    err, err_size))
					return SODNS_EINVAL;
		}
	for (block_t *b = g->blocks; b; b = b->next) {
		admission_link(g, b);
		for (const instance_t *i = b->instances; i && !unrouted; i = i->next)
			unrouted = i->unrouted ? i : NULL;
	}
	for (server_t *s = servers_of(g); s; s = s->next)
		s->unrouted = unrouted;
	find_gaps(g);
	return SODNS_OK;
}

static void take(sodns_query_t *q, const target_t *t)
{
	q->block = t->block;
	q->zone = t->zone;
	q->collects = t->block->collect_metadata;
	q->view = t->block->view;
	q->chain = __atomic_load_n(&t->block->chain, __ATOMIC_ACQUIRE);
}

/* Whether some zone has as many labels as the suffix from label `first` on. */
static inline bool may_be_zone(const sodns_query_t *q, const server_t *s, unsigned first)
{
	unsigned labels = q->labels.count - first;
	return s->label_counts[labels / 64] >> (labels % 64) & 1;
}

static const route_t *find_suffix(const sodns_query_t *q, const server_t *s, unsigned first)
{
	if (!may_be_zone(q, s, first))
		return NULL;
	const uint8_t *suffix = q->name + q->labels.at[first];
	size_t len = q->name_len - (size_t)q->labels.at[first];
	if (s->room <= ROOM_FIRST)
		return find_of_few(s, suffix, len);
	return find(s, name_hash(q->name, &q->labels, first), suffix, len);
}

/* A DS record lives with the parent: its zone, if it is served here, comes before the name's own;
 * but not the root's, which is nearly always the block that forwards. */
bool route_plain(sodns_query_t *q)
{
	const server_t *s = q->server;
	const target_t *own = NULL;
	for (unsigned i = 0; i <= q->labels.count; i++) {
		const route_t *r = may_be_zone(q, s, i) ? find_suffix(q, s, i) : NULL;
		if (!r || (own && i == q->labels.count))
			continue;
		own = r->targets;
		if (q->type != SODNS_TYPE_DS || i)
			break;
	}
	if (own)
		take(q, own);
	return own != NULL;
}

static bool passes(sodns_query_t *q, const target_t *t)
{
	const block_t *b = t->block;
	q->block = b;
	q->zone = t->zone;
	q->collects = b->collect_metadata;
	if (b->collect_metadata &&
	    sodns_query_match(q, b->metadata_zones, b->metadata_zone_count) >= 0)
		for (const instance_t *i = b->instances; i; i = i->next)
			if (i->metadata)
				i->metadata->provide(i->self, q);
	return !b->filter || b->filter(b->filter_arg, q);
}

bool route_query(sodns_query_t *q)
{
	const server_t *s = q->server;
	const target_t *own = NULL;
	struct query_metadata *none = q->shared->metadata, *of_own = none;
	if (s->plain)
		return route_plain(q);
	/* What decides here may not be prepared yet. */
	if (__builtin_expect(atomic_load_explicit(&s->closed_gates, memory_order_relaxed), 0) &&
	    !gates_wait(s))
		return false;
	for (unsigned i = 0; i <= q->labels.count; i++) {
		const route_t *r = own && i == q->labels.count ? NULL : find_suffix(q, s, i);
		for (const target_t *t = r ? r->targets : NULL; t; t = t->next) {
			/* What a block says that was tried and is not taken is said no more. */
			q->shared->metadata = none;
			if (!passes(q, t))
				continue;
			take(q, t);
			own = t;
			of_own = q->shared->metadata;
			if (q->type != SODNS_TYPE_DS || i)
				return true;
			break;
		}
	}
	/* A block that was tried and did not want it has left its name and metadata there. */
	q->shared->metadata = of_own;
	if (own)
		take(q, own);
	else
		q->block = NULL;
	return own != NULL;
}
