/*
 * Answering a query for one of the zones.
 */
#include <string.h>

#include "kubernetes.h"

#define VERSION_TTL 28800u

static bool is_version(const struct question *q)
{
	return q->labels == 1 && !memcmp(q->name,
					 "\x0b"
					 "dns-version",
					 12);
}

/* Of TXT there is the version alone. Where other types have something there is nothing; where they
 * have nothing either, the name does not exist, as CoreDNS sees it. */
static enum outcome answer_txt(const struct kubernetes *k, const struct question *q,
			       sodns_reply_t *r)
{
	static const uint8_t version[] = "\0051.1.0";
	struct found f;
	if (is_version(q)) {
		sodns_reply_add_record(r, SODNS_ANSWER, q->original, SODNS_TYPE_TXT, VERSION_TTL,
				       version, sizeof(version) - 1);
		return FOUND;
	}
	enum outcome found = find(k, q, &f);
	if (found == FOUND && f.what == FOUND_SERVERS)
		return NAME_ERROR;
	return found == NOTHING && !q->zone_label_count ? NAME_ERROR : found;
}

static enum outcome answer_cname(const struct kubernetes *k, const struct question *q,
				 sodns_reply_t *r)
{
	struct found f;
	enum outcome found = find(k, q, &f);
	if (found == FOUND && f.what == FOUND_ALIAS)
		sodns_reply_add_record(r, SODNS_ANSWER, q->original, SODNS_TYPE_CNAME, k->ttl,
				       service_alias(f.service), f.service->alias_len);
	return found;
}

static enum outcome answer(const struct kubernetes *k, sodns_query_t *query,
			   const struct question *q, sodns_reply_t *r)
{
	struct found f;
	uint16_t type = sodns_query_type(query);
	switch (type) {
	case SODNS_TYPE_A:
	case SODNS_TYPE_AAAA:
		return answer_addresses(k, query, q, type, r);
	case SODNS_TYPE_SRV:
		return answer_services(k, query, q, r);
	case SODNS_TYPE_PTR:
		return answer_reverse(k, query, q, r);
	case SODNS_TYPE_TXT:
		return answer_txt(k, q, r);
	case SODNS_TYPE_CNAME:
		return answer_cname(k, q, r);
	case SODNS_TYPE_SOA:
		if (!q->labels)
			add_soa(k, r, SODNS_ANSWER, q->original, q->name);
		return NOTHING;
	case SODNS_TYPE_NS:
		if (!q->labels)
			return answer_servers(k, query, q, r);
		return find(k, q, &f);
	default:
		return find(k, q, &f);
	}
}

sodns_reply_t *kubernetes_serve(const sodns_handler_t *h, sodns_query_t *query)
{
	const struct kubernetes *k = h->self;
	int zone = sodns_query_match(query, k->zones, k->zone_count);
	uint16_t type = sodns_query_type(query);
	struct question q;
	size_t count;
	if (zone < 0)
		return sodns_next(h, query);
	if (type == SODNS_TYPE_AXFR || type == SODNS_TYPE_IXFR) {
		bool apex = sodns_name_equal(sodns_query_name(query), k->zones[zone]);
		return sodns_fail(query, apex ? SODNS_REFUSED : SODNS_NOTAUTH, NULL);
	}
	question_read(&q, k, sodns_query_name(query), sodns_query_original_name(query),
		      k->zones[zone]);
	sodns_reply_t *r = sodns_reply(query);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	enum outcome found = answer(k, query, &q, r);
	if (found == NAME_ERROR) {
		if (sodns_fallthrough_match(&k->fallthrough, q.name))
			return sodns_next(h, query);
		sodns_reply_set_rcode(r,
				      cluster_synced(k->cluster) ? SODNS_NXDOMAIN : SODNS_SERVFAIL);
	}
	sodns_reply_sets(r, SODNS_ANSWER, &count);
	if (!count)
		add_soa(k, r, SODNS_AUTHORITY, q.original + q.zone_at, q.name + q.zone_at);
	return r;
}
