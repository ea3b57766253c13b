/*
 * A zone as a stream of messages. What an instance emits is copied into one buffer and goes out when
 * the buffer is full; so a zone of any size takes the memory of one message. It begins when the chain
 * has ended: a client that reads for hours keeps nothing but the version of its zone.
 */
#include <stddef.h>
#include <string.h>

#include "transfer.h"

/* Bytes of records in a message, uncompressed: CoreDNS's figure. It leaves room for header, question,
 * OPT and a signature in 64 KiB. */
#define MESSAGE_MAX 63000u
/* Type, class, TTL and length of a record. */
#define FIXED 10u

struct stream {
	sodns_query_t *q;
	sodns_reply_t *reply;
	uint8_t *buffer;
	size_t used;      /* of the buffer */
	size_t length;    /* of the message's records, uncompressed */
	uint64_t records; /* in all */
	bool too_big;     /* a record that fits no message */
	bool has_soa, soa_only;
	sodns_rrset_t soa; /* a copy of the first one */
};

static int flush(struct stream *s)
{
	int rc = sodns_send(s->q, s->reply);
	sodns_reply_clear(s->reply, SODNS_ANSWER);
	s->used = s->length = 0;
	return rc;
}

static const uint8_t *keep(struct stream *s, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = s->buffer + s->used;
	memcpy(copy, bytes, len);
	s->used += len;
	return copy;
}

/* How many of the set's records from `at` on fit the message that is being filled, and their bytes. */
static uint16_t count_fitting(const struct stream *s, const uint8_t *at, uint16_t left,
			      size_t owner_len, size_t *bytes)
{
	size_t length = s->length;
	uint16_t n = 0, len;
	const uint8_t *begin = at;
	for (; n < left; n++) {
		const uint8_t *rdata = sodns_rdata(at, &len);
		length += owner_len + FIXED + len;
		if (length > MESSAGE_MAX)
			break;
		at = rdata + len;
	}
	*bytes = (size_t)(at - begin);
	return n;
}

static void add_run(struct stream *s, const sodns_rrset_t *set, const uint8_t *data, size_t bytes,
		    uint16_t n, size_t owner_len)
{
	sodns_rrset_t run = *set;
	run.owner = keep(s, set->owner, owner_len);
	run.data = keep(s, data, bytes);
	run.data_len = (uint32_t)bytes;
	run.count = n;
	s->length += n * (owner_len + FIXED - 2) + bytes;
	s->records += n;
	sodns_reply_add(s->reply, SODNS_ANSWER, &run);
}

static int add_set(struct stream *s, const sodns_rrset_t *set)
{
	size_t owner_len = sodns_name_length(set->owner), bytes;
	const uint8_t *at = set->data;
	for (uint16_t left = set->count, n; left; left = (uint16_t)(left - n)) {
		n = count_fitting(s, at, left, owner_len, &bytes);
		if (!n && !s->length) {
			s->too_big = true;
			return SODNS_ERANGE;
		}
		if (n)
			add_run(s, set, at, bytes, n, owner_len);
		at += bytes;
		int rc = n < left ? flush(s) : SODNS_OK;
		if (rc)
			return rc;
	}
	return SODNS_OK;
}

static void remember_soa(struct stream *s, const sodns_rrset_t *set)
{
	size_t owner_len = sodns_name_length(set->owner);
	uint8_t *copy = sodns_alloc(s->q, owner_len + set->data_len);
	s->has_soa = true;
	s->soa = *set;
	s->soa.owner = memcpy(copy, set->owner, owner_len);
	s->soa.data = memcpy(copy + owner_len, set->data, set->data_len);
}

static int emit(void *arg, const sodns_rrset_t *set)
{
	struct stream *s = arg;
	s->soa_only = !s->records && set->type == SODNS_TYPE_SOA;
	if (s->soa_only)
		remember_soa(s, set);
	return add_set(s, set);
}

