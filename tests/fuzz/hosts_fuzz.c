/*
 * Hosts files: whatever the text is, the table holds well-formed RDATA only.
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/intree/hosts/hosts.h"
#include "fuzz.h"

static void check(const struct entry *e)
{
	for (int k = 0; k < SETS; k++) {
		if (!e->sets[k].count)
			continue;
		const uint8_t *at = e->sets[k].data, *end = at + e->sets[k].len;
		for (unsigned i = 0; i < e->sets[k].count; i++) {
			uint16_t len;
			const uint8_t *rdata = sodns_rdata(at, &len);
			size_t right = k == SET_A      ? 4
				       : k == SET_AAAA ? 16
						       : sodns_name_length(rdata);
			at = rdata + len;
			if (len != right || at > end)
				abort();
		}
		if (at != end)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t root[1];
	static const uint8_t *const zones[] = {root};
	const struct hosts h = {
		.zones = zones, .zone_count = 1, .no_reverse = len && data[0] == '!'};
	/* Of just this size, so that reading beyond it shows. */
	char *text = malloc(len ? len : 1);
	if (!text)
		return 0;
	memcpy(text, data, len);
	struct table *t = table_new();
	sodns_text_t lines = {0};
	sodns_text_begin(&lines, text, len);
	hosts_parse(&h, t, &lines);
	free(text);
	for (uint32_t i = 0; i < t->size; i++)
		for (const struct entry *e = t->buckets[i]; e; e = e->next)
			check(e);
	table_free(t);
	return 0;
}
