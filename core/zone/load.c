/*
 * Zones from master files: records into a transaction, and warnings of what can hardly be meant.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sodns/log.h>

#include "zone/txn.h"
#include "zone/zonefile.h"

/* Warnings of one file that are told one by one. */
#define ODD_MAX 10u

enum { TYPE_SIG = 24, TYPE_KEY = 25, TYPE_NXT = 30 };

struct load {
	sodns_txn_t *txn;
	unsigned odd;
	uint8_t warned[SODNS_NAME_MAX]; /* the last name with an alias beside other data */
};

static void warn(struct load *l, const zonefile_record_t *rr, const char *format, const char *arg)
{
	char owner[SODNS_NAME_TEXT_MAX], text[512];
	if (l->odd++ >= ODD_MAX)
		return;
	sodns_name_to_text(rr->owner, owner);
	snprintf(text, sizeof(text), format, arg);
	sodns_log(SODNS_LOG_WARNING, NULL, "%s:%u: %s: %s", rr->file, rr->line, owner, text);
}

/* Types that stand beside an alias (RFC 4034, 2.5 and 4; RFC 2535, 2.3.5). */
static bool goes_with_alias(uint16_t type)
{
	return type == SODNS_TYPE_RRSIG || type == SODNS_TYPE_NSEC || type == SODNS_TYPE_NSEC3 ||
	       type == TYPE_SIG || type == TYPE_KEY || type == TYPE_NXT;
}

/* Knot, NSD and BIND refuse such zones (RFC 1034, 3.6.2; RFC 2181, 10.1). */
static void look_for_alias(struct load *l, const zonefile_record_t *rr)
{
	const zone_set_t *s = (const zone_set_t *)(const void *)l->txn->buffer;
	unsigned aliases = 0, others = 0;
	for (unsigned i = 0; i < l->txn->sets; i++, s = set_after(s)) {
		if (s->type == SODNS_TYPE_CNAME)
			aliases += s->count;
		else if (!goes_with_alias(s->type))
			others++;
	}
	if (!aliases || (aliases == 1 && !others) || sodns_name_equal(l->warned, rr->owner))
		return;
	memcpy(l->warned, rr->owner, sodns_name_length(rr->owner));
	warn(l, rr, "CNAME and other data: an alias has one CNAME record and no others%s", "");
}

/* The scanner has looked at the RDATA: what the transaction does not take is not in its zone. */
static int load_record(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	struct load *l = ctx;
	char origin[SODNS_NAME_TEXT_MAX];
	int rc = txn_add(l->txn, rr->owner, rr->type, rr->ttl, rr->rdata, rr->rdata_len);
	if (rc == SODNS_EINVAL) {
		sodns_name_to_text(l->txn->z->origin, origin);
		warn(l, rr, "out of zone data: it is not in zone %s, and left out", origin);
		return SODNS_OK;
	}
	if (rc == SODNS_ENOMEM)
		snprintf(err, err_size, "out of memory");
	else if (!rc && (rr->type == SODNS_TYPE_CNAME || l->txn->sets > 1))
		look_for_alias(l, rr);
	return rc;
}

int sodns_txn_load_file(sodns_txn_t *t, const char *path, unsigned *files, char *err,
			size_t err_size)
{
	struct stat st;
	/* A line has about 36 bytes: what is reserved beyond need is never touched. */
	if (!stat(path, &st) && table_reserve(t->z, (size_t)st.st_size / 36))
		return SODNS_ENOMEM;
	zonefile_options_t options = {
		.origin = t->z->origin, .default_ttl = 3600, .soa_ttl = true, .files = files};
	if (files)
		*files = 0;
	struct load l = {.txn = t};
	int rc = zonefile_parse_file(path, &options, load_record, &l, err, err_size);
	if (l.odd > ODD_MAX)
		sodns_log(SODNS_LOG_WARNING, NULL, "%s: %u more records like these", path,
			  l.odd - ODD_MAX);
	return rc;
}

struct first_serial {
	uint32_t serial;
	bool found;
};

/* Stops at the first SOA. */
static int read_serial(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	struct first_serial *f = ctx;
	(void)err;
	(void)err_size;
	if (rr->type != SODNS_TYPE_SOA)
		return 0;
	f->serial = txn_soa_serial(rr->rdata);
	f->found = true;
	return 1;
}

int sodns_zone_file_serial(const char *path, const uint8_t *origin, uint32_t *serial, char *err,
			   size_t err_size)
{
	struct first_serial f = {0};
	zonefile_options_t options = {.origin = origin, .default_ttl = 3600};
	int rc = zonefile_parse_file(path, &options, read_serial, &f, err, err_size);
	*serial = f.serial;
	if (f.found)
		return SODNS_OK;
	return rc ? SODNS_EINVAL : SODNS_ENOENT;
}
