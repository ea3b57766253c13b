/*
 * Networks as sorted ranges: thousands of them cost a dozen comparisons.
 */
#include <stdlib.h>
#include <string.h>

#include "acl.h"

static struct range range_of(const sodns_prefix_t *p)
{
	struct range r;
	memset(&r, 0, sizeof(r));
	unsigned width = p->address.family == 4 ? 4 : 16;
	for (unsigned i = 0; i < width; i++) {
		unsigned bits = p->bits > i * 8 ? p->bits - i * 8u : 0;
		uint8_t mask = bits >= 8 ? 0xff : (uint8_t)(0xff00u >> bits);
		r.first[i] = p->address.bytes[i] & mask;
		r.last[i] = p->address.bytes[i] | (uint8_t)~mask;
	}
	return r;
}

static int by_first(const void *a, const void *b)
{
	return memcmp(((const struct range *)a)->first, ((const struct range *)b)->first, 16);
}

void prefixes_build(sodns_setup_t *s, struct prefixes *p, const sodns_prefix_t *nets, size_t count,
		    uint8_t family)
{
	size_t n = 0;
	p->ranges = sodns_setup_alloc(s, (count + 1) * sizeof(*p->ranges));
	for (size_t i = 0; i < count; i++)
		if (nets[i].address.family == family)
			p->ranges[n++] = range_of(&nets[i]);
	qsort(p->ranges, n, sizeof(*p->ranges), by_first);
	for (size_t i = 0; i < n; i++) {
		struct range *last = p->count ? &p->ranges[p->count - 1] : NULL;
		if (last && memcmp(p->ranges[i].first, last->last, 16) <= 0) {
			if (memcmp(p->ranges[i].last, last->last, 16) > 0)
				memcpy(last->last, p->ranges[i].last, 16);
			continue;
		}
		p->ranges[p->count++] = p->ranges[i];
	}
}

bool prefixes_contain(const struct prefixes *p, const uint8_t address[16])
{
	size_t low = 0, high = p->count;
	if (p->all)
		return true;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (memcmp(p->ranges[middle].last, address, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->count && memcmp(p->ranges[low].first, address, 16) <= 0;
}
