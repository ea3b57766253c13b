/*
 * erratic: a server that drops, delays and truncates, to test clients with.
 */
#include <stdatomic.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/wait.h>

#define LARGE_COPIES 30

struct erratic {
	_Atomic(uint64_t) asked;
	uint64_t drop, delay, truncate; /* every how many-th query; 0: none */
	uint64_t duration;              /* ns */
	bool large, drops;              /* drops: it is in the Corefile */
};

static void add_addresses(sodns_query_t *q, sodns_reply_t *r, unsigned copies)
{
	static const uint8_t v4[] = {192, 0, 2, 53};
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x53};
	bool four = sodns_query_type(q) == SODNS_TYPE_A;
	for (unsigned i = 0; i < copies; i++)
		sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_original_name(q),
				       sodns_query_type(q), 0, four ? v4 : v6, four ? 4 : 16);
}

/* Adds a record named LABEL.zone; "" for the zone itself. */
static void add_below(sodns_query_t *q, sodns_reply_t *r, const char *label, uint16_t type,
		      const void *rdata, uint16_t len)
{
	const uint8_t *zone = sodns_query_original_name(q);
	size_t n = strlen(label), zone_len = sodns_name_length(zone);
	uint8_t *owner = sodns_alloc(q, n + 1 + zone_len);
	owner[0] = (uint8_t)n;
	memcpy(owner + 1, label, n);
	memcpy(owner + (n ? n + 1 : 0), zone, zone_len);
	sodns_reply_add_record(r, SODNS_ANSWER, owner, type, 0, rdata, len);
}

static void add_ns(sodns_query_t *q, sodns_reply_t *r, char label)
{
	const uint8_t *zone = sodns_query_original_name(q);
	size_t len = sodns_name_length(zone);
	uint8_t *rdata = sodns_alloc(q, len + 2);
	rdata[0] = 1;
	rdata[1] = (uint8_t)label;
	memcpy(rdata + 2, zone, len);
	add_below(q, r, "", SODNS_TYPE_NS, rdata, (uint16_t)(len + 2));
}

/* A small zone of any name; cut short it lacks the SOA at its end. */
static sodns_reply_t *transfer(sodns_query_t *q, bool cut)
{
	static const uint8_t soa[] =
		"\x03sns\x03"
		"dns\x05icann\x03org\0\x03noc\x03"
		"dns\x05icann\x03org\0"
		"\x78\x49\x03\x09\0\0\x1c\x20\0\0\x0e\x10\0\x12\x75\0\0\0\x0e\x10";
	static const uint8_t a6[16] = {0x20, 0x01, 0x0b, 0xd8, [15] = 0x53};
	static const uint8_t b6[16] = {0x20, 0x01, 0x05, 0x00, [15] = 0x54};
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	/* One byte of room for a label in front. */
	if (sodns_name_length(sodns_query_name(q)) + 2 > SODNS_NAME_MAX)
		return sodns_fail(q, SODNS_SERVFAIL, "no room for a label in front of the name");
	add_below(q, r, "", SODNS_TYPE_SOA, soa, sizeof(soa) - 1);
	add_ns(q, r, 'b');
	add_ns(q, r, 'a');
	add_below(q, r, "a", SODNS_TYPE_AAAA, a6, 16);
	add_below(q, r, "b", SODNS_TYPE_AAAA, b6, 16);
	if (!cut)
		add_below(q, r, "", SODNS_TYPE_SOA, soa, sizeof(soa) - 1);
	return r;
}

