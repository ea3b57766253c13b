/*
 * Everything that a version of a zone has, name by name, for transfers. The walk goes by the order
 * of names, a run of nodes at a time: when it goes on after a wait the tree may be another one, so
 * that it finds its place again by name.
 */
#include "zone/store.h"

#define RUN 64u

typedef int (*emit_f)(void *arg, const sodns_rrset_t *set);

static int walk_node(const sodns_zone_view_t *v, const sodns_node_t *n, const uint8_t *owner,
		     uint16_t without, emit_f fn, void *arg)
{
	sodns_rrset_t set;
	unsigned at = 0;
	int rc = SODNS_OK;
	while (!rc && sodns_node_next(v, n, owner, &at, &set))
		if (set.type != without)
			rc = fn(arg, &set);
	return rc;
}

static int walk_apex(const sodns_zone_view_t *v, emit_f fn, void *arg)
{
	const sodns_node_t *apex = sodns_zone_apex(v);
	sodns_rrset_t soa;
	int rc = SODNS_OK;
	if (sodns_node_set(v, apex, v->zone->origin, SODNS_TYPE_SOA, 0, &soa))
		rc = fn(arg, &soa);
	return rc ? rc : walk_node(v, apex, v->zone->origin, SODNS_TYPE_SOA, fn, arg);
}

/* The next nodes that this version has; `name` moves on to the last one looked at. Those are kept by
 * the version whatever happens while a query waits; others may go. */
static bool next_run(const sodns_zone_view_t *v, bool hashes, uint8_t *name, sodns_node_t **run,
		     size_t *count)
{
	size_t found = order_run(v->zone, hashes, name, run, RUN);
	*count = 0;
	if (!found)
		return false;
	sodns_node_name(run[found - 1], name);
	for (size_t i = 0; i < found; i++)
		if (sodns_node_has_records(v, run[i]))
			run[(*count)++] = run[i];
	return true;
}

/* What is below a top: the names, or the NSEC3 records. */
static int walk_below(const sodns_zone_view_t *v, bool hashes, emit_f fn, void *arg)
{
	sodns_node_t *run[RUN];
	uint8_t last[SODNS_NAME_MAX], owner[SODNS_NAME_MAX];
	size_t count;
	int rc = SODNS_OK;
	memcpy(last, v->zone->origin, v->zone->origin_len);
	while (!rc && next_run(v, hashes, last, run, &count))
		for (size_t i = 0; i < count && !rc; i++) {
			sodns_node_name(run[i], owner);
			rc = walk_node(v, run[i], owner, 0, fn, arg);
		}
	return rc;
}

int sodns_zone_walk(const sodns_zone_view_t *v, emit_f fn, void *arg)
{
	int rc = walk_apex(v, fn, arg);
	if (!rc)
		rc = walk_below(v, false, fn, arg);
	return rc ? rc : walk_below(v, true, fn, arg);
}

int sodns_zone_transfer(sodns_query_t *q, const sodns_zone_t *z, const uint32_t *since, emit_f emit,
			void *arg)
{
	const sodns_zone_view_t *v = sodns_zone_view(q, z);
	sodns_rrset_t soa;
	if (!sodns_node_set(v, sodns_zone_apex(v), z->origin, SODNS_TYPE_SOA, 0, &soa))
		return SODNS_EINVAL;
	/* As in CoreDNS the serial 0 asks for everything. */
	if (since && *since && *since == v->version->serial)
		return emit(arg, &soa);
	return sodns_zone_walk(v, emit, arg);
}
