/*
 * The zone's name servers. A server that is an endpoint of services is called as they are; one that
 * is not, because it runs outside of the cluster, is ns.dns at its own addresses.
 */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes.h"

struct list {
	struct server *at;
	size_t count, room;
	sodns_query_t *query;
	const uint8_t *zone;
};

static void add(struct list *l, sodns_query_t *query, const uint8_t *name, const uint8_t *bytes,
		unsigned size)
{
	if (l->count == l->room) {
		struct server *more = sodns_alloc(query, (l->room * 2 + 4) * sizeof(*more));
		if (l->count)
			memcpy(more, l->at, l->count * sizeof(*more));
		l->room = l->room * 2 + 4;
		l->at = more;
	}
	struct server *s = &l->at[l->count++];
	s->name = name;
	s->address.size = (uint8_t)size;
	memcpy(s->address.bytes, bytes, size);
}

/* A service that we are an endpoint of, with its addresses; a headless one with the endpoints of that
 * slice. */
static void add_service(struct list *l, sodns_query_t *query, const struct service *s,
			const struct slice *slice, const uint8_t *zone)
{
	struct name n = {0};
	name_add_wire(&n, service_key(s), s->key_len);
	name_add_zone(&n, zone);
	if (!name_good(&n))
		return;
	if (!(s->flags & SERVICE_HEADLESS)) {
		const uint8_t *name = name_keep(&n, query);
		for (unsigned i = 0; i < s->a4_len / A4_SIZE; i++)
			add(l, query, name, service_a4(s) + i * A4_SIZE + 2, 4);
		for (unsigned i = 0; i < s->a6_len / A6_SIZE; i++)
			add(l, query, name, service_a6(s) + i * A6_SIZE + 2, 16);
		return;
	}
	struct walk w;
	struct endpoint e;
	walk_begin(&w, s, NULL);
	while (walk_next(&w, &e, true)) {
		struct name full = {0};
		if (e.slice != slice)
			continue;
		name_add_text(&full, e.label.at, e.label.len);
		name_add_wire(&full, n.bytes, n.len);
		if (name_good(&full))
			add(l, query, name_keep(&full, query), e.rdata + 2, slice->size - 2u);
	}
}

bool servers_slices(const struct kubernetes *k,
		    void (*fn)(void *arg, const struct service *s, const struct slice *slice),
		    void *arg)
{
	const struct set *x = &k->cluster->store.sets[LOCAL];
	bool any = false;
	for (size_t i = 0; i < k->local_count; i++) {
		struct probe p;
		const struct slice *s;
		const struct address *a = &k->local[i];
		map_probe(&p, &x->by_endpoint, hash_bytes(a->bytes, a->size));
		while ((s = map_next(&p))) {
			if (!slice_has(s, a))
				continue;
			any = true;
			const struct service *of = store_service(x, s->parts, s->key_len);
			if (of && (of->flags & SERVICE_KNOWN))
				fn(arg, of, s);
		}
	}
	return any;
}

static void add_found(void *arg, const struct service *s, const struct slice *slice)
{
	struct list *l = arg;
	add_service(l, l->query, s, slice, l->zone);
}

size_t servers_of(const struct kubernetes *k, sodns_query_t *query, const uint8_t *zone,
		  const struct server **out)
{
	struct list l = {.query = query, .zone = zone};
	bool inside = servers_slices(k, add_found, &l);
	struct name own = {0};
	name_add_text(&own, "ns.dns", 6);
	name_add_wire(&own, zone, sodns_name_length(zone));
	if (!inside && name_good(&own)) {
		const uint8_t *name = name_keep(&own, query);
		for (size_t i = 0; i < k->local_count; i++)
			add(&l, query, name, k->local[i].bytes, k->local[i].size);
	}
	*out = l.at;
	return l.count;
}

enum outcome answer_servers(const struct kubernetes *k, sodns_query_t *query,
			    const struct question *q, sodns_reply_t *r)
{
	const struct server *list;
	size_t n = servers_of(k, query, q->original + q->zone_at, &list);
	for (size_t i = 0; i < n; i++) {
		bool known = false;
		for (size_t j = 0; j < i && !known; j++)
			known = sodns_name_equal(list[i].name, list[j].name);
		if (!known)
			sodns_reply_add_record(r, SODNS_ANSWER, q->original, SODNS_TYPE_NS, k->ttl,
					       list[i].name,
					       (uint16_t)sodns_name_length(list[i].name));
		add_address(r, SODNS_ADDITIONAL, list[i].name, &list[i].address, k->ttl);
	}
	return n ? FOUND : NOTHING;
}

static void add_local(struct kubernetes *k, const uint8_t *bytes, unsigned size)
{
	static const uint8_t loopback[16] = {[15] = 1};
	bool loops = size == 4 ? bytes[0] == 127 : !memcmp(bytes, loopback, 16);
	if (loops)
		return;
	k->local = realloc(k->local, (k->local_count + 1) * sizeof(*k->local));
	if (!k->local)
		abort();
	struct address *a = &k->local[k->local_count++];
	a->size = (uint8_t)size;
	memcpy(a->bytes, bytes, size);
}

/* "dns://:53" is every address of this machine. */
static void add_all(struct kubernetes *k)
{
	struct ifaddrs *all;
	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct sockaddr *a = i->ifa_addr;
		if (a && a->sa_family == AF_INET)
			add_local(k,
				  (const void *)&((const struct sockaddr_in *)(const void *)a)
					  ->sin_addr,
				  4);
		else if (a && a->sa_family == AF_INET6)
			add_local(k,
				  (const void *)&((const struct sockaddr_in6 *)(const void *)a)
					  ->sin6_addr,
				  16);
	}
	freeifaddrs(all);
}

static bool is_any(const sodns_address_t *a)
{
	static const uint8_t none[16];
	return !memcmp(a->bytes, none, a->family == 4 ? 4 : 16);
}

void servers_find_local(struct kubernetes *k, sodns_prepare_t *p)
{
	size_t count;
	const char *const *servers = sodns_prepare_servers(p, &count);
	for (size_t i = 0; i < count; i++) {
		const char *host = strstr(servers[i], "://");
		sodns_address_t a;
		if (!host)
			continue;
		bool known = host[3] != ':' && !sodns_endpoint_from_text(host + 3, 53, &a);
		if (host[3] == ':' || (known && is_any(&a))) {
			k->local_count = 0;
			add_all(k);
			return;
		}
		if (known)
			add_local(k, a.bytes, a.family == 4 ? 4 : 16);
	}
}
