/*
 * whoami: tells a client its address, port and transport.
 */
#include <stdio.h>
#include <string.h>

#include <sodns/plugin.h>

static void add(sodns_query_t *q, sodns_reply_t *r, const uint8_t *owner, uint16_t type,
		const uint8_t *rdata, uint16_t len)
{
	uint8_t *data = sodns_alloc(q, len + 2u);
	data[0] = (uint8_t)(len >> 8);
	data[1] = (uint8_t)len;
	memcpy(data + 2, rdata, len);
	const sodns_rrset_t set = {.owner = owner,
				   .type = type,
				   .rclass = sodns_query_class(q),
				   .count = 1,
				   .data = data,
				   .data_len = len + 2u};
	sodns_reply_add(r, SODNS_ADDITIONAL, &set);
}

/* "_udp" in front of the name asked, with its letter case, or NULL where that makes no name. */
static const uint8_t *service_name(sodns_query_t *q)
{
	const uint8_t *name = sodns_query_original_name(q);
	const char *proto = sodns_query_proto(q);
	size_t len = sodns_name_length(name), n = strlen(proto);
	if (len + n + 2 > SODNS_NAME_MAX)
		return NULL;
	uint8_t *out = sodns_alloc(q, len + n + 2);
	out[0] = (uint8_t)(n + 1);
	out[1] = '_';
	memcpy(out + 2, proto, n);
	memcpy(out + 2 + n, name, len);
	return out;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	(void)h;
	const sodns_address_t *peer = sodns_query_peer(q);
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	if (peer->family == 4)
		add(q, r, sodns_query_original_name(q), SODNS_TYPE_A, peer->bytes, 4);
	else
		add(q, r, sodns_query_original_name(q), SODNS_TYPE_AAAA, peer->bytes, 16);
	const uint8_t *owner = service_name(q);
	const uint8_t srv[7] = {0, 0, 0, 0, (uint8_t)(peer->port >> 8), (uint8_t)peer->port, 0};
	if (owner)
		add(q, r, owner, SODNS_TYPE_SRV, srv, sizeof(srv));
	return r;
}

static const sodns_options_t options = {.repeats = SODNS_FIRST,
					.help = "tells clients their address, port and transport"};

static int setup(sodns_setup_t *s)
{
	static const uint8_t root[] = {0};
	static const uint8_t *const everything[] = {root};
	if (sodns_setup_read_all(s, NULL))
		return SODNS_EINVAL;
	sodns_add_handler(s, NULL);
	sodns_setup_answers(s, everything, 1);
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "whoami", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
