/*
 * proxyproto: behind a proxy, the client is the one that the proxy names. A header in front of a
 * datagram, or at the beginning of a connection, is read and cut off before anything else is.
 */
#include "proxyproto.h"

#include <stdio.h>
#include <string.h>

#include <sodns/share.h>

#include "header.h"

static enum policy policy_of(const struct proxyproto *pp, const sodns_address_t *peer)
{
	for (size_t i = 0; i < pp->allowed_count; i++)
		if (sodns_prefix_contains(&pp->allowed[i], peer))
			return POLICY_USE;
	return pp->others;
}

ptrdiff_t proxyproto_stream(void *self, sodns_packet_t *p)
{
	struct header h;
	enum policy policy = policy_of(self, &p->peer);
	if (policy == POLICY_SKIP)
		return 0;
	ptrdiff_t n = header_read(p->bytes, p->len, &h);
	if (n > 0 && policy == POLICY_REJECT)
		return SODNS_EINVAL;
	if (n > 0 && policy == POLICY_USE && h.has_addresses && !h.local) {
		p->peer = h.source;
		p->local = h.destination;
	}
	return n;
}

static struct sessions *my_sessions(const struct proxyproto *pp)
{
	int worker = sodns_worker();
	return pp->ttl && worker >= 0 && (size_t)worker < pp->worker_count ? pp->sessions[worker]
									   : NULL;
}

static enum sodns_verdict discard(const sodns_packet_t *p, const char *why)
{
	char ip[SODNS_ADDRESS_TEXT_MAX], key[512];
	sodns_address_to_text(&p->peer, ip);
	bool six = p->peer.family == 6;
	/* A flood of them makes no flood of lines. */
	snprintf(key, sizeof(key), "%s %s", ip, why);
	sodns_log_once(SODNS_LOG_WARNING, NULL, key, SODNS_SECOND,
		       "dropping invalid Proxy Protocol packet from %s%s%s:%u: %s", six ? "[" : "",
		       ip, six ? "]" : "", p->peer.port, why);
	return SODNS_DISCARD;
}

/* Whether a datagram's header is one that UDP may have; if not, why. */
static bool is_good(const struct header *h, ptrdiff_t n, size_t packet_len, char *why, size_t size)
{
	if (n < 0)
		snprintf(why, size, "parsing Proxy Protocol header (packet size: %zu): %s",
			 packet_len, h->reason);
	else if (h->version != 2)
		snprintf(why, size,
			 "unsupported Proxy Protocol version %u (only v2 supported for UDP)",
			 h->version);
	else if (!h->local && !header_is_datagram(h))
		snprintf(why, size,
			 "PROXY Protocol header is not UDP type (transport protocol: 0x%x)",
			 h->transport);
	else
		return true;
	return false;
}

/* A datagram without a header: perhaps its session had one. */
static enum sodns_verdict take_plain(const struct proxyproto *pp, sodns_packet_t *p,
				     enum policy policy)
{
	struct sessions *sessions = my_sessions(pp);
	const sodns_address_t *source = NULL;
	if (sessions && policy == POLICY_USE)
		source = sessions_find(sessions, &p->peer, sodns_now(), pp->ttl);
	if (source)
		p->peer = *source;
	return SODNS_PASS;
}

/* A datagram behind a header of n bytes. */
static enum sodns_verdict take_behind(const struct proxyproto *pp, sodns_packet_t *p,
				      enum policy policy, const struct header *h, size_t n)
{
	if (policy == POLICY_REJECT)
		return discard(p, "connection rejected by Proxy Protocol connection policy");
	p->bytes += n;
	p->len -= n;
	if (policy != POLICY_USE || h->local)
		return p->len ? SODNS_PASS : SODNS_DISCARD;
	struct sessions *sessions = my_sessions(pp);
	if (sessions)
		sessions_store(sessions, &p->peer, &h->source, sodns_now(), pp->ttl);
	p->peer = h->source;
	return sessions && !p->len ? SODNS_DISCARD : SODNS_PASS;
}

enum sodns_verdict proxyproto_datagram(void *self, sodns_packet_t *p)
{
	const struct proxyproto *pp = self;
	struct header h;
	char why[160];
	enum policy policy = policy_of(pp, &p->peer);
	if (policy == POLICY_SKIP)
		return SODNS_PASS;
	ptrdiff_t n = header_read(p->bytes, p->len, &h);
	if (!n || (n == SODNS_EBUSY && !h.reason))
		return take_plain(pp, p, policy);
	if (!is_good(&h, n, p->len, why, sizeof(why)))
		return discard(p, why);
	return take_behind(pp, p, policy, &h, (size_t)n);
}
