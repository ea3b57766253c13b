/*
 * Proofs that something is not there. NSEC: the record of the name, or the one before it. NSEC3: the
 * record that matches the closest encloser, and the one that covers the next closer name; names that
 * lead to unsigned delegations alone may have no record (opt-out), so that the closest encloser is
 * the closest one that can be proved.
 */
#include <string.h>

#include "zone/answer.h"
#include "zone/nsec3.h"

/* Names without NSEC that are passed on the way back: what lies below delegations. */
#define UNSIGNED_MAX 4096u

static bool has_been_added(answer_t *a, const uint8_t *data)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(a->reply, SODNS_AUTHORITY, &count);
	for (size_t i = 0; i < count; i++)
		if (sets[i].data == data)
			return true;
	return false;
}

/* One record may prove several things; it is there once. */
static bool add_proof(answer_t *a, const sodns_node_t *n, uint16_t type)
{
	sodns_rrset_t set;
	if (!n || !sodns_node_set(a->view, n, a->apex, type, 0, &set))
		return false;
	if (!has_been_added(a, set.data))
		answer_add(a, SODNS_AUTHORITY, n, answer_name_of(a, n), type);
	return true;
}

static enum denial kind(const answer_t *a)
{
	return a->dnssec ? a->view->version->denial.kind : DENIAL_NONE;
}

/* The name with so many labels that ends the one looked for. */
static const uint8_t *suffix(const answer_t *a, unsigned labels)
{
	return sodns_name_parent(a->name, sodns_name_labels(a->name) - labels);
}

/* The last name before this one that has NSEC. */
static void nsec_cover(answer_t *a, const uint8_t *name)
{
	uint8_t at[SODNS_NAME_MAX];
	const sodns_node_t *n = sodns_zone_previous(a->view, name);
	for (unsigned i = 0; n && i < UNSIGNED_MAX && !add_proof(a, n, SODNS_TYPE_NSEC); i++) {
		sodns_node_name(n, at);
		n = sodns_zone_previous(a->view, at);
	}
}

static const uint8_t *star_below(answer_t *a, const uint8_t *name)
{
	size_t len = sodns_name_length(name);
	uint8_t *out = sodns_alloc(a->q, len + 2);
	out[0] = 1;
	out[1] = '*';
	memcpy(out + 2, name, len);
	return out;
}

static void nsec_deny_type(answer_t *a, const sodns_node_t *n, const uint8_t *name)
{
	if (!add_proof(a, n, SODNS_TYPE_NSEC))
		nsec_cover(a, name);
}

/* The node whose NSEC3 record matches a name. */
static const sodns_node_t *match(const answer_t *a, const uint8_t *name)
{
	const zone_version_t *version = a->view->version;
	uint8_t label[HASH_LABEL];
	if (sodns_name_equal(name, a->zone->origin))
		return nsec3_match(a->zone, version, version->denial.apex);
	nsec3_label(&version->denial, name, label);
	return nsec3_match(a->zone, version, label);
}

static void nsec3_add_cover(answer_t *a, const uint8_t *label)
{
	const sodns_node_t *n = nsec3_cover(a->zone, a->view->version, label);
	add_proof(a, n, SODNS_TYPE_NSEC3);
}

static void cover(answer_t *a, const uint8_t *name)
{
	uint8_t label[HASH_LABEL];
	nsec3_label(&a->view->version->denial, name, label);
	nsec3_add_cover(a, label);
}

/* The closest encloser proof (RFC 5155, 7.2.1) of the ancestor with `labels` labels, or of one above
 * it. Returns the encloser that was proved. */
static const uint8_t *nsec3_deny_closer(answer_t *a, const uint8_t *name, unsigned labels)
{
	unsigned all = sodns_name_labels(name);
	const uint8_t *encloser = sodns_name_parent(name, all - labels);
	while (labels > a->zone->origin_labels &&
	       !add_proof(a, match(a, encloser), SODNS_TYPE_NSEC3))
		encloser = sodns_name_parent(name, all - --labels);
	if (labels == a->zone->origin_labels)
		add_proof(a, match(a, encloser), SODNS_TYPE_NSEC3);
	if (labels < all)
		cover(a, sodns_name_parent(name, all - labels - 1));
	return encloser;
}

static void cover_star(answer_t *a, const uint8_t *encloser)
{
	if (sodns_name_equal(encloser, a->zone->origin))
		nsec3_add_cover(a, a->view->version->denial.star);
	else
		cover(a, star_below(a, encloser));
}

void deny_type(answer_t *a, const sodns_node_t *n, const uint8_t *name)
{
	if (kind(a) == DENIAL_NSEC)
		nsec_deny_type(a, n, name);
	if (kind(a) == DENIAL_NSEC3)
		nsec3_deny_closer(a, name, sodns_name_labels(name));
}

void deny_name(answer_t *a, const sodns_zone_match_t *m)
{
	if (kind(a) == DENIAL_NSEC) {
		nsec_cover(a, a->name);
		nsec_cover(a, star_below(a, suffix(a, m->encloser_labels)));
	}
	if (kind(a) == DENIAL_NSEC3)
		cover_star(a, nsec3_deny_closer(a, a->name, m->encloser_labels));
}

void deny_closer(answer_t *a, const sodns_zone_match_t *m)
{
	if (kind(a) == DENIAL_NSEC)
		nsec_cover(a, a->name);
	if (kind(a) == DENIAL_NSEC3)
		cover(a, suffix(a, m->encloser_labels + 1u));
}

void deny_wildcard_type(answer_t *a, const sodns_zone_match_t *m)
{
	if (kind(a) == DENIAL_NONE)
		return;
	const uint8_t *star = answer_name_of(a, m->wildcard);
	if (kind(a) == DENIAL_NSEC) {
		nsec_deny_type(a, m->wildcard, star);
		nsec_cover(a, a->name);
		return;
	}
	nsec3_deny_closer(a, a->name, m->encloser_labels);
	add_proof(a, match(a, star), SODNS_TYPE_NSEC3);
}
