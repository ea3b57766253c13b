/*
 * Derived queries: a changed copy for the plugins further down, and the query's metadata.
 */
#include "message/query.h"

struct query_metadata {
	struct query_metadata *next;
	const char *key;
	sodns_metadata_f fn; /* NULL once the value is known */
	void *arg;
	const char *value;
};

sodns_query_t *sodns_query_derive(sodns_query_t *q)
{
	sodns_query_t *d = arena_alloc(&q->shared->arena, sizeof(*d));
	*d = *q;
	if (q->name == q->name_buffer)
		d->name = d->name_buffer;
	if (q->original == q->name)
		d->original = d->name;
	d->derived = true;
	return d;
}

void sodns_query_set_name(sodns_query_t *d, const uint8_t *name)
{
	query_set_name(d, name);
}

void sodns_query_set_type(sodns_query_t *d, uint16_t type)
{
	d->type = type;
}

void sodns_query_set_class(sodns_query_t *d, uint16_t rclass)
{
	d->rclass = rclass;
}

void sodns_query_set_flags(sodns_query_t *d, uint16_t flags)
{
	const uint16_t settable = SODNS_AA | SODNS_RD | SODNS_RA | SODNS_AD | SODNS_CD;
	d->flags = (uint16_t)((d->flags & ~settable) | (flags & settable));
}

void sodns_query_set_protocol(sodns_query_t *d, enum sodns_protocol protocol)
{
	d->protocol = (uint8_t)protocol;
}

void sodns_query_set_edns(sodns_query_t *d, uint16_t size, bool dnssec_ok)
{
	d->has_edns = size != 0;
	d->edns_size = size;
	d->edns_flags = (uint16_t)((d->edns_flags & 0x7fff) | (dnssec_ok ? 0x8000 : 0));
	if (!size)
		d->options_len = d->set_options_len = d->edns_flags = 0;
}

static uint8_t *put_option(uint8_t *at, uint16_t code, const uint8_t *bytes, size_t len)
{
	const uint8_t head[4] = {(uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(len >> 8),
				 (uint8_t)len};
	memcpy(at, head, 4);
	if (len)
		memcpy(at + 4, bytes, len);
	return at + 4 + len;
}

struct option_change {
	uint16_t code;
	const uint8_t *bytes; /* NULL: all that have the code go */
	size_t len;
	bool replace; /* the first that has the code; else they come behind the others */
};

static void change_list(arena_t *arena, const uint8_t **list, uint16_t *list_len,
			const struct option_change *change)
{
	const uint8_t *bytes = change->bytes;
	uint16_t code = change->code;
	size_t len = change->len;
	uint8_t *out = arena_alloc(arena, *list_len + len + 4u), *at = out;
	bool put = !bytes;
	for (size_t i = 0, n; i < *list_len; i += n) {
		const uint8_t *o = *list + i;
		bool same = (o[0] << 8 | o[1]) == code;
		n = 4u + (size_t)(o[2] << 8 | o[3]);
		if (same && !bytes)
			continue;
		if (same && change->replace && !put) {
			at = put_option(at, code, bytes, len);
			put = true;
			continue;
		}
		memcpy(at, o, n);
		at += n;
	}
	if (!put)
		at = put_option(at, code, bytes, len);
	*list = out;
	*list_len = (uint16_t)(at - out);
}

/* Of all options, and of those that are not the client's. */
static void change_options(sodns_query_t *d, const struct option_change *change)
{
	if (change->bytes && d->options_len + change->len + 4u > UINT16_MAX)
		return;
	change_list(&d->shared->arena, &d->options, &d->options_len, change);
	change_list(&d->shared->arena, &d->set_options, &d->set_options_len, change);
	if (change->bytes && !d->has_edns)
		sodns_query_set_edns(d, 512, false);
}

void sodns_query_set_option(sodns_query_t *d, uint16_t code, const uint8_t *bytes, size_t len)
{
	change_options(d, &(struct option_change){code, bytes, len, true});
}

void sodns_query_add_option(sodns_query_t *d, uint16_t code, const uint8_t *bytes, size_t len)
{
	change_options(d, &(struct option_change){code, bytes, len, false});
}

void sodns_metadata_set(sodns_query_t *q, const char *key, sodns_metadata_f fn, void *arg)
{
	if (!q->collects)
		return;
	struct query_metadata *m = arena_alloc(&q->shared->arena, sizeof(*m));
	*m = (struct query_metadata){.next = q->shared->metadata, .key = key, .fn = fn, .arg = arg};
	q->shared->metadata = m;
}

const char *sodns_metadata_get(sodns_query_t *q, const char *key)
{
	for (struct query_metadata *m = q->shared->metadata; m; m = m->next) {
		if (strcmp(m->key, key))
			continue;
		if (m->fn) {
			sodns_metadata_f fn = m->fn;
			m->fn = NULL;
			m->value = fn(m->arg, q);
		}
		return m->value;
	}
	return NULL;
}
