/*
 * Master files: every record that comes out is valid, can be printed, and is taken by the store; and
 * whatever the zone is, it is answered from, with proofs.
 */
#include <stdlib.h>

#include <sodns/zone.h>

#include "fuzz.h"
#include "message/rdata.h"
#include "message/reply.h"
#include "query.h"
#include "server/server.h"
#include "reclaim/epoch.h"
#include "zone/zonefile.h"

#define OWNERS 6

/* What is loaded, and some of the owners. */
struct load {
	sodns_txn_t *t;
	uint8_t owners[OWNERS][SODNS_NAME_MAX];
	unsigned count;
};

static int take(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	static char text[65536 * 8];
	struct load *l = ctx;
	(void)err;
	(void)err_size;
	if (!rdata_valid(rr->type, rr->rdata, rr->rdata_len))
		abort();
	if (sodns_rdata_to_text(rr->type, rr->rdata, rr->rdata_len, text, sizeof(text)) >=
	    sizeof(text))
		abort();
	int rc = sodns_txn_add(l->t, rr->owner, rr->type, rr->ttl, rr->rdata, rr->rdata_len);
	if (!rc && l->count < OWNERS)
		sodns_name_lower(rr->owner, l->owners[l->count++]);
	return 0;
}

static void ask(const sodns_zone_t *z, const uint8_t *label, const uint8_t *owner, uint16_t type)
{
	static const server_t nothing;
	static uint8_t out[65535];
	uint8_t name[SODNS_NAME_MAX], packet[SODNS_NAME_MAX + 32] = {1, 2, 0, 0, 0, 1};
	sodns_query_t q;
	query_shared_t shared;
	enum sodns_zone_result result;
	size_t front = label[0] ? label[0] + 1u : 0, len = sodns_name_length(owner);
	if (front + len > sizeof(name))
		return;
	memcpy(packet + 12, label, front);
	memcpy(packet + 12 + front, owner, len);
	const uint8_t tail[] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1};
	memcpy(packet + 12 + front + len, tail, sizeof(tail));
	query_begin(&q, &shared, SODNS_TCP);
	q.server = &nothing;
	if (query_parse(&q, packet, 12 + front + len + sizeof(tail)) == PARSE_OK) {
		q.has_edns = true;
		q.edns_flags = 0x8000;
		message_encode(&q, sodns_zone_answer(&q, z, &result), out, sizeof(out));
	}
	arena_reset(&shared.arena);
}

static void ask_all(const sodns_zone_t *z, const struct load *l)
{
	static const uint8_t labels[][3] = {"", "\x01x", "\x01*"};
	static const uint16_t types[] = {SODNS_TYPE_A, SODNS_TYPE_DS, SODNS_TYPE_ANY,
					 SODNS_TYPE_RRSIG, SODNS_TYPE_NSEC3};
	for (unsigned i = 0; i < l->count; i++)
		for (unsigned k = 0; k < 3; k++)
			for (unsigned n = 0; n < sizeof(types) / sizeof(types[0]); n++)
				ask(z, labels[k], l->owners[i], types[n]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t origin[] = "\x04zone";
	const zonefile_options_t options = {
		.origin = origin, .default_ttl = 60, .no_include = true};
	char err[1024];
	sodns_zone_t *z = sodns_zone_new(origin);
	struct load l = {.t = sodns_zone_begin(z)};
	int rc = zonefile_parse_text("zone", (const char *)data, len, &options, take, &l, err,
				     sizeof(err));
	if (rc)
		sodns_txn_abort(l.t);
	else
		sodns_txn_commit(l.t);
	if (!rc)
		ask_all(z, &l);
	sodns_zone_free(z);
	grace_reclaim();
	return 0;
}