static bool hits(uint64_t number, uint64_t every)
{
	return every && number % every == 0;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct erratic *e = h->self;
	uint64_t number = atomic_fetch_add(&e->asked, 1);
	/* Which answers are truncated is CoreDNS's choice: a bit of the number, not a remainder. */
	bool cut = e->truncate && !(number & e->truncate);
	if (hits(number, e->drop))
		return sodns_drop(q);
	if (hits(number, e->delay))
		sodns_sleep(e->duration);
	uint16_t type = sodns_query_type(q);
	if (type == SODNS_TYPE_AXFR)
		return transfer(q, cut);
	if (type != SODNS_TYPE_A && type != SODNS_TYPE_AAAA)
		return sodns_fail(q, SODNS_SERVFAIL, NULL);
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, (uint16_t)(SODNS_AA | (cut ? SODNS_TC : 0)), 0);
	add_addresses(q, r, e->large && type == SODNS_TYPE_A ? LARGE_COPIES : 1);
	return r;
}

#define AMOUNT_SAYS                                                                                \
	{                                                                                          \
		.bad = "strconv.ParseInt: parsing \"{}\": {why}",                                  \
		.low = "illegal amount value given \"{}\": it is not {range}"                      \
	}

static const sodns_option_t delay[] = {
	{"AMOUNT", SODNS_OPT_NUMBER, SODNS_FIELD(struct erratic, delay), .max = INT32_MAX,
	 .bare = "2", .help = "every how many-th query", .says = AMOUNT_SAYS},
	{"DURATION", SODNS_OPT_DURATION, SODNS_FIELD(struct erratic, duration), .bare = "100ms",
	 .flags = SODNS_OPT_CLAMP, .help = "for how long"},
};
static const sodns_option_t properties[] = {
	{"drop", SODNS_OPT_NUMBER, SODNS_FIELD(struct erratic, drop), .max = INT32_MAX,
	 SODNS_GIVEN(struct erratic, drops), .fallback = "2", .bare = "2", .form = "[AMOUNT]",
	 .help = "drops every so many-th query", .says = AMOUNT_SAYS},
	{"truncate", SODNS_OPT_NUMBER, SODNS_FIELD(struct erratic, truncate), .max = INT32_MAX,
	 .bare = "2", .form = "[AMOUNT]", .help = "truncates some answers", .says = AMOUNT_SAYS},
	{"delay", SODNS_OPT_GROUP, .args = SODNS_ROWS(delay), .help = "delays some answers"},
	{"large", SODNS_OPT_FLAG, SODNS_FIELD(struct erratic, large),
	 .flags = SODNS_OPT_LEAVES_MORE, .help = "answers A with many records"},
};
static const sodns_option_t args[] = {
	{"WORDS", SODNS_OPT_IGNORED, .help = "passed over, as by CoreDNS"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.help = "a server to test clients with"};

static int setup(sodns_setup_t *s)
{
	static const uint8_t root[] = {0};
	static const uint8_t *const everything[] = {root};
	struct erratic *e = sodns_setup_alloc(s, sizeof(*e));
	if (sodns_setup_read_all(s, e))
		return SODNS_EINVAL;
	/* Where something else is asked for, the default is not wanted as well. */
	if ((e->delay || e->truncate) && !e->drops)
		e->drop = 0;
	sodns_add_handler(s, e);
	sodns_setup_answers(s, everything, 1);
	return SODNS_OK;
}

/* Ready for a while only: after the third query, up to the fifth. */
static bool ready(void *self)
{
	struct erratic *e = self;
	uint64_t asked = atomic_load(&e->asked);
	return asked >= 3 && asked < 5;
}

/* Everybody's search path: two domains and the root. */
static size_t search(void *self, sodns_query_t *q, const uint8_t **out, size_t max)
{
	static const uint8_t a[] = "\1a\7example\3org", b[] = "\1b\7example\3org", root[1];
	const uint8_t *const path[] = {a, b, root};
	size_t n = 0;
	(void)self;
	(void)q;
	for (; n < sizeof(path) / sizeof(*path) && n < max; n++)
		out[n] = path[n];
	return n;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_ready_ability_t readiness = {sizeof(readiness), ready};
	static const sodns_autopath_ability_t searching = {sizeof(searching), search};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_READY))
		return &readiness;
	return strcmp(id, SODNS_ABILITY_AUTOPATH) ? NULL : &searching;
}

SODNS_PLUGIN(.name = "erratic", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve, .ability = ability);
