/*
 * local: answers for the names that never leave a host: localhost and the reverse zones of 0, 127 and
 * 255 (RFC 6303, RFC 6761).
 */
#include <string.h>

#include <sodns/metrics.h>
#include <sodns/plugin.h>

#define TTL 604800

struct local {
	bool no_prefix;
	sodns_metric_t *intercepted;
};

static const uint8_t localhost[] = "\x09localhost";
static const uint8_t reverse_of_1[] = "\x01"
				      "1\x01"
				      "0\x01"
				      "0\x03"
				      "127\x07in-addr\x04"
				      "arpa";
static const uint8_t *const zones[] = {
	localhost,
	(const uint8_t *)"\x01"
			 "0\x07in-addr\x04"
			 "arpa",
	(const uint8_t *)"\x03"
			 "127\x07in-addr\x04"
			 "arpa",
	(const uint8_t *)"\x03"
			 "255\x07in-addr\x04"
			 "arpa",
};

static void add_soa(sodns_reply_t *r, enum sodns_section section, const uint8_t *owner)
{
	static const uint8_t soa[] = "\x09localhost\0\x04root\x09localhost\0"
				     "\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\x3a\x80";
	sodns_reply_add_record(r, section, owner, SODNS_TYPE_SOA, TTL, soa, sizeof(soa) - 1);
}

/* 127.0.0.1 and ::1; false for other types. */
static bool add_address(sodns_query_t *q, sodns_reply_t *r)
{
	static const uint8_t v4[] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
	const uint8_t *owner = sodns_query_original_name(q);
	if (sodns_query_type(q) == SODNS_TYPE_A)
		sodns_reply_add_record(r, SODNS_ANSWER, owner, SODNS_TYPE_A, TTL, v4, 4);
	else if (sodns_query_type(q) == SODNS_TYPE_AAAA)
		sodns_reply_add_record(r, SODNS_ANSWER, owner, SODNS_TYPE_AAAA, TTL, v6, 16);
	else
		return false;
	return true;
}

static sodns_reply_t *answer_localhost(sodns_query_t *q)
{
	sodns_reply_t *r = sodns_reply(q);
	if (!add_address(q, r))
		add_soa(r, SODNS_AUTHORITY, sodns_query_original_name(q));
	return r;
}

/* At the apex of one of the zones. */
static void answer_apex(sodns_query_t *q, sodns_reply_t *r, bool is_localhost)
{
	const uint8_t *owner = sodns_query_original_name(q);
	if (sodns_query_type(q) == SODNS_TYPE_SOA)
		add_soa(r, SODNS_ANSWER, owner);
	else if (sodns_query_type(q) == SODNS_TYPE_NS)
		sodns_reply_add_record(r, SODNS_ANSWER, owner, SODNS_TYPE_NS, TTL, localhost,
				       sizeof(localhost));
	else if (!is_localhost || !add_address(q, r))
		add_soa(r, SODNS_AUTHORITY, owner);
}

static sodns_reply_t *answer_zone(sodns_query_t *q, int zone)
{
	sodns_reply_t *r = sodns_reply(q);
	const uint8_t *name = sodns_query_name(q), *original = sodns_query_original_name(q);
	size_t below = sodns_name_labels(name) - sodns_name_labels(zones[zone]);
	const uint8_t *apex = sodns_name_parent(original, (unsigned)below);
	if (!below) {
		answer_apex(q, r, !zone);
	} else if (sodns_name_equal(name, reverse_of_1)) {
		if (sodns_query_type(q) == SODNS_TYPE_PTR)
			sodns_reply_add_record(r, SODNS_ANSWER, original, SODNS_TYPE_PTR, TTL,
					       localhost, sizeof(localhost));
		else
			add_soa(r, SODNS_AUTHORITY, apex);
	} else {
		add_soa(r, SODNS_AUTHORITY, apex);
		sodns_reply_set_rcode(r, SODNS_NXDOMAIN);
	}
	return r;
}

/* "localhost.DOMAIN" is a search path at work; "x.localhost" is RFC 6761's. */
static bool is_disguised(const struct local *l, const uint8_t *name)
{
	if (sodns_name_labels(name) < 2)
		return false;
	return sodns_name_is_below(name, localhost) ||
	       (!l->no_prefix && !memcmp(name, localhost, sizeof(localhost) - 1));
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct local *l = h->self;
	if (is_disguised(l, sodns_query_name(q))) {
		sodns_metric_add(l->intercepted, 1);
		return answer_localhost(q);
	}
	int zone = sodns_query_match(q, zones, sizeof(zones) / sizeof(zones[0]));
	return zone < 0 ? sodns_next(h, q) : answer_zone(q, zone);
}

static const char *const switches[] = {"on", "off"};
static const sodns_option_t properties[] = {
	{"localhost_prefix", SODNS_OPT_WORD, SODNS_FIELD(struct local, no_prefix),
	 .words = SODNS_WORDS(switches), .fallback = "on",
	 .help = "whether localhost.DOMAIN is answered",
	 .says.bad = "localhost_prefix expects 'on' or 'off', got \"{}\""},
};
static const sodns_options_t options = {.properties = SODNS_ROWS(properties),
					.help = "answers for names that never leave a host"};

static int setup(sodns_setup_t *s)
{
	static const sodns_family_t family = {
		.name = "coredns_local_localhost_requests_total",
		.help = "Counter of special localhost subdomain requests.",
	};
	struct local *l = sodns_setup_alloc(s, sizeof(*l));
	if (sodns_setup_read_all(s, l))
		return SODNS_EINVAL;
	l->intercepted = sodns_metric(&family, NULL);
	return sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "local", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
