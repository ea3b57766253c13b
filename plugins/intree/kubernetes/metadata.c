/*
 * What a query's name is made of, and which pod asks, for other plugins. Values are made when they are
 * first read.
 */
#include <string.h>

#include "kubernetes.h"

struct known {
	struct question q;
	const struct pod *pod;
};

static const char *text(sodns_query_t *q, const void *at, size_t len)
{
	return sodns_printf(q, "%.*s", (int)len, (const char *)at);
}

static const char *word(sodns_query_t *q, const struct word *w)
{
	return text(q, w->at, w->len);
}

static const char *port(void *arg, sodns_query_t *q)
{
	return word(q, &((struct known *)arg)->q.port);
}

static const char *protocol(void *arg, sodns_query_t *q)
{
	return word(q, &((struct known *)arg)->q.protocol);
}

static const char *endpoint(void *arg, sodns_query_t *q)
{
	return word(q, &((struct known *)arg)->q.endpoint);
}

static const char *service(void *arg, sodns_query_t *q)
{
	return word(q, &((struct known *)arg)->q.service);
}

static const char *namespace(void *arg, sodns_query_t *q)
{
	return word(q, &((struct known *)arg)->q.namespace);
}

static const char *kind(void *arg, sodns_query_t *q)
{
	const struct known *k = arg;
	(void)q;
	return k->q.kind == KIND_SERVICE ? "svc" : k->q.kind == KIND_POD ? "pod" : "";
}

static const char *zone(void *arg, sodns_query_t *q)
{
	const struct known *k = arg;
	char *out = sodns_alloc(q, SODNS_NAME_MAX + 1), *at = out;
	const uint8_t *label = k->q.zone_labels;
	for (uint8_t i = 0; i < k->q.zone_label_count; i++, label += *label + 1) {
		if (i)
			*at++ = '.';
		memcpy(at, label + 1, *label);
		at += *label;
	}
	*at = 0;
	return out;
}

static const char *parse_error(void *arg, sodns_query_t *q)
{
	(void)arg;
	(void)q;
	return "invalid query name";
}

static const char *client_namespace(void *arg, sodns_query_t *q)
{
	const struct pod *p = ((struct known *)arg)->pod;
	return text(q, pod_namespace(p), p->namespace_len);
}

static const char *client_name(void *arg, sodns_query_t *q)
{
	const struct pod *p = ((struct known *)arg)->pod;
	return text(q, pod_name(p), p->name_len);
}

static const char *client_label(void *arg, sodns_query_t *q)
{
	(void)q;
	return arg;
}

static void provide_client(sodns_query_t *q, struct known *known)
{
	const struct labels *l = known->pod->labels;
	sodns_metadata_set(q, "kubernetes/client-namespace", client_namespace, known);
	sodns_metadata_set(q, "kubernetes/client-pod-name", client_name, known);
	for (const char *p = l ? l->text : NULL; l && p < l->text + l->len;) {
		const char *value = p + strlen(p) + 1;
		sodns_metadata_set(q, sodns_printf(q, "kubernetes/client-label/%s", p),
				   client_label, (void *)(uintptr_t)value);
		p = value + strlen(value) + 1;
	}
}

static void provide_name(const struct kubernetes *k, sodns_query_t *q, struct known *known)
{
	static const struct {
		const char *key;
		sodns_metadata_f fn;
	} all[] = {
		{"kubernetes/port-name", port},      {"kubernetes/protocol", protocol},
		{"kubernetes/endpoint", endpoint},   {"kubernetes/service", service},
		{"kubernetes/namespace", namespace}, {"kubernetes/kind", kind},
	};
	if (known->q.kind == KIND_BAD) {
		sodns_metadata_set(q, "kubernetes/parse-error", parse_error, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sodns_metadata_set(q, all[i].key, all[i].fn, known);
	if (k->zonal)
		sodns_metadata_set(q, "kubernetes/zone", zone, known);
}

static void provide(void *self, sodns_query_t *q)
{
	const struct kubernetes *k = self;
	const sodns_address_t *peer = sodns_query_peer(q);
	struct known *known = sodns_alloc(q, sizeof(*known));
	struct address a = {.size = peer->family == 4 ? 4 : 16};
	memcpy(a.bytes, peer->bytes, a.size);
	known->pod = k->pods == PODS_VERIFIED ? pod_at(k, &a) : NULL;
	if (known->pod)
		provide_client(q, known);
	int at = sodns_query_match(q, k->zones, k->zone_count);
	if (at < 0)
		return;
	const uint8_t *name = sodns_query_name(q);
	/* CoreDNS reads a name in a multicluster zone like any other here: what is an endpoint and its
	 * cluster in an answer are a port and a protocol, and names of topology zones are good. */
	question_read_plain(&known->q, k, name, name, k->zones[at]);
	provide_name(k, q, known);
}

const sodns_metadata_ability_t kubernetes_metadata = {
	.size = sizeof(kubernetes_metadata),
	.provide = provide,
};
