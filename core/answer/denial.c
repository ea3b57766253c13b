/*
 * Proofs that something is not there. NSEC: the record of the name, or the one before it. NSEC3: the
 * record that matches the closest encloser, and the one that covers the next closer name; names that
 * lead to unsigned delegations alone may have no record (opt-out), so that the closest encloser is
 * the closest one that can be proved.
 */
#include <string.h>

#include "answer/answer.h"
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

/* The node whose NSEC3 record covers a name. */
static const sodns_node_t *cover(const answer_t *a, const uint8_t *name)
{
	uint8_t label[HASH_LABEL];
	nsec3_label(&a->view->version->denial, name, label);
	return nsec3_cover(a->zone, a->view->version, label);
}

/* The closest encloser that can be proved: that of a name, with `labels` labels, or one above it. */
struct proved {
	const uint8_t *name;
	const sodns_node_t *node;
	unsigned labels;
	bool higher; /* not the closest encloser itself: there are unsigned delegations between */
};

static struct proved find_proved(const answer_t *a, const uint8_t *name, unsigned labels)
{
	unsigned all = sodns_name_labels(name), k = labels;
	struct proved p;
	do {
		p.name = sodns_name_parent(name, all - k);
		p.node = match(a, p.name);
	} while (!p.node && k-- > a->zone->origin_labels);
	p.higher = !p.node || k < labels;
	p.labels = p.node ? k : a->zone->origin_labels;
	return p;
}

/* The record that matches or covers the wildcard below an encloser. */
static const sodns_node_t *match_star(answer_t *a, const uint8_t *encloser)
{
	const zone_version_t *version = a->view->version;
	if (sodns_name_equal(encloser, a->zone->origin))
		return nsec3_match(a->zone, version, version->denial.star);
	return match(a, star_below(a, encloser));
}

static const sodns_node_t *cover_star(answer_t *a, const uint8_t *encloser)
{
	const zone_version_t *version = a->view->version;
	if (sodns_name_equal(encloser, a->zone->origin))
		return nsec3_cover(a->zone, version, version->denial.star);
	return cover(a, star_below(a, encloser));
}

/* The next closer name to an encloser that was proved. */
static const sodns_node_t *cover_next(const answer_t *a, const uint8_t *name,
				      const struct proved *p)
{
	unsigned all = sodns_name_labels(name);
	return p->labels < all ? cover(a, sodns_name_parent(name, all - p->labels - 1)) : NULL;
}

/* What exists by unsigned delegations alone has no records of its own. The wildcard of a name further
 * up does not stand for what is below it, but nothing can show that: the answer is one without
 * signatures then, which validators believe for the delegations' sake. */
static bool nsec3_deny_name(answer_t *a, unsigned encloser)
{
	struct proved p = find_proved(a, a->name, encloser);
	if (p.higher && match_star(a, p.name))
		return false;
	add_proof(a, p.node, SODNS_TYPE_NSEC3);
	add_proof(a, cover_next(a, a->name, &p), SODNS_TYPE_NSEC3);
	add_proof(a, cover_star(a, p.name), SODNS_TYPE_NSEC3);
	return true;
}

/* As before, where the record that covers the name is that wildcard's. Only its closest encloser
 * counts for DS. */
static bool nsec3_deny_type(answer_t *a, const uint8_t *name, unsigned encloser, bool ds)
{
	struct proved p = find_proved(a, name, encloser);
	const sodns_node_t *next = cover_next(a, name, &p);
	if (p.higher && next && !ds && next == match_star(a, p.name))
		return false;
	add_proof(a, p.node, SODNS_TYPE_NSEC3);
	add_proof(a, next, SODNS_TYPE_NSEC3);
	return true;
}

void deny_ds(answer_t *a, const sodns_node_t *cut, const uint8_t *name)
{
	if (kind(a) == DENIAL_NSEC)
		nsec_deny_type(a, cut, name);
	if (kind(a) == DENIAL_NSEC3)
		nsec3_deny_type(a, name, sodns_name_labels(name), true);
}

bool deny_type(answer_t *a, const sodns_node_t *n)
{
	if (kind(a) == DENIAL_NSEC)
		nsec_deny_type(a, n, a->name);
	if (kind(a) == DENIAL_NSEC3)
		return nsec3_deny_type(a, a->name, sodns_name_labels(a->name),
				       a->type == SODNS_TYPE_DS);
	return true;
}

bool deny_name(answer_t *a, const sodns_zone_match_t *m)
{
	if (kind(a) == DENIAL_NSEC) {
		nsec_cover(a, a->name);
		nsec_cover(a, star_below(a, suffix(a, m->encloser_labels)));
	}
	return kind(a) != DENIAL_NSEC3 || nsec3_deny_name(a, m->encloser_labels);
}

void deny_closer(answer_t *a, const sodns_zone_match_t *m)
{
	if (kind(a) == DENIAL_NSEC)
		nsec_cover(a, a->name);
	if (kind(a) == DENIAL_NSEC3)
		add_proof(a, cover(a, suffix(a, m->encloser_labels + 1u)), SODNS_TYPE_NSEC3);
}

bool deny_wildcard_type(answer_t *a, const sodns_zone_match_t *m)
{
	if (kind(a) == DENIAL_NONE)
		return true;
	const uint8_t *star = answer_name_of(a, m->wildcard);
	if (kind(a) == DENIAL_NSEC) {
		nsec_deny_type(a, m->wildcard, star);
		nsec_cover(a, a->name);
		return true;
	}
	if (!nsec3_deny_type(a, a->name, m->encloser_labels, a->type == SODNS_TYPE_DS))
		return false;
	add_proof(a, match(a, star), SODNS_TYPE_NSEC3);
	return true;
}
