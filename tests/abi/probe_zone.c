/*
 * Probes of the zone store.
 */
#include <string.h>

#include "probe.h"

static void add(sodns_txn_t *t, const char *line)
{
	char err[256];
	uint8_t space[512];
	sodns_rrset_t set;
	uint16_t len;
	if (sodns_rrset_from_text(line, strlen(line), 60, space, &set, err, sizeof(err)))
		return;
	const uint8_t *rdata = sodns_rdata(set.data, &len);
	sodns_txn_add(t, set.owner, set.type, set.ttl, rdata, len);
}

/* Two versions: the second one takes away what the first one had. */
void probe_zone_fill(struct probe *p)
{
	static const uint8_t origin[] = "\4zone", gone[] = "\4gone\4zone";
	p->zone = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(p->zone);
	add(t, "zone. SOA ns.zone. admin.zone. 7 1 2 3 4");
	add(t, "zone. NS ns.zone.");
	add(t, "www.zone. TXT \"from the zone\"");
	add(t, "*.wild.zone. A 192.0.2.3");
	add(t, "gone.zone. A 192.0.2.4");
	sodns_txn_commit(t);
	t = sodns_zone_begin(p->zone);
	sodns_txn_remove(t, gone, SODNS_TYPE_ANY, NULL, 0);
	sodns_txn_commit(t);
	sodns_txn_abort(sodns_zone_begin(p->zone));
}

const char *probe_zone(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		       sodns_reply_t **r)
{
	enum sodns_zone_result result;
	(void)h;
	*r = sodns_zone_answer(q, p->zone, &result);
	return NULL;
}

static int count(void *arg, const sodns_rrset_t *set)
{
	*(unsigned *)arg += set->count;
	return 0;
}

const char *probe_find(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		       sodns_reply_t **r)
{
	static const uint8_t name[] = "\1x\4wild\4zone";
	const sodns_zone_view_t *v = sodns_zone_view(q, p->zone);
	sodns_zone_match_t m;
	sodns_rrset_t set = {0};
	uint8_t encloser[SODNS_NAME_MAX];
	char text[SODNS_NAME_TEXT_MAX];
	unsigned walked = 0;
	uint32_t serial = 0;
	(void)h;
	(void)r;
	if (!sodns_zone_find(v, name, &m) || m.node || !m.wildcard)
		return "not found by its wildcard";
	bool has = sodns_node_set(v, m.wildcard, name, SODNS_TYPE_A, 0, &set);
	sodns_node_name(m.encloser, encloser);
	sodns_name_to_text(encloser, text);
	sodns_zone_walk(v, count, &walked);
	sodns_zone_serial(p->zone, &serial);
	return sodns_printf(q, "%d %u %s %u %d %u %zu %u", has, set.count, text, m.encloser_labels,
			    sodns_node_has_records(v, m.encloser), walked,
			    sodns_zone_records(p->zone), (unsigned)serial);
}
