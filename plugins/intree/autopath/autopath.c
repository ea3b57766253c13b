/*
 * The way of a query along the search path. A client appends the first element of its search path to
 * what it looks for; that element is taken off again, and what is left is tried with each element,
 * as the client would, until one of the names exists.
 */
#include <string.h>

#include <sodns/metrics.h>

#include "autopath.h"

/* The search path that this client has, its last element the root; 0: none. */
static size_t search_of(const struct autopath *a, sodns_query_t *q, const uint8_t **out)
{
	static const uint8_t root[1];
	size_t n = 0;
	if (a->plugin) {
		n = a->ability ? a->ability->search(a->provider, q, out, SEARCH_MAX) : 0;
		if (!n || !*out[n - 1])
			return n;
	}
	for (size_t i = 0; i < a->search.count; i++)
		out[n++] = a->search.name[i];
	if (n)
		out[n++] = root;
	return n;
}

static void count_success(const sodns_query_t *q)
{
	static const char *const labels[] = {"server", NULL};
	static const sodns_family_t family = {.name = "coredns_autopath_success_total",
					      .help = "Counter of requests that did autopath.",
					      .labels = labels};
	const char *server = sodns_query_server(q);
	sodns_metric_count(&family, &server, 1);
}

/* Where the answer is another name's, a CNAME record in front leads there. */
static void lead_there(sodns_query_t *q, sodns_reply_t *r)
{
	const uint8_t *asked = sodns_query_original_name(q);
	size_t count, other = 0;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &count);
	while (other < count && sodns_name_equal(sets[other].owner, asked))
		other++;
	if (other == count)
		return;
	sodns_rrset_t *kept = sodns_alloc(q, count * sizeof(*kept));
	memcpy(kept, sets, count * sizeof(*kept));
	sodns_reply_clear(r, SODNS_ANSWER);
	sodns_reply_add_record(r, SODNS_ANSWER, asked, SODNS_TYPE_CNAME, kept[other].ttl,
			       kept[other].owner, (uint16_t)sodns_name_length(kept[other].owner));
	for (size_t i = 0; i < count; i++)
		sodns_reply_add(r, SODNS_ANSWER, &kept[i]);
}

/* What the rest of the chain says about base + zone; NULL if that is too long to be a name. */
static sodns_reply_t *try(const sodns_handler_t *h, sodns_query_t *q, const uint8_t *base,
			  size_t base_len, const uint8_t *zone)
{
	uint8_t name[SODNS_NAME_MAX];
	size_t len = sodns_name_length(zone);
	if (base_len + len > sizeof(name))
		return NULL;
	memcpy(name, base, base_len);
	memcpy(name + base_len, zone, len);
	sodns_query_t *derived = sodns_query_derive(q);
	sodns_query_set_name(derived, name);
	return sodns_next(h, derived);
}

/* Another server's SERVFAIL or REFUSED is an answer. One that template gives is not, whatever records
 * are with it: its rcode counts as if it stood alone, with CoreDNS too. */
static bool has_answered(sodns_reply_t *r)
{
	enum sodns_reply_kind kind = sodns_reply_kind(r);
	int rcode = sodns_reply_rcode(r);
	if (kind != SODNS_RECORDS && kind != SODNS_WIRE)
		return false;
	bool failed = rcode == SODNS_FORMERR || rcode == SODNS_SERVFAIL || rcode == SODNS_NOTIMP ||
		      rcode == SODNS_REFUSED;
	return !failed || strcmp(sodns_reply_plugin(r), "template") != 0;
}

/* An error that says why, or silence: nothing more is asked. One that only has a code is as if
 * there were no answer. */
static bool has_failed(sodns_reply_t *r)
{
	return sodns_reply_kind(r) == SODNS_DROP ||
	       (sodns_reply_kind(r) == SODNS_ERROR && sodns_reply_error(r));
}

sodns_reply_t *autopath_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct autopath *a = h->self;
	const uint8_t *search[2 * SEARCH_MAX + 1];
	const uint8_t *name = sodns_query_name(q), *original = sodns_query_original_name(q);
	sodns_reply_t *first = NULL;
	bool answered = false;
	if (sodns_query_match(q, a->zones, a->zone_count) < 0)
		return sodns_next(h, q);
	size_t count = search_of(a, q, search);
	if (!count || !sodns_name_is_below(name, search[0]))
		return sodns_next(h, q);
	size_t base = sodns_name_length(name) - sodns_name_length(search[0]);
	if (!base)
		return sodns_fail(q, SODNS_SERVFAIL, "%s is all that was asked",
				  "the first element of the search path");
	for (size_t i = 0; i < count; i++) {
		sodns_reply_t *r = try(h, q, original, base, search[i]);
		if (!r)
			continue;
		if (has_failed(r))
			return r;
		bool good = has_answered(r);
		if (!first) {
			first = r;
			answered = good;
		}
		if (!good || sodns_reply_rcode(r) == SODNS_NXDOMAIN)
			continue;
		lead_there(q, r);
		count_success(q);
		return r;
	}
	if (!first)
		return sodns_next(h, q);
	return answered ? first : sodns_fail(q, sodns_reply_rcode(first), NULL);
}
