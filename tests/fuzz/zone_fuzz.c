/*
 * Master files: every record that comes out is valid, can be printed, and is taken by the store.
 */
#include <stdlib.h>

#include <sodns/zone.h>

#include "fuzz.h"
#include "message/rdata.h"
#include "zone/epoch.h"
#include "zone/zonefile.h"

static int take(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	static char text[65536 * 8];
	(void)err;
	(void)err_size;
	if (!rdata_valid(rr->type, rr->rdata, rr->rdata_len))
		abort();
	if (sodns_rdata_to_text(rr->type, rr->rdata, rr->rdata_len, text, sizeof(text)) >=
	    sizeof(text))
		abort();
	sodns_txn_add(ctx, rr->owner, rr->type, rr->ttl, rr->rdata, rr->rdata_len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t origin[] = "\x04zone";
	const zonefile_options_t options = {
		.origin = origin, .default_ttl = 60, .no_include = true};
	char err[1024];
	sodns_zone_t *z = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(z);
	int rc = zonefile_parse_text("zone", (const char *)data, len, &options, take, t, err,
				     sizeof(err));
	if (rc)
		sodns_txn_abort(t);
	else
		sodns_txn_commit(t);
	sodns_zone_free(z);
	grace_reclaim();
	return 0;
}
