/*
 * Probes of a query's way: what it says, changed copies of it, replies and their edits.
 */
#include <string.h>

#include <sodns/reply.h>

#include "probe.h"

const char *probe_query(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r)
{
	char name[SODNS_NAME_TEXT_MAX], peer[SODNS_ADDRESS_TEXT_MAX];
	size_t nsid = 0, wire = 0;
	(void)h;
	(void)r;
	sodns_name_to_text(sodns_query_original_name(q), name);
	sodns_address_to_text(sodns_query_peer(q), peer);
	const uint8_t *option = sodns_query_option(q, 65001, &nsid);
	sodns_query_wire(q, &wire);
	return sodns_printf(
		q, "%s %u %u %u %u %s %s %s %s %s/%s %d/%u/%d %.*s %u %d %u %u %d %s %u %s %d",
		name, sodns_query_type(q), sodns_query_class(q), sodns_query_opcode(q),
		sodns_query_flags(q) & SODNS_RD, sodns_query_proto(q), peer, sodns_query_server(q),
		sodns_query_zone(q), sodns_query_view(q), sodns_has_next(h) ? "next" : "last",
		sodns_query_has_edns(q), sodns_query_edns_size(q), sodns_query_do(q), (int)nsid,
		(const char *)option, sodns_query_size(q), sodns_query_length(q) == wire,
		sodns_query_name_labels(q), sodns_query_depth(q),
		sodns_query_deadline(q) > sodns_query_received(q), p->called, p->number, p->string,
		p->flag && p->boolean && p->duration == 1500000000 &&
			sodns_fallthrough_match(&p->fall, sodns_query_name(q)));
}

const char *probe_derived(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			  sodns_reply_t **r)
{
	static const uint8_t name[] = "\3www\7example";
	sodns_query_t *d = sodns_query_derive(q);
	(void)p;
	sodns_query_set_name(d, name);
	sodns_query_set_type(d, SODNS_TYPE_A);
	sodns_query_set_edns(d, 1232, true);
	sodns_query_set_option(d, 65001, (const uint8_t *)"x", 1);
	sodns_query_set_option(d, 65001, NULL, 0);
	sodns_query_set_flags(d, SODNS_RD | SODNS_CD);
	sodns_query_set_protocol(d, SODNS_TCP);
	sodns_query_limit(d, sodns_now() + 1000000000);
	*r = sodns_next(h, d);
	return NULL;
}

static bool is_aaaa(void *arg, const sodns_rrset_t *set)
{
	return set->type == *(const uint16_t *)arg;
}

/* The next plugin's answer without AAAA records, its first record's data changed, TTLs lowered. */
const char *probe_edited(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			 sodns_reply_t **r)
{
	static const uint8_t other[] = {0, 4, 192, 0, 2, 99};
	const uint16_t aaaa = SODNS_TYPE_AAAA;
	size_t count;
	(void)p;
	*r = sodns_next(h, q);
	sodns_reply_filter(*r, SODNS_ANSWER, is_aaaa, (void *)&aaaa);
	sodns_rrset_t *sets = sodns_reply_sets(*r, SODNS_ANSWER, &count);
	if (!count)
		return "no answer to edit";
	sets[0].data = other;
	sets[0].data_len = sizeof(other);
	sets[0].count = 1;
	sodns_reply_cap_ttl(*r, 30);
	sodns_reply_set_flags(*r, SODNS_AD, SODNS_RA);
	sodns_reply_clear(*r, SODNS_ADDITIONAL);
	sodns_reply_add_option(*r, 65002, "z", 1);
	return NULL;
}

/* The next plugin's answer as a message, served ten seconds later. */
const char *probe_image(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r)
{
	sodns_image_t image;
	(void)p;
	sodns_reply_t *next = sodns_next(h, q);
	if (sodns_reply_image(next, &image))
		return "no image";
	*r = sodns_reply_wire(q, image.message, image.length, image.ttls, image.ttl_count, 10);
	return NULL;
}

const char *probe_asked(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r)
{
	static const uint8_t name[] = "\5names";
	size_t count;
	(void)p;
	(void)h;
	(void)r;
	sodns_reply_t *theirs = sodns_ask(q, name, SODNS_TYPE_TXT);
	sodns_rrset_t *sets = sodns_reply_sets(theirs, SODNS_ANSWER, &count);
	return sodns_printf(q, "%d %zu %u %s %d", sodns_reply_rcode(theirs), count,
			    count ? sets[0].type : 0, sodns_reply_plugin(theirs),
			    sodns_reply_kind(theirs));
}

const char *probe_failed(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			 sodns_reply_t **r)
{
	(void)p;
	(void)h;
	*r = sodns_fail(q, SODNS_REFUSED, "asked for %s", "it");
	return NULL;
}

/* A finisher sets the message's Z bit; the observer counts what left. */
static size_t finish(void *arg, sodns_query_t *q, uint8_t *packet, size_t len, size_t room)
{
	(void)q;
	if (len >= 12 && room >= len)
		packet[3] |= *(const uint8_t *)arg;
	return len;
}

static void observe(void *arg, sodns_query_t *q, const sodns_done_t *done)
{
	struct probe *p = arg;
	if (sodns_query_type(q) == SODNS_TYPE_TXT && done->packet && done->length > 12 &&
	    done->rcode == SODNS_NOERROR && !sodns_reply_do(done->reply))
		sodns_metric_change(p->gauge, 40);
}

static void end(void *arg)
{
	sodns_metric_change(((struct probe *)arg)->gauge, 100);
}

const char *probe_observed(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r)
{
	static uint8_t ad = SODNS_AD;
	(void)h;
	(void)r;
	sodns_on_finish(q, finish, &ad, 0);
	sodns_on_done(q, observe, p);
	sodns_cleanup(q, end, p);
	return "seen";
}

const char *probe_metadata(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r)
{
	(void)p;
	(void)h;
	(void)r;
	return sodns_metadata_get(q, "probe/value");
}
