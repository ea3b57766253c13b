/*
 * tsig: verifies signed queries, refuses those that have to be signed and are not, and has the
 * answers signed.
 */
#include "tsig.h"

static bool required(const struct tsig *t, const sodns_query_t *q)
{
	uint16_t type = sodns_query_type(q);
	return t->all_types || t->types[type / 64] >> type % 64 & 1 ||
	       t->opcodes >> sodns_query_opcode(q) & 1;
}

static sodns_reply_t *reply(sodns_query_t *q, int rcode)
{
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_rcode(r, rcode);
	return r;
}

/* 0, or why the signature does not hold; *mac is the key that the answer is signed with. */
static enum tsig_error verify(const struct tsig *t, const sodns_query_t *q, const struct record *r,
			      const sodns_hmac_key_t **mac)
{
	uint8_t expected[MAC_MAX], owner[SODNS_NAME_MAX];
	size_t len;
	const uint8_t *wire = sodns_query_wire(q, &len);
	sodns_name_lower(r->owner, owner);
	const struct key *key = keys_find(&t->keys, owner);
	const sodns_hmac_key_t *m = key ? keys_mac(key, r->algorithm) : NULL;
	*mac = NULL;
	if (!m)
		return TSIG_BADKEY;
	/* Shortened codes are no good, as in CoreDNS. */
	if (!key->usable || record_mac(m, wire, sodns_query_tsig(q), r, expected) != r->mac_len ||
	    !sodns_hmac_equal(expected, r->mac, r->mac_len))
		return TSIG_BADSIG;
	*mac = m;
	/* The clock matters only of a message that has the key: RFC 8945, 5.2. */
	uint64_t now = sodns_time(), off = now > r->time ? now - r->time : r->time - now;
	return off > r->fudge ? TSIG_BADTIME : TSIG_GOOD;
}

sodns_reply_t *tsig_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct tsig *t = h->self;
	const sodns_hmac_key_t *mac;
	struct record record;
	char buf[16];
	size_t len, at = sodns_query_tsig(q);
	if ((!at && !required(t, q)) || sodns_query_match(q, t->zones, t->zone_count) < 0)
		return sodns_next(h, q);
	const char *type = sodns_type_text(sodns_query_type(q), buf);
	if (!at) {
		sodns_log(SODNS_LOG_DEBUG, NULL, "rejecting '%s' request without TSIG", type);
		return reply(q, SODNS_REFUSED);
	}
	const uint8_t *wire = sodns_query_wire(q, &len);
	if (!record_read(wire, len, at, &record))
		return reply(q, SODNS_FORMERR);
	enum tsig_error error = verify(t, q, &record, &mac);
	sign_answers(q, &record, mac, error);
	if (error == TSIG_GOOD)
		return sodns_next(h, q);
	sodns_log(SODNS_LOG_DEBUG, NULL, "TSIG validation failed: %s %d", type, (int)error);
	return reply(q, SODNS_NOTAUTH);
}

/* "tsig/key": the name of the key that the query was signed with, verified. */
static const char *key_name(void *arg, sodns_query_t *q)
{
	const struct tsig *t = arg;
	const sodns_hmac_key_t *mac;
	struct record record;
	char text[SODNS_NAME_TEXT_MAX];
	uint8_t owner[SODNS_NAME_MAX];
	size_t len;
	const uint8_t *wire = sodns_query_wire(q, &len);
	if (!record_read(wire, len, sodns_query_tsig(q), &record) ||
	    verify(t, q, &record, &mac) != TSIG_GOOD)
		return NULL;
	sodns_name_lower(record.owner, owner);
	sodns_name_to_text(owner, text);
	return sodns_printf(q, "%s", text);
}

void tsig_metadata(void *self, sodns_query_t *q)
{
	if (sodns_query_tsig(q))
		sodns_metadata_set(q, "tsig/key", key_name, self);
}
