/*
 * Targets as a list, and what finds repetitions among them.
 */
#include <math.h>
#include <string.h>

#include <sodns/hash.h>

#include "k8s_external.h"

void *grow(sodns_query_t *q, const void *old, size_t used, size_t room, size_t size)
{
	void *more = sodns_alloc(q, room * size);
	if (used)
		memcpy(more, old, used * size);
	return more;
}

/* The labels of a text at the end of the names. */
static void add_label(struct targets *t, const uint8_t *text, size_t len)
{
	const uint8_t *end = text + len;
	while (text < end) {
		const uint8_t *dot = memchr(text, '.', (size_t)(end - text));
		const uint8_t *stop = dot ? dot : end;
		size_t n = (size_t)(stop - text);
		if (n && n < 64) {
			t->names[t->names_len++] = (uint8_t)n;
			memcpy(t->names + t->names_len, text, n);
			t->names_len += n;
		}
		text = stop + 1;
	}
}

/* Endpoint, service, zone; false: no name is that long. */
static bool add_name(struct targets *t, const kubernetes_external_t *e)
{
	size_t zone_len = sodns_name_length(t->zone), begin = t->names_len;
	size_t most = e->label_len + 1u + e->service_len + zone_len;
	if (begin + most > t->names_room) {
		t->names_room = 2 * (begin + most) + 256;
		t->names = grow(t->query, t->names, begin, t->names_room, 1);
	}
	if (e->label)
		add_label(t, e->label, e->label_len);
	memcpy(t->names + t->names_len, e->service, e->service_len);
	t->names_len += e->service_len;
	memcpy(t->names + t->names_len, t->zone, zone_len);
	t->names_len += zone_len;
	if (t->names_len - begin <= SODNS_NAME_MAX)
		return true;
	t->names_len = begin;
	return false;
}

/* An endpoint's name is its own; a service's is made once for all of its targets. */
static bool name_it(struct targets *t, const kubernetes_external_t *e, struct target *x)
{
	if (!e->endpoint && t->count) {
		x->name = t->list[t->count - 1].name;
		return true;
	}
	x->name = t->names_len;
	return add_name(t, e);
}

void targets_add(struct targets *t, const kubernetes_external_t *e)
{
	struct target x = {.rdata = e->rdata,
			   .host = e->host,
			   .ports = e->ports,
			   .port_count = e->port_count,
			   .endpoint = e->endpoint,
			   .ttl = e->ttl};
	uint16_t type = target_type(&x);
	t->records += e->port_count;
	if ((t->only && type && type != t->only) || t->count == t->most)
		return;
	if (t->named && !name_it(t, e, &x))
		return;
	if (t->count == t->room) {
		t->room = t->room * 2 + 4;
		t->list = grow(t->query, t->list, t->count, t->room, sizeof(*t->list));
	}
	t->list[t->count++] = x;
}

void seen_begin(struct seen *s, sodns_query_t *query, size_t count)
{
	uint32_t size = 16;
	while (size < count * 2)
		size *= 2;
	*s = (struct seen){.mask = size - 1};
	s->slot = sodns_alloc(query, size * sizeof(*s->slot));
	memset(s->slot, 0, size * sizeof(*s->slot));
}

static uint32_t hash_of(const struct mark *m)
{
	uint64_t hash = m->name ? sodns_name_hash(m->name) : 0;
	if (m->rdata)
		hash += sodns_hash(m->rdata, m->rdata[1] + 2u);
	return (uint32_t)sodns_hash_number(hash, m->number);
}

static bool same(const struct mark *a, const struct mark *b)
{
	if (a->number != b->number || !a->name != !b->name || !a->rdata != !b->rdata)
		return false;
	return (!a->name || sodns_name_equal(a->name, b->name)) &&
	       (!a->rdata || !memcmp(a->rdata, b->rdata, a->rdata[1] + 2u));
}

/* When it is full, what comes is a repetition at worst. */
bool seen_before(struct seen *s, const uint8_t *name, const uint8_t *rdata, uint32_t number)
{
	const struct mark m = {name, rdata, number};
	uint32_t at = hash_of(&m) & s->mask;
	for (; s->slot[at].name || s->slot[at].rdata; at = (at + 1) & s->mask)
		if (same(&s->slot[at], &m))
			return true;
	if (s->used++ >= s->mask * 3 / 4)
		return false;
	s->slot[at] = m;
	return false;
}

uint16_t srv_make(uint8_t out[SRV_MAX], uint16_t weight, uint16_t port, const uint8_t *target)
{
	const uint8_t head[6] = {
		0, 0, (uint8_t)(weight >> 8), (uint8_t)weight, (uint8_t)(port >> 8), (uint8_t)port};
	size_t len = sodns_name_length(target);
	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), target, len);
	return (uint16_t)(sizeof(head) + len);
}

uint16_t weight_of(uint64_t records)
{
	double w = floor(100.0 / (100.0 * (double)records) * 100);
	return w < 1 ? 1 : (uint16_t)w;
}
