/*
 * Objects of an API server, whatever they are: reduced, stored, changed, found again and dropped. A
 * line is an object; its first two characters say of which collection it is and what becomes of it.
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/intree/kubernetes/kubernetes.h"
#include "fuzz.h"
#include "reclaim/epoch.h"

static struct cluster cluster;

/* Every endpoint of every service, by its own name and as one of many. */
static void walk_all(const struct set *x)
{
	const struct table *t = sodns_reach(&x->services.table);
	const struct service *s;
	uint32_t at = 0;
	while ((s = map_each(t, &at))) {
		struct walk w;
		struct endpoint e;
		uint32_t walked = 0, known = 0;
		if (store_service(x, service_key(s), s->key_len) != s)
			abort();
		for (uint16_t i = 0; i < s->slice_count; i++)
			known += s->slices[i]->count;
		walk_begin(&w, s, NULL);
		while (walk_next(&w, &e, true)) {
			struct address a = {.size = e.rdata[1]};
			struct name n = {0};
			memcpy(a.bytes, e.rdata + 2, a.size);
			if (!slice_has(e.slice, &a))
				abort();
			name_add_text(&n, e.label.at, e.label.len);
			name_add_wire(&n, service_key(s), s->key_len);
			walked++;
		}
		if (walked != known)
			abort();
	}
}

/* What is asked for with a name out of the input. */
static void ask(const uint8_t *text, size_t len)
{
	static const uint8_t zone[] = "\1z", *const zones[] = {zone};
	struct kubernetes k = {.cluster = &cluster,
			       .zones = zones,
			       .zone_count = 1,
			       .primary = zone,
			       .pods = PODS_VERIFIED,
			       .zonal = true};
	char name[256];
	uint8_t wire[SODNS_NAME_MAX], lower[SODNS_NAME_MAX];
	struct question q;
	struct found f;
	len = len < sizeof(name) - 1 ? len : sizeof(name) - 1;
	memcpy(name, text, len);
	name[len] = 0;
	if (sodns_name_from_text(name, zone, wire) <= 0 || !sodns_name_is_below(wire, zone))
		return;
	sodns_name_lower(wire, lower);
	question_read(&q, &k, lower, wire, zone);
	find(&k, &q, &f);
}

static void take(const uint8_t *line, size_t len)
{
	sodns_json_t j;
	bool headless;
	if (len < 2)
		return;
	int collection = line[0] % COLLECTIONS;
	if (line[1] == '?') {
		ask(line + 2, len - 2);
		return;
	}
	if (line[1] == '<')
		store_list_begin(&cluster.store, collection);
	if (line[1] == '>') {
		store_list_end(&cluster.store, collection);
		while (store_sweep(&cluster.store, collection))
			;
	}
	sodns_json_begin(&j, (const char *)line + 2, len - 2);
	store_object(&cluster.store, collection, (enum sodns_watch_kind)(line[1] % 4), &j,
		     &headless);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = data + len;
	memset(&cluster, 0, sizeof(cluster));
	cluster.store.pod_names = len & 1;
	cluster.store.zones = true;
	store_init(&cluster.store);
	while (data < end) {
		const uint8_t *stop = memchr(data, '\n', (size_t)(end - data));
		stop = stop ? stop : end;
		take(data, (size_t)(stop - data));
		data = stop + 1;
	}
	walk_all(&cluster.store.sets[LOCAL]);
	walk_all(&cluster.store.sets[IMPORTED]);
	store_free(&cluster.store);
	grace_reclaim();
	return 0;
}
