/*
 * Services as they are reached from outside of the cluster, for k8s_external: by their external
 * addresses, or, where they have no address at all, by their endpoints'.
 */
#include <string.h>

#include "kubernetes.h"

/* What is asked for, and the caller's function that is told of it. */
struct telling {
	sodns_query_t *query;
	unsigned flags;
	kubernetes_external_f fn;
	void *arg;
	unsigned count;
	kubernetes_external_t e;
};

static void tell(struct telling *t)
{
	t->count++;
	t->fn(t->arg, &t->e);
}

/* The ports that fit, as they are told of. */
static void take_ports(struct telling *t, const uint8_t *ports, uint16_t len,
		       const struct question *q)
{
	unsigned n = ports_fitting(ports, len, q);
	kubernetes_external_port_t *list = sodns_alloc(t->query, (n + 1) * sizeof(*list));
	t->e.ports = list;
	t->e.port_count = (uint16_t)n;
	for (const uint8_t *p = ports; p < ports + len; p = port_next(p))
		if (port_fits(p, q))
			*list++ = (kubernetes_external_port_t){
				.number = (uint16_t)(p[0] << 8 | p[1]),
				.known = !(p[2] & PORT_NONE),
				.protocol = protocol_text(p[2]),
				.name = p + 4,
				.name_len = p[3],
			};
}

static void tell_external(struct telling *t, const struct service *s, const struct question *q)
{
	const uint8_t *p = service_external(s), *end = p + s->external_len;
	take_ports(t, service_ports(s), s->ports_len, q);
	for (; p < end && t->e.port_count; p = external_next(p)) {
		t->e.rdata = *p ? p + 1 : NULL;
		t->e.host = *p ? NULL : p + EXTERNAL_HEAD;
		tell(t);
	}
}

static void tell_endpoints(struct telling *t, const struct service *s, const struct question *q)
{
	struct walk w;
	struct endpoint e;
	const struct slice *of = NULL;
	const bool names = t->flags & KUBERNETES_EXTERNAL_NAMES;
	t->e.endpoint = true;
	walk_begin(&w, s, q);
	while (walk_next(&w, &e, names)) {
		if (e.slice != of)
			take_ports(t, slice_ports(e.slice), e.slice->ports_len, q);
		of = e.slice;
		t->e.rdata = e.rdata;
		if (names) {
			t->e.label = e.label.at;
			t->e.label_len = e.label.len;
		}
		tell(t);
	}
}

static void tell_service(struct telling *t, const struct kubernetes *k, const struct service *s,
			 const struct question *q)
{
	bool headless = (s->flags & SERVICE_HEADLESS) || (q && q->endpoint.len);
	t->e = (kubernetes_external_t){.size = sizeof(t->e),
				       .service = service_key(s),
				       .service_len = s->key_len,
				       .ttl = k->ttl};
	if (!s->external_len && headless && (t->flags & KUBERNETES_EXTERNAL_ENDPOINTS))
		tell_endpoints(t, s, q);
	else
		tell_external(t, s, q);
}

/* The labels of the name, as far as they can be one. */
static unsigned split(const uint8_t *name, size_t front, const uint8_t *label[5])
{
	unsigned n = 0;
	for (const uint8_t *p = name; p < name + front && n < 5; p += *p + 1)
		label[n++] = p;
	return n;
}

static int find_external(void *self, sodns_query_t *query, const uint8_t *name, size_t front,
			 unsigned flags, kubernetes_external_f fn, void *arg)
{
	const struct kubernetes *k = self;
	struct telling t = {.query = query, .flags = flags, .fn = fn, .arg = arg};
	struct question q = {0};
	const uint8_t *label[5];
	unsigned n = split(name, front, label);
	if (!n || n == 5 || !namespace_exposed(k, label[n - 1] + 1, *label[n - 1]))
		return SODNS_NXDOMAIN;
	if (n == 1)
		return SODNS_NOERROR;
	if (n == 3)
		q.endpoint = question_bare(label[0]);
	if (n == 4) {
		q.port = question_bare(label[0]);
		q.protocol = question_bare(label[1]);
	}
	const struct service *s = store_service(&k->cluster->store.sets[LOCAL], label[n - 2],
						*label[n - 2] + *label[n - 1] + 2u);
	if (s && (s->flags & SERVICE_KNOWN))
		tell_service(&t, k, s, &q);
	return t.count ? SODNS_NOERROR : SODNS_NXDOMAIN;
}