static uint32_t serial_of(const struct stream *s)
{
	uint16_t len;
	if (!s->has_soa)
		return 0;
	const uint8_t *p = sodns_rdata(s->soa.data, &len) + len - 20;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void log_transfer(struct stream *s, bool noop)
{
	char peer[SODNS_ADDRESS_TEXT_MAX], zone[SODNS_NAME_TEXT_MAX];
	sodns_address_to_text(sodns_query_peer(s->q), peer);
	sodns_name_to_text(sodns_query_original_name(s->q), zone);
	if (noop)
		sodns_log(SODNS_LOG_INFO, "transfer",
			  "Outgoing noop, incremental transfer for up to date zone \"%s\" to %s "
			  "for %u SOA serial",
			  zone, peer, serial_of(s));
	else
		sodns_log(
			SODNS_LOG_INFO, "transfer",
			"Outgoing transfer of %llu records of zone \"%s\" to %s for %u SOA serial",
			(unsigned long long)s->records, zone, peer, serial_of(s));
}

/* The last message: the SOA again, or the SOA alone for a client that has the zone already. */
static sodns_reply_t *finish(struct stream *s, bool noop)
{
	int rc = SODNS_OK;
	if (noop)
		sodns_reply_set_flags(s->reply, 0, SODNS_AA);
	else if (s->has_soa)
		rc = add_set(s, &s->soa);
	if (rc)
		return sodns_drop(s->q);
	log_transfer(s, noop);
	sodns_reply_seal(s->reply);
	return s->reply;
}

/* A transfer that can't go on. Before the last SOA any rcode makes the client give up. */
static sodns_reply_t *give_up(sodns_query_t *q, int rc, bool too_big)
{
	if (rc == SODNS_ECANCELLED || rc == SODNS_ETIMEOUT)
		return sodns_drop(q);
	return sodns_fail(q, SODNS_SERVFAIL,
			  too_big              ? "a record is too big for a transfer"
			  : rc == SODNS_ENOMEM ? "no memory for the transfer"
					       : "the transfer failed");
}

/* What begins when the chain has ended. */
struct job {
	const struct origin *origin;
	const uint32_t *since;
	uint32_t serial;
	struct collected *collected; /* NULL: the origin reads what is counted */
};

/* `errors` has ended with the chain. */
static void complain(sodns_query_t *q, const sodns_reply_t *r)
{
	char zone[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(sodns_query_original_name(q), zone);
	if (sodns_reply_error(r))
		sodns_log(SODNS_LOG_ERROR, "transfer", "Failed transfer of zone \"%s\": %s", zone,
			  sodns_reply_error(r));
}

static sodns_reply_t *run(sodns_query_t *q, void *arg)
{
	const struct job *j = arg;
	const struct origin *o = j->origin;
	struct stream s = {.q = q, .reply = sodns_reply(q)};
	s.buffer = sodns_alloc(q, MESSAGE_MAX);
	sodns_reply_set_flags(s.reply, SODNS_AA, 0);
	int rc = j->collected ? collected_each(j->collected, emit, &s)
			      : o->ability->transfer(o->self, q, sodns_query_name(q), j->since,
						     emit, &s);
	if (!rc)
		return finish(&s, j->since && s.soa_only);
	sodns_reply_t *r = give_up(q, rc, s.too_big);
	complain(q, r);
	return r;
}

/* The first set will do. */
static int found(void *arg, const sodns_rrset_t *set)
{
	(void)arg;
	(void)set;
	return 1;
}

static bool is_counted(const sodns_transfer_ability_t *a)
{
	return a->size >= offsetof(sodns_transfer_ability_t, counted) + sizeof(a->counted) &&
	       a->counted;
}

/* Whether the origin has the zone (SODNS_ENOENT: it has not), and all of it where it is to be
 * collected. */
static int look(sodns_query_t *q, struct job *j)
{
	const struct origin *o = j->origin;
	int rc;
	if (is_counted(o->ability)) {
		rc = o->ability->transfer(o->self, q, sodns_query_name(q), j->since, found, NULL);
		return rc == 1 ? SODNS_OK : rc;
	}
	j->collected = collected_new(q);
	rc = o->ability->transfer(o->self, q, sodns_query_name(q), j->since, collected_add,
				  j->collected);
	return rc == SODNS_ENOENT && !collected_is_empty(j->collected) ? SODNS_EIO : rc;
}

sodns_reply_t *stream_zone(const struct transfer *t, sodns_query_t *q, const uint32_t *since)
{
	struct job *j = sodns_alloc(q, sizeof(*j));
	int rc = SODNS_ENOENT;
	*j = (struct job){.serial = since ? *since : 0};
	j->since = since ? &j->serial : NULL;
	for (const struct origin *o = t->origins; o && rc == SODNS_ENOENT; o = o->next) {
		j->origin = o;
		j->collected = NULL;
		rc = look(q, j);
	}
	if (rc == SODNS_ENOENT)
		return NULL;
	return rc ? give_up(q, rc, false) : sodns_stream(q, run, j);
}
