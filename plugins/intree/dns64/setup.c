/*
 * The directive: dns64 [PREFIX], or a block of properties.
 */
#include <string.h>

#include "dns64.h"

/* The network of a text, in which the bits behind the prefix are zero. */
static void mask(sodns_prefix_t *p)
{
	unsigned whole = p->bits / 8;
	if (whole < sizeof(p->address.bytes))
		p->address.bytes[whole] &= (uint8_t)(0xff00u >> p->bits % 8);
	for (unsigned i = whole + 1; i < sizeof(p->address.bytes); i++)
		p->address.bytes[i] = 0;
}

static int read_prefix(sodns_setup_t *s, const sodns_option_t *o, const char *text, void *to)
{
	struct dns64 *d = to;
	(void)o;
	char network[SODNS_ADDRESS_TEXT_MAX];
	sodns_prefix_t p;
	if (!strchr(text, '/') || sodns_prefix_from_text(text, &p))
		return sodns_error(s, "invalid CIDR address: %s", text);
	mask(&p);
	sodns_address_to_text(&p.address, network);
	if (p.address.family == 4)
		return sodns_error(s, "invalid netmask 32 IPv6 address: \"%s/%u\"", network,
				   p.bits);
	if (p.bits % 8 || p.bits < 32 || p.bits > 96)
		return sodns_error(s,
				   "invalid prefix length \"%s/%u\": it is not 32, 40, 48, 56, 64, "
				   "72, 80, 88 or 96",
				   network, p.bits);
	d->bytes = p.bits / 8;
	memcpy(d->prefix, p.address.bytes, d->bytes);
	return SODNS_OK;
}

/* A block behind a PREFIX is no block to CoreDNS: it takes each line for a further "dns64 [PREFIX]",
 * so that a word of its own does nothing, and the word behind another one is a prefix. */
static int read_head(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (count > 1)
		return sodns_error_args(s);
	if (!count)
		return SODNS_OK;
	int rc = read_prefix(s, o, args[0], to);
	while (!rc && sodns_setup_block(s)) {
		args = sodns_setup_args(s, &count);
		if (count > 1)
			return sodns_error_args(s);
		rc = count ? read_prefix(s, o, args[0], to) : SODNS_OK;
	}
	return rc;
}

static const sodns_option_t args[] = {
	{"PREFIX", SODNS_OPT_CALL, .call = read_head, .form = "[PREFIX]",
	 .otherwise = "64:ff9b::/96", .help = "where the network's NAT64 is"},
};
static const sodns_option_t properties[] = {
	{"prefix", SODNS_OPT_PARSE, .parse = read_prefix, .form = "PREFIX",
	 .flags = SODNS_OPT_LEAVES_MORE, .fallback = "64:ff9b::/96", .help = "the same"},
	{"translate_all", SODNS_OPT_FLAG, SODNS_FIELD(struct dns64, translate_all),
	 .flags = SODNS_OPT_LEAVES_MORE, .help = "AAAA records that are there, too"},
	{"allow_ipv4", SODNS_OPT_FLAG, SODNS_FIELD(struct dns64, allow_ipv4),
	 .flags = SODNS_OPT_LEAVES_MORE, .help = "for queries over IPv4, too"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.help = "AAAA records made of A records"};

static int setup(sodns_setup_t *s)
{
	struct dns64 *d = sodns_setup_alloc(s, sizeof(*d));
	return sodns_setup_read_all(s, d) ? SODNS_EINVAL : sodns_add_handler(s, d);
}

SODNS_PLUGIN(.name = "dns64", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = dns64_serve);