static int reverse(void *self, sodns_query_t *query, const uint8_t *name, kubernetes_external_f fn,
		   void *arg)
{
	const struct kubernetes *k = self;
	struct address a;
	struct probe p;
	const struct service *s;
	bool any = false;
	(void)query;
	if (!reverse_address(name, &a))
		return SODNS_ENOENT;
	map_probe(&p, &k->cluster->store.sets[LOCAL].by_external, hash_bytes(a.bytes, a.size));
	while ((s = map_next(&p))) {
		const uint8_t *namespace = service_key(s) + *service_key(s) + 1;
		if (!service_has_external(s, &a) ||
		    (k->namespaces && !namespace_exposed(k, namespace + 1, *namespace)))
			continue;
		const kubernetes_external_t e = {.size = sizeof(e),
						 .service = service_key(s),
						 .service_len = s->key_len,
						 .ttl = k->ttl};
		fn(arg, &e);
		any = true;
	}
	return any ? SODNS_NOERROR : SODNS_NXDOMAIN;
}

/* A service that this server is an endpoint of: its external addresses; of a headless one, where that
 * is asked for, the endpoints of that slice. Host names are no addresses. */
static void tell_server(void *arg, const struct service *s, const struct slice *slice)
{
	struct telling *t = arg;
	const uint8_t *p = service_external(s), *end = p + s->external_len;
	t->e = (kubernetes_external_t){
		.size = sizeof(t->e), .service = service_key(s), .service_len = s->key_len};
	if ((t->flags & KUBERNETES_EXTERNAL_ENDPOINTS) && (s->flags & SERVICE_HEADLESS)) {
		for (uint32_t i = 0; i < slice->count; i++) {
			t->e.rdata = slice_rdata(slice) + (size_t)i * slice->size;
			tell(t);
		}
		return;
	}
	for (; p < end; p = external_next(p)) {
		t->e.rdata = p + 1;
		if (*p)
			tell(t);
	}
}

static void servers(void *self, sodns_query_t *query, unsigned flags, kubernetes_external_f fn,
		    void *arg)
{
	const struct kubernetes *k = self;
	struct telling t = {.query = query, .flags = flags, .fn = fn, .arg = arg};
	if (servers_slices(k, tell_server, &t))
		return;
	for (size_t i = 0; i < k->local_count; i++) {
		const struct address *a = &k->local[i];
		uint8_t *rdata = sodns_alloc(query, a->size + 2u);
		rdata[0] = 0;
		rdata[1] = a->size;
		memcpy(rdata + 2, a->bytes, a->size);
		const kubernetes_external_t e = {.size = sizeof(e), .rdata = rdata};
		fn(arg, &e);
	}
}

/* Of all namespaces, as CoreDNS hands them out. */
static void all(void *self, sodns_query_t *query, unsigned flags, kubernetes_external_f fn,
		void *arg)
{
	const struct kubernetes *k = self;
	struct telling t = {.query = query, .flags = flags, .fn = fn, .arg = arg};
	size_t count;
	const struct service **list = services_now(&k->cluster->store.sets[LOCAL], query, &count);
	for (size_t i = 0; i < count; i++)
		tell_service(&t, k, list[i], NULL);
}

static uint32_t serial(void *self)
{
	const struct kubernetes *k = self;
	return atomic_load(&k->cluster->store.serial[SERIAL_EXTERNAL]);
}

const kubernetes_external_ability_t kubernetes_external = {
	.size = sizeof(kubernetes_external),
	.find = find_external,
	.reverse = reverse,
	.servers = servers,
	.all = all,
	.serial = serial,
};
