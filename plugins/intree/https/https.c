/*
 * https: the transport of "https://" keys, and the directive that limits its connections. TLS lies
 * underneath where the tls plugin says so; without it this is plain HTTP, for use behind a proxy
 * in front.
 */
#include <string.h>

#include <sodns/ability.h>
#include <sodns/log.h>
#include <sodns/plugin.h>
#include <sodns/server.h>

#include "doh.h"

#define CONNECTIONS 200

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* HTTP/2 by what TLS agreed on, or, without TLS, by its first bytes. 0: they are too few to tell. */
static int version(const sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	size_t n = len < sizeof(preface) - 1 ? len : sizeof(preface) - 1;
	if (sodns_conn_encrypted(c))
		return strcmp(sodns_conn_alpn(c), "h2") ? 1 : 2;
	if (memcmp(bytes, preface, n))
		return 1;
	return n == sizeof(preface) - 1 ? 2 : 0;
}

static ptrdiff_t receive(sodns_conn_t *c, void *state, const uint8_t *bytes, size_t len)
{
	struct web *w = state;
	int v = w->session ? 0 : version(c, bytes, len);
	if (!w->session && !v)
		return 0;
	if (!w->session && !web_open(w, c, v == 2))
		return -1;
	return web_receive(w, bytes, len);
}

static void reply(sodns_conn_t *c, void *state, uint64_t token, const uint8_t *message, size_t len)
{
	(void)c;
	web_reply(state, token, message, len);
}

static void closed(sodns_conn_t *c, void *state)
{
	(void)c;
	web_close(state);
}

static int tick(sodns_conn_t *c, void *state, uint64_t now)
{
	const struct web *w = state;
	(void)c;
	return w->session ? web_tick(state, now) : 0;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_transport_t transport = {.size = sizeof(transport),
						    .scheme = "https",
						    .protocol = SODNS_HTTPS,
						    .state_size = sizeof(struct web),
						    .receive = receive,
						    .reply = reply,
						    .close = closed,
						    .alpn = "h2,http/1.1",
						    .connections = CONNECTIONS,
						    .tick = tick};
	char why[512];
	/* The library is opened here, where no query waits for an answer; without it a connection has no session,
	 * and is closed. */
	if (!self && !strcmp(id, SODNS_ABILITY_TRANSPORT) && !sodns_http_load(why, sizeof(why)))
		sodns_log(SODNS_LOG_ERROR, "https", "%s", why);
	return !self && !strcmp(id, SODNS_ABILITY_TRANSPORT) ? &transport : NULL;
}

/* What the directive says. */
struct limits {
	uint32_t connections;
	bool limited;
};

static const sodns_option_t properties[] = {
	{"max_connections", SODNS_OPT_NUMBER, SODNS_FIELD(struct limits, connections),
	 SODNS_GIVEN(struct limits, limited), .max = INT32_MAX, .flags = SODNS_OPT_ONCE,
	 .form = "POSITIVE_INTEGER", .otherwise = "200", .help = "of a listener, 0: any number",
	 .says = {.bad = "invalid max_connections value '{}': " SODNS_SAYS_ATOI,
		  .low = "max_connections must be a non-negative integer: {value}",
		  .high = "max_connections must be {range}: {}",
		  .again = "max_connections already defined for this server block"}},
};
static const sodns_options_t options = {.properties = SODNS_ROWS(properties),
					.help = "DNS over HTTPS"};

static int setup(sodns_setup_t *s)
{
	struct limits l = {0};
	if (sodns_setup_read_all(s, &l))
		return SODNS_EINVAL;
	if (l.limited)
		sodns_server_connections(s, l.connections);
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "https", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .ability = ability);
