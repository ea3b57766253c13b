/*
 * Single records from presentation form, by the scanner of zone files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/rr.h>

#include "zone/zonefile.h"

struct first {
	sodns_record_t *out;
	unsigned count;
};

static int take(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	struct first *f = ctx;
	if (f->count++) {
		snprintf(err, err_size, "more than one record");
		return -1;
	}
	sodns_name_lower(rr->owner, f->out->owner);
	f->out->type = rr->type;
	f->out->rclass = rr->rclass;
	f->out->ttl = rr->ttl;
	f->out->rdata_len = rr->rdata_len;
	f->out->rdata = malloc(rr->rdata_len + 1u);
	if (!f->out->rdata) {
		snprintf(err, err_size, "out of memory");
		return -1;
	}
	memcpy(f->out->rdata, rr->rdata, rr->rdata_len);
	return 0;
}

int sodns_record_from_text(const char *text, size_t len, const uint8_t *origin,
			   uint32_t default_ttl, sodns_record_t *out, char *err, size_t err_size)
{
	static const uint8_t root[1];
	char why[512];
	struct first f = {.out = out};
	const zonefile_options_t o = {
		.origin = origin ? origin : root, .default_ttl = default_ttl, .no_include = true};
	out->rdata = NULL;
	int rc = zonefile_parse_text("", text, len, &o, take, &f, why, sizeof(why));
	if (!rc && f.count == 1)
		return SODNS_OK;
	free(out->rdata);
	out->rdata = NULL;
	/* "FILE:LINE: " says nothing here. */
	const char *reason = strstr(why, ": ");
	if (err)
		snprintf(err, err_size, "%s", !rc ? "no record" : reason ? reason + 2 : why);
	return SODNS_EINVAL;
}

static int take_set(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	sodns_rrset_t *set = ctx;
	uint8_t *owner = (uint8_t *)(uintptr_t)set->owner, *data = (uint8_t *)(uintptr_t)set->data;
	(void)err;
	(void)err_size;
	memcpy(owner, rr->owner, sodns_name_length(rr->owner));
	data[0] = (uint8_t)(rr->rdata_len >> 8);
	data[1] = (uint8_t)rr->rdata_len;
	*set = (sodns_rrset_t){.owner = owner,
			       .data = data,
			       .data_len = rr->rdata_len + 2u,
			       .ttl = rr->ttl,
			       .type = rr->type,
			       .rclass = rr->rclass,
			       .count = 1};
	return 0;
}

int sodns_rrset_from_text(const char *text, size_t len, uint32_t default_ttl, void *space,
			  sodns_rrset_t *out, char *err, size_t err_size)
{
	static const uint8_t root[1];
	const zonefile_options_t o = {
		.origin = root, .default_ttl = default_ttl, .no_include = true, .keep_case = true};
	uint8_t *owner = space, *data = owner + SODNS_NAME_MAX;
	char why[512];
	out->owner = owner;
	out->data = data;
	int rc = zonefile_parse_first(text, len, &o, data + 2,
				      SODNS_RECORD_SPACE(len) - SODNS_NAME_MAX - 2, take_set, out,
				      why, sizeof(why));
	if (rc >= 0)
		return rc;
	const char *reason = strstr(why, ": ");
	snprintf(err, err_size, "%s", reason ? reason + 2 : why);
	return SODNS_EINVAL;
}
