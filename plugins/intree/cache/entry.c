/*
 * From answers to entries and back.
 */
#include "cache.h"

#include <sodns/hash.h>

#define AA_BYTE 2
#define AA_BIT 4u
#define Z_BYTE 3
#define Z_BIT 0x40u
#define RCODE_MASK 15

static uint8_t bits_of(const sodns_query_t *q)
{
	return (uint8_t)((sodns_query_do(q) ? KEY_DO : 0) |
			 (sodns_query_flags(q) & SODNS_CD ? KEY_CD : 0));
}

uint64_t hash_of_query(const sodns_query_t *q)
{
	uint64_t rest = (uint64_t)sodns_query_type(q) << 18 | (uint64_t)sodns_query_class(q) << 2 |
			bits_of(q);
	return sodns_hash_number(sodns_query_name_hash(q, 0), rest);
}

struct key key_of_query(const sodns_query_t *q)
{
	const uint8_t *name = sodns_query_name(q);
	return (struct key){.name = name,
			    .hash = hash_of_query(q),
			    .type = sodns_query_type(q),
			    .rclass = sodns_query_class(q),
			    .name_len = (uint8_t)sodns_name_length(name),
			    .bits = bits_of(q)};
}

int64_t entry_left(const struct entry *e, uint64_t now)
{
	return (int64_t)e->ttl - (int64_t)(now - e->stored) / (int64_t)SODNS_SECOND;
}

static const char *wildcard_of(void *arg, sodns_query_t *q)
{
	const struct entry *e = arg;
	(void)q;
	return e->wildcard;
}

/* AD is for clients that ask for it (RFC 6840, 5.7). */
static bool wants_ad(const sodns_query_t *q)
{
	return sodns_query_do(q) || sodns_query_flags(q) & SODNS_AD;
}

sodns_reply_t *entry_reply(sodns_query_t *q, struct entry *e, uint32_t ttl)
{
	sodns_reply_t *r = sodns_reply_wire(q, entry_image(e), e->length, e->ttls, e->ttl_count, 0);
	sodns_reply_set_ttl(r, ttl);
	if (!wants_ad(q))
		sodns_reply_set_flags(r, 0, SODNS_AD);
	if (e->wildcard)
		sodns_metadata_set(q, "zone/wildcard", wildcard_of, e);
	return r;
}

sodns_query_t *query_onwards(sodns_query_t *q)
{
	sodns_query_t *d = sodns_query_derive(q);
	sodns_query_set_flags(d, sodns_query_flags(q) | SODNS_AD);
	return d;
}

bool is_answer(const sodns_reply_t *r)
{
	return sodns_reply_kind(r) == SODNS_RECORDS || sodns_reply_kind(r) == SODNS_WIRE;
}

static struct entry *entry_make(struct cache *c, sodns_query_t *q, sodns_reply_t *r,
				const struct assessment *a)
{
	sodns_image_t image;
	if (sodns_reply_image(r, &image))
		return NULL;
	/* Old resolver libraries want AA on everything; CoreDNS's cache gives it to them. */
	image.message[AA_BYTE] |= AA_BIT;
	image.message[Z_BYTE] &= (uint8_t)~Z_BIT;
	struct entry *e = entry_alloc(c->store, &image, sodns_metadata_get(q, "zone/wildcard"));
	if (!e)
		return NULL;
	struct key k = key_of_query(q);
	e->hash = k.hash;
	e->bits = k.bits;
	e->name_len = k.name_len;
	e->stored = sodns_now();
	e->ttl = (uint32_t)(a->duration / SODNS_SECOND);
	e->kind = (uint8_t)a->kind;
	e->answers = a->answers;
	return e;
}

static bool put(struct cache *c, struct counters *n, struct entry *e, const struct assessment *a)
{
	struct evicted out;
	bool kept = store_put(c->store, e, c->prefer_positive, !c->prefer_positive || a->answers,
			      &out);
	for (unsigned k = 0; k < KINDS; k++)
		if (out.count[k])
			count(c, n, EVICTIONS + k, out.count[k]);
	if (!kept)
		count(c, n, NO_ROOM, 1);
	gauges_set(c, n);
	return kept;
}

sodns_reply_t *keep(struct cache *c, sodns_query_t *q, sodns_reply_t *r, const struct assessment *a,
		    struct entry **result)
{
	struct counters *n = counters_of(c, q);
	if (a->type == META)
		return r;
	sodns_reply_t *out = sodns_reply_again(q, r);
	sodns_reply_set_ttl(out, (uint32_t)(a->duration / SODNS_SECOND));
	struct entry *e = a->cacheable || result ? entry_make(c, q, out, a) : NULL;
	if (a->cacheable && !e)
		count(c, n, DROPS, 1);
	if (e && !a->cacheable)
		entry_retire(e);
	else if (e && !put(c, n, e, a))
		e = NULL;
	if (result)
		*result = e;
	if (!wants_ad(q))
		sodns_reply_set_flags(out, 0, SODNS_AD);
	return out;
}
