/*
 * What an answer is worth. What was cut off, what makes no sense and what may have been forged is asked
 * again where none of that can be: over TCP. What makes no sense there, too, fails that upstream.
 * None of it is passed on.
 */
#include "forward.h"

#include <string.h>

#define OPTION_COOKIE 10

/* That of an old server to what it does not know: a header, with or without a question. */
static bool is_refusal(int rcode)
{
	return rcode == SODNS_FORMERR || rcode == SODNS_NOTIMP;
}

/* A message without question, or with another one. */
static enum verdict judge_mismatch(struct upstream *u, const struct sent *sent,
				   const sodns_exchange_t *x, enum reason *why)
{
	if (x->recased) {
		*why = REASON_CASE;
		return VERDICT_BY_TCP;
	}
	if (x->header && is_refusal(x->header & 15) && sent->edns && !manners_no_edns(u))
		return VERDICT_PLAINLY;
	return x->protocol == SODNS_UDP ? VERDICT_BY_TCP : VERDICT_BAD;
}

/* Whether it shows what was sent with the question, as it did before (RFC 7873, 5.3). */
static enum verdict judge_cookie(struct upstream *u, const sodns_reply_t *r, bool udp)
{
	uint8_t known[COOKIE_SERVER_MAX];
	size_t len;
	const uint8_t *cookie = sodns_reply_received_option(r, OPTION_COOKIE, &len);
	bool ours = cookie && len >= COOKIE_CLIENT &&
		    !memcmp(cookie, u->manners.cookie, COOKIE_CLIENT);
	bool whole = ours && len >= 2 * COOKIE_CLIENT && len <= COOKIE_CLIENT + COOKIE_SERVER_MAX;
	if (!cookie && !cookie_get(u, known))
		return VERDICT_GOOD;
	if (udp && (!ours || (len > COOKIE_CLIENT && !whole))) {
		metrics_unwanted(u, "cookie");
		return VERDICT_BY_TCP;
	}
	/* Over TCP it is the server that speaks: it has no cookies any more. */
	if (!cookie)
		cookie_set(u, NULL, 0);
	if (whole && sodns_reply_rcode(r) == SODNS_BADCOOKIE)
		cookie_set(u, NULL, 0);
	if (whole)
		cookie_set(u, cookie + COOKIE_CLIENT, len - COOKIE_CLIENT);
	if (sodns_reply_rcode(r) != SODNS_BADCOOKIE)
		return VERDICT_GOOD;
	return udp ? VERDICT_COOKIE : VERDICT_BAD;
}

/* What the letters of its question tell of the upstream. */
static void learn_case(struct upstream *u, const struct sent *sent, const sodns_exchange_t *x)
{
	size_t n = sodns_name_length(sent->query + 12);
	if (!sent->mixed)
		return;
	if (x->protocol == SODNS_UDP)
		manners_note_kept(u);
	else if (memcmp(sent->query + 12, x->answer + 12, n))
		manners_note_recased(u);
}

enum verdict judge(sodns_query_t *q, struct upstream *u, const struct sent *sent,
		   const sodns_exchange_t *x, sodns_reply_t **reply, enum reason *why)
{
	bool udp = x->protocol == SODNS_UDP;
	*why = REASON_OTHER;
	*reply = NULL;
	if (x->result <= 0)
		return x->mismatched ? judge_mismatch(u, sent, x, why) : VERDICT_BAD;
	size_t len = (size_t)x->result;
	/* The check writes into it, and others want the answer as it came. */
	uint8_t *copy = memcpy(sodns_alloc(q, len), x->answer, len);
	message_restore_case(q, copy, len);
	sodns_reply_t *r = sodns_reply_received(q, copy, len);
	if (!r) {
		metrics_unwanted(u, "malformed");
		return udp ? VERDICT_BY_TCP : VERDICT_BAD;
	}
	*reply = r;
	learn_case(u, sent, x);
	int rcode = sodns_reply_rcode(r);
	bool knows = sodns_reply_has_edns(r);
	if (sent->edns && !knows && is_refusal(rcode) && !manners_no_edns(u))
		return VERDICT_PLAINLY;
	if (knows)
		manners_note_edns(u);
	if (sodns_reply_flags(r) & SODNS_TC && !udp) {
		metrics_unwanted(u, "truncated");
		return VERDICT_BAD;
	}
	enum verdict v = sent->cookie ? judge_cookie(u, r, udp) : VERDICT_GOOD;
	if (v == VERDICT_BY_TCP)
		*why = REASON_COOKIE;
	if (v == VERDICT_GOOD && udp && sodns_reply_flags(r) & SODNS_TC && u->forward->prefer_udp)
		return VERDICT_BY_TCP;
	return v;
}
