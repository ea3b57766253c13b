/*
 * What there is for a question. Whether a name exists depends on what it has: a service without an
 * endpoint that is ready does not, if it has no address of its own.
 */
#include <string.h>

#include "kubernetes.h"

bool namespace_exposed(const struct kubernetes *k, const void *name, size_t len)
{
	bool listed = !k->namespaces;
	for (size_t i = 0; i < k->namespace_count && !listed; i++)
		listed = strlen(k->namespaces[i]) == len && !memcmp(k->namespaces[i], name, len);
	return listed && store_has_namespace(&k->cluster->store, name, len);
}

const struct pod *pod_at(const struct kubernetes *k, const struct address *a)
{
	struct probe p;
	const struct pod *pod;
	map_probe(&p, &k->cluster->store.pods_by_address, hash_bytes(a->bytes, a->size));
	while ((pod = map_next(&p)) && !pod_has(pod, a))
		;
	return pod;
}

/* "1-2-3-4", or an IPv6 address with dashes for its colons. */
static bool pod_address(const struct word *label, struct address *out)
{
	char text[64];
	unsigned dashes = 0, double_dashes = 0;
	for (uint8_t i = 0; i < label->len; i++) {
		dashes += label->at[i] == '-';
		double_dashes += i && label->at[i] == '-' && label->at[i - 1] == '-';
	}
	char separator = dashes == 3 && !double_dashes ? '.' : ':';
	for (uint8_t i = 0; i < label->len; i++)
		text[i] = label->at[i] == '-' ? separator : (char)label->at[i];
	return address_read(text, label->len, out);
}

/* A verified pod is called after the text that the API has for its address. */
static bool is_usual(const struct word *label, const struct address *a)
{
	char usual[48];
	size_t n = address_dashed(a->bytes, a->size, usual);
	/* this is a pod's name, not an endpoint's: no 0 at its end */
	if (a->size == 16 && n > 1 && usual[n - 1] == '0' && usual[n - 2] == '-' &&
	    label->len == n - 1)
		n--;
	return n == label->len && !memcmp(usual, label->at, n);
}

static enum outcome find_pod(const struct kubernetes *k, const struct question *q, struct found *f)
{
	struct probe p;
	const struct pod *pod;
	if (k->pods == PODS_DISABLED)
		return NAME_ERROR;
	if (!q->key)
		return NOTHING;
	f->what = FOUND_POD;
	f->pods = 1;
	if (!pod_address(&q->service, &f->address))
		return NAME_ERROR;
	if (k->pods == PODS_INSECURE)
		return FOUND;
	if (!is_usual(&q->service, &f->address))
		return NAME_ERROR;
	f->pods = 0;
	map_probe(&p, &k->cluster->store.pods_by_address,
		  hash_bytes(f->address.bytes, f->address.size));
	while ((pod = map_next(&p)))
		f->pods += pod_has(pod, &f->address) && pod->namespace_len == q->namespace.len &&
			   !memcmp(pod_namespace(pod), q->namespace.at, q->namespace.len);
	return f->pods ? FOUND : NAME_ERROR;
}

static uint32_t endpoints_of(const struct service *s)
{
	uint32_t n = 0;
	for (uint16_t i = 0; i < s->slice_count; i++)
		n += s->slices[i]->count;
	return n;
}

/* Whether there is an endpoint that fits; the question without its zone if that finds one. */
static enum outcome find_endpoints(const struct service *s, struct found *f)
{
	struct walk w;
	struct endpoint e;
	f->what = FOUND_ENDPOINTS;
	f->service = s;
	walk_begin(&w, s, &f->q);
	if (walk_next(&w, &e, false))
		return FOUND;
	if (!f->q.zone_label_count)
		return NAME_ERROR;
	if (!f->q.prefer)
		return NOTHING;
	f->q.zone_label_count = 0;
	walk_begin(&w, s, &f->q);
	return walk_next(&w, &e, false) ? FOUND : NOTHING;
}

static enum outcome find_service(const struct kubernetes *k, const struct question *q,
				 struct found *f)
{
	const struct set *x = &k->cluster->store.sets[q->imported ? IMPORTED : LOCAL];
	if (!q->key)
		return NOTHING;
	const struct service *s = store_service(x, q->key, q->key_len);
	if (!s || !(s->flags & SERVICE_KNOWN))
		return NAME_ERROR;
	bool headless = s->flags & SERVICE_HEADLESS, alias = s->flags & SERVICE_ALIAS;
	if (k->ignore_empty && !alias && !headless && !endpoints_of(s))
		return NAME_ERROR;
	if (q->zone_label_count && !headless)
		return NAME_ERROR;
	f->service = s;
	if (alias) {
		f->what = FOUND_ALIAS;
		bool plain = !q->endpoint.len && !q->port.len && !q->protocol.len;
		return plain && !(s->flags & SERVICE_ODD_ALIAS) ? FOUND : NAME_ERROR;
	}
	if (headless || q->endpoint.len)
		return find_endpoints(s, f);
	f->what = FOUND_ADDRESSES;
	return ports_fitting(service_ports(s), s->ports_len, q) ? FOUND : NAME_ERROR;
}

/* "ns.dns" in front of the zone. */
static bool is_server(const struct question *q)
{
	return q->zone_at == 7 && !memcmp(q->name, "\2ns\3dns", 7);
}

enum outcome find(const struct kubernetes *k, const struct question *q, struct found *f)
{
	f->q = *q;
	if (q->labels == 2 && is_server(q)) {
		f->what = FOUND_SERVERS;
		return FOUND;
	}
	if (q->kind == KIND_NONE)
		return NOTHING;
	if (q->kind == KIND_BAD || sodns_name_is_reverse(q->name) ||
	    !namespace_exposed(k, q->namespace.at, q->namespace.len))
		return NAME_ERROR;
	return q->kind == KIND_POD ? find_pod(k, q, f) : find_service(k, q, f);
}
