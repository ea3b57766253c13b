/*
 * The orders: at random, by weight, by network. Aliases stay in front of what they lead to.
 */
#include <string.h>

#include "loadbalance.h"

static enum group group_of(uint16_t type)
{
	return type == SODNS_TYPE_CNAME                          ? GROUP_CNAME
	       : type == SODNS_TYPE_A || type == SODNS_TYPE_AAAA ? GROUP_ADDRESS
	       : type == SODNS_TYPE_MX                           ? GROUP_MX
								 : GROUP_REST;
}

/* Takes a section apart, with room for as many records again. False: no two records. */
static bool take_apart(sodns_query_t *q, sodns_reply_t *r, enum sodns_section section,
		       struct records *out)
{
	size_t sets, total = 0, n = 0;
	const sodns_rrset_t *set = sodns_reply_sets(r, section, &sets);
	for (size_t i = 0; i < sets; i++)
		total += set[i].count;
	if (total < 2)
		return false;
	out->at = sodns_alloc(q, total * 2 * sizeof(*out->at));
	out->group = sodns_alloc(q, total * sizeof(*out->group));
	for (size_t i = 0; i < sets; i++) {
		const uint8_t *data = set[i].data;
		for (unsigned k = 0; k < set[i].count; k++, n++) {
			uint16_t len;
			const uint8_t *rdata = sodns_rdata(data, &len);
			out->at[n] = set[i];
			out->at[n].count = 1;
			out->at[n].data = data;
			out->at[n].data_len = len + 2u;
			out->group[n] = group_of(set[i].type);
			data = rdata + len;
		}
	}
	out->count = total;
	return true;
}

static void put_back(sodns_reply_t *r, enum sodns_section section, const sodns_rrset_t *records,
		     size_t count)
{
	sodns_reply_clear(r, section);
	for (size_t i = 0; i < count; i++)
		sodns_reply_add(r, section, &records[i]);
}

/* The records of a group, in their order, written to out; how many there are. */
static size_t pick(const struct records *all, enum group g, sodns_rrset_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < all->count; i++)
		if (all->group[i] == g)
			out[n++] = all->at[i];
	return n;
}

static void swap(sodns_rrset_t *a, sodns_rrset_t *b)
{
	sodns_rrset_t t = *a;
	*a = *b;
	*b = t;
}

static void shuffle(sodns_rrset_t *at, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		swap(&at[i], &at[i + sodns_random_below((uint32_t)(count - i))]);
}

void order_round_robin(sodns_query_t *q, sodns_reply_t *r, enum sodns_section section)
{
	struct records all;
	if (!take_apart(q, r, section, &all))
		return;
	sodns_rrset_t *out = all.at + all.count;
	size_t n = pick(&all, GROUP_CNAME, out);
	n += pick(&all, GROUP_REST, out + n);
	size_t addresses = pick(&all, GROUP_ADDRESS, out + n);
	shuffle(out + n, addresses);
	n += addresses;
	size_t exchangers = pick(&all, GROUP_MX, out + n);
	shuffle(out + n, exchangers);
	put_back(r, section, out, n + exchangers);
}

/* Which of the addresses comes first: each as often as its weight says. */
static size_t choose(const struct weights *w, const sodns_rrset_t *at, size_t count)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += weight_of(w, &at[i]);
	uint32_t hit = sodns_random_below(sum ? sum : 1);
	for (size_t i = 0; i < count; i++) {
		uint32_t value = weight_of(w, &at[i]);
		if (hit < value)
			return i;
		hit -= value;
	}
	return 0;
}

void order_weighted(const struct weights *w, sodns_query_t *q, sodns_reply_t *r,
		    enum sodns_section section)
{
	struct records all;
	if (!w || !take_apart(q, r, section, &all))
		return;
	sodns_rrset_t *out = all.at + all.count;
	size_t n = pick(&all, GROUP_CNAME, out);
	n += pick(&all, GROUP_REST, out + n);
	size_t addresses = pick(&all, GROUP_ADDRESS, out + n);
	if (!addresses)
		return;
	swap(&out[n], &out[n + choose(w, out + n, addresses)]);
	n += addresses;
	n += pick(&all, GROUP_MX, out + n);
	put_back(r, section, out, n);
}

/* Addresses in the preferred networks, the first network's first; then the others. */
static size_t pick_preferred(const struct loadbalance *l, struct records *all, sodns_rrset_t *out)
{
	sodns_address_t a;
	size_t n = 0;
	for (size_t p = 0; p <= l->prefer_count; p++)
		for (size_t i = 0; i < all->count; i++) {
			if (all->group[i] != GROUP_ADDRESS)
				continue;
			bool fits = p == l->prefer_count ||
				    (record_address(&all->at[i], &a) &&
				     sodns_prefix_contains(&l->prefer[p], &a));
			if (!fits)
				continue;
			out[n++] = all->at[i];
			all->group[i] = GROUPS;
		}
	return n;
}

void order_prefer(const struct loadbalance *l, sodns_query_t *q, sodns_reply_t *r,
		  enum sodns_section section)
{
	struct records all;
	if (!take_apart(q, r, section, &all))
		return;
	sodns_rrset_t *out = all.at + all.count;
	size_t n = pick(&all, GROUP_CNAME, out);
	n += pick_preferred(l, &all, out + n);
	n += pick(&all, GROUP_MX, out + n);
	n += pick(&all, GROUP_REST, out + n);
	put_back(r, section, out, n);
}
