/*
 * The NSEC3 records of a zone: which chain of them answers, and the two questions that a proof asks of it.
 */
#include "zone/nsec3.h"

#include <sodns/digest.h>
#include <sodns/log.h>
#include <sodns/text.h>

/* Algorithm, flags, iterations, length of the salt. */
#define FIXED 5u
/* A zone may have the records of several chains; those of others are passed over, so many at most. */
#define FOREIGN_MAX 4096u

void nsec3_label(const zone_denial_t *d, const uint8_t *name, uint8_t label[HASH_LABEL])
{
	uint8_t digest[SODNS_DIGEST_MAX];
	char text[HASH_LABEL];
	sodns_digest_part_t parts[] = {{name, sodns_name_length(name)}, {d->salt, d->salt_len}};
	for (unsigned i = 0; i <= d->iterations; i++) {
		parts[0].len = sodns_digest(SODNS_SHA1, parts, 2, digest);
		parts[0].bytes = digest;
	}
	sodns_base32hex_encode(digest, parts[0].len, text, sizeof(text));
	label[0] = HASH_LABEL - 1;
	memcpy(label + 1, text, HASH_LABEL - 1);
}

/* Whether RDATA of NSEC3 or NSEC3PARAM has the chain's parameters. */
static bool has_parameters(const zone_denial_t *d, const uint8_t *p, size_t len)
{
	return len >= FIXED + d->salt_len && p[0] == 1 && (p[2] << 8 | p[3]) == d->iterations &&
	       p[4] == d->salt_len && !memcmp(p + FIXED, d->salt, d->salt_len);
}

static const zone_set_t *set_of(const zone_state_t *s, uint16_t type)
{
	const zone_set_t *set = s ? (const zone_set_t *)(const void *)s->bytes : NULL;
	for (unsigned i = s ? s->sets : 0; i; i--, set = set_after(set))
		if (set->type == type)
			return set;
	return NULL;
}

static bool in_chain(const sodns_node_t *n, const zone_version_t *version)
{
	const zone_set_t *set = set_of(state_at(n, version->number), SODNS_TYPE_NSEC3);
	const uint8_t *at = set ? set->data : NULL;
	uint16_t len;
	for (unsigned i = set ? set->count : 0; i; i--, at += len) {
		at = sodns_rdata(at, &len);
		if (has_parameters(&version->denial, at, len))
			return true;
	}
	return false;
}

/* There are no chains in a zone whose origin leaves no room for the label. */
static void name_of(const sodns_zone_t *z, const uint8_t *label, uint8_t name[SODNS_NAME_MAX])
{
	memcpy(name, label, HASH_LABEL);
	memcpy(name + HASH_LABEL, z->origin, z->origin_len);
}

const sodns_node_t *nsec3_match(const sodns_zone_t *z, const zone_version_t *version,
				const uint8_t *label)
{
	uint8_t name[SODNS_NAME_MAX];
	name_of(z, label, name);
	const sodns_node_t *n = table_child(z, z->hashes, sodns_name_hash(name), label);
	return n && in_chain(n, version) ? n : NULL;
}

const sodns_node_t *nsec3_cover(const sodns_zone_t *z, const zone_version_t *version,
				const uint8_t *label)
{
	uint8_t name[SODNS_NAME_MAX];
	name_of(z, label, name);
	const sodns_node_t *n = order_hash_before(z, name, false);
	for (unsigned i = 0; i < FOREIGN_MAX; i++) {
		if (!n)
			n = order_last_hash(z);
		if (!n || in_chain(n, version))
			return n;
		sodns_node_name(n, name);
		n = order_hash_before(z, name, false);
	}
	return NULL;
}

static void read_parameters(zone_denial_t *d, const uint8_t *rdata)
{
	d->iterations = (uint16_t)(rdata[2] << 8 | rdata[3]);
	d->salt_len = rdata[4];
	memcpy(d->salt, rdata + FIXED, d->salt_len);
}

static bool can_hash(const sodns_zone_t *z)
{
	char err[512], name[SODNS_NAME_TEXT_MAX];
	if (!sodns_digest_open(err, sizeof(err)))
		return true;
	sodns_name_to_text(z->origin, name);
	sodns_log(SODNS_LOG_ERROR, NULL, "%s: its NSEC3 records are of no use: %s", name, err);
	return false;
}

/* Takes the chain of an NSEC3PARAM record, if it is SHA-1's and there. */
static bool take_chain(const sodns_zone_t *z, zone_version_t *version, const uint8_t *rdata,
		       size_t len)
{
	zone_denial_t *d = &version->denial;
	/* Flags other than zero: the chain is not finished, or of no kind that is known (4.1.2). */
	if (len < FIXED || len != FIXED + rdata[4] || rdata[0] != 1 || rdata[1])
		return false;
	read_parameters(d, rdata);
	if (d->iterations > NSEC3_ITERATIONS_MAX) {
		d->refused = d->iterations;
		return false;
	}
	if (!can_hash(z))
		return false;
	nsec3_label(d, z->origin, d->apex);
	return nsec3_match(z, version, d->apex) != NULL;
}

static bool take_chains(const sodns_zone_t *z, zone_version_t *version, const zone_set_t *param)
{
	const uint8_t *at = param->data;
	uint16_t len;
	for (unsigned i = param->count; i; i--, at += len) {
		at = sodns_rdata(at, &len);
		if (take_chain(z, version, at, len))
			return true;
	}
	return false;
}

void denial_choose(sodns_zone_t *z, zone_version_t *version)
{
	zone_denial_t *d = &version->denial;
	const zone_state_t *apex = state_at(z->apex, version->number);
	const zone_set_t *param = set_of(apex, SODNS_TYPE_NSEC3PARAM);
	uint8_t star[SODNS_NAME_MAX];
	d->kind = set_of(apex, SODNS_TYPE_NSEC) ? DENIAL_NSEC : DENIAL_NONE;
	if (!param || z->origin_len + HASH_LABEL > SODNS_NAME_MAX)
		return;
	if (!take_chains(z, version, param))
		return;
	star[0] = 1;
	star[1] = '*';
	memcpy(star + 2, z->origin, z->origin_len);
	nsec3_label(d, star, d->star);
	d->kind = DENIAL_NSEC3;
	d->refused = 0;
}

unsigned denial_refused(sodns_zone_t *z)
{
	pthread_mutex_lock(&z->lock);
	const zone_version_t *version = atomic_load(&z->current);
	unsigned refused = version->denial.refused;
	pthread_mutex_unlock(&z->lock);
	return refused;
}
