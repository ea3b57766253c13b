/*
 * Options as data: what each kind takes and refuses, lists, groups, keywords, blocks in blocks; and what
 * is said and printed of them.
 */
#include "test.h"

#include "host/options.h"

struct inner {
	uint32_t depth;
	bool wet;
};
struct item {
	const char *text;
	uint64_t period;
};
struct all {
	const char *greeting;
	const uint8_t *const *zones;
	size_t zone_count;
	bool flag, off, on, verbose, given;
	uint16_t port;
	uint32_t ttl, percent;
	int64_t offset;
	uint64_t period, pause;
	size_t bytes;
	enum { RED, GREEN = 2 } colour;
	uint16_t type, rclass;
	int rcode;
	const char *path, *listen, *line;
	const uint8_t *name, *zone;
	sodns_fallthrough_t fall;
	sodns_address_t address, endpoint;
	sodns_prefix_t *nets;
	size_t net_count;
	uint16_t *ports;
	size_t port_count;
	const char **words;
	size_t word_count;
	struct item *items;
	size_t item_count;
	struct inner inner;
	const char *called, *domain;
	unsigned parsed, checked, others;
};

static int call(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	((struct all *)to)->called = sodns_setup_arg(s);
	return strcmp(o->name, "call");
}

static int parse(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	(void)o;
	((struct all *)to)->parsed++;
	return strcmp(word, "bad") ? SODNS_OK : sodns_error(s, "it is %s", word);
}

static int check(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	const struct item *item = to;
	(void)o;
	(void)word;
	return strcmp(item->text, "never") ? SODNS_OK : sodns_error(s, "never say never");
}

static int other(sodns_setup_t *s, void *to)
{
	((struct all *)to)->others++;
	return strcmp(sodns_setup_value(s), "wrong") ? SODNS_OK : sodns_error_property(s);
}

static const char *const colours[] = {"red", NULL, "green"};
static const sodns_option_t args[] = {
	{"GREETING", SODNS_OPT_TEXT, SODNS_FIELD(struct all, greeting), .max = 8,
	 .flags = SODNS_OPT_OPTIONAL, .fallback = "hello"},
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct all, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES},
};
static const sodns_option_t item[] = {
	{"TEXT", SODNS_OPT_TEXT, SODNS_FIELD(struct item, text)},
	{"PERIOD", SODNS_OPT_DURATION, SODNS_FIELD(struct item, period), .bare = "1h"},
};
static const sodns_option_t asking[] = {
	{"DURATION", SODNS_OPT_DURATION, SODNS_FIELD(struct all, pause)},
	{"verbose", SODNS_OPT_FLAG, SODNS_FIELD(struct all, verbose), .flags = SODNS_OPT_KEYWORD},
	{"domain", SODNS_OPT_TEXT, SODNS_FIELD(struct all, domain), .flags = SODNS_OPT_KEYWORD},
};
static const sodns_option_t inner[] = {
	{"depth", SODNS_OPT_NUMBER, SODNS_FIELD(struct inner, depth), .max = 9, .fallback = "3",
	 .flags = SODNS_OPT_ONCE},
	{"wet", SODNS_OPT_FLAG, SODNS_FIELD(struct inner, wet)},
};
static const sodns_option_t properties[] = {
	{"flag", SODNS_OPT_FLAG, SODNS_FIELD(struct all, flag)},
	{"off", SODNS_OPT_OFF, SODNS_FIELD(struct all, off)},
	{"switch", SODNS_OPT_BOOL, SODNS_FIELD(struct all, on), .bare = "on"},
	{"port", SODNS_OPT_NUMBER, SODNS_FIELD(struct all, port), SODNS_GIVEN(struct all, given)},
	{"ttl", SODNS_OPT_SECONDS, SODNS_FIELD(struct all, ttl), .min = 1, .max = 3600,
	 .fallback = "60", .help = "TTL of the answers"},
	{"offset", SODNS_OPT_NUMBER, SODNS_FIELD(struct all, offset), .min = -5, .max = 5,
	 .says = {.bad = SODNS_SAYS_ATOI,
		  .low = "{value} is too low, {range}",
		  .high = "too much"}},
	{"period", SODNS_OPT_DURATION, SODNS_FIELD(struct all, period), .min = 1000000000,
	 .max = 60000000000, .flags = SODNS_OPT_BARE_SECONDS, .fallback = "5s"},
	{"pause", SODNS_OPT_DURATION, SODNS_FIELD(struct all, pause), .flags = SODNS_OPT_CLAMP},
	{"bytes", SODNS_OPT_SIZE, SODNS_FIELD(struct all, bytes), .min = 65536},
	{"share", SODNS_OPT_PERCENT, SODNS_FIELD(struct all, percent), .min = 10, .max = 90},
	{"colour", SODNS_OPT_WORD, SODNS_FIELD(struct all, colour), .words = SODNS_WORDS(colours)},
	{"type", SODNS_OPT_TYPE, SODNS_FIELD(struct all, type)},
	{"class", SODNS_OPT_CLASS, SODNS_FIELD(struct all, rclass)},
	{"rcode", SODNS_OPT_RCODE, SODNS_FIELD(struct all, rcode)},
	{"path", SODNS_OPT_PATH, SODNS_FIELD(struct all, path), .fallback = "here"},
	{"listen", SODNS_OPT_LISTEN, SODNS_FIELD(struct all, listen)},
	{"line", SODNS_OPT_TEXT, SODNS_FIELD(struct all, line), .flags = SODNS_OPT_JOINED},
	{"name", SODNS_OPT_NAME, SODNS_FIELD(struct all, name)},
	{"zone", SODNS_OPT_ZONE, SODNS_FIELD(struct all, zone)},
	{"fallthrough", SODNS_OPT_FALLTHROUGH, SODNS_FIELD(struct all, fall)},
	{"address", SODNS_OPT_ADDRESS, SODNS_FIELD(struct all, address)},
	{"endpoint", SODNS_OPT_ENDPOINT, SODNS_FIELD(struct all, endpoint), .min = 53},
	{"nets", SODNS_OPT_PREFIX, SODNS_LIST(struct all, nets, net_count)},
	{"ports", SODNS_OPT_NUMBER, SODNS_LIST(struct all, ports, port_count), .max = 65535,
	 .flags = SODNS_OPT_REPLACE, .fallback = "7"},
	{"words", SODNS_OPT_TEXT, SODNS_LIST(struct all, words, word_count),
	 .flags = SODNS_OPT_OPTIONAL},
	{"item", SODNS_OPT_GROUP, SODNS_LIST(struct all, items, item_count),
	 .args = SODNS_ROWS(item), .check = check},
	{"ask", SODNS_OPT_GROUP, .args = SODNS_ROWS(asking), .says.extra = "what is {}?"},
	{"inner", SODNS_OPT_GROUP, SODNS_FIELD(struct all, inner), .block = SODNS_ROWS(inner)},
	{"call", SODNS_OPT_CALL, .call = call, .form = "WORD"},
	{"parse", SODNS_OPT_PARSE, .parse = parse, .flags = SODNS_OPT_MANY, .form = "WORDS..."},
	{"once", SODNS_OPT_FLAG, SODNS_FIELD(struct all, flag), .flags = SODNS_OPT_ONCE},
	{"old", SODNS_OPT_IGNORED, .flags = SODNS_OPT_IGNORES_MORE, .says.note = "old is of old"},
	{"alone", SODNS_OPT_IGNORED, .help = "without words"},
	{"later", SODNS_OPT_REFUSED, .says.note = "later is not in this release"},
	{"ANY", SODNS_OPT_FLAG, SODNS_FIELD(struct all, flag), .flags = SODNS_OPT_ANY_CASE},
	{"first", SODNS_OPT_NUMBER, SODNS_FIELD(struct all, port), .flags = SODNS_OPT_LEAVES_MORE},
	{"some", SODNS_OPT_NUMBER, SODNS_FIELD(struct all, port), .flags = SODNS_OPT_IGNORES_MORE},
};
static const sodns_options_t everything = {
	.args = SODNS_ROWS(args), .properties = SODNS_ROWS(properties), .help = "all kinds"};

/* Texts and lists are looked at after the reading. */
static generation_t g;
static corefile_t *corefile;
/* What a Corefile's block of the directive "all" came to. */
static struct all got;
static char said[2048];

static void end_generation(void)
{
	sandbox_free(&g.opens);
	arena_reset(&g.memory);
	g = (generation_t){0};
}

static int read_by(const sodns_options_t *options, const char *text)
{
	static const uint8_t zone[] = "\4test";
	static const uint8_t *zones[] = {zone};
	char err[512], whole[4096];
	plugin_t plugin = {.name = (char *)(uintptr_t) "all", .r = {.options = options}};
	block_t b = {.generation = &g, .zones = zones, .key_count = 1, .root = "/srv"};
	snprintf(whole, sizeof(whole), "test {\n%s\n}\n", text);
	if (corefile)
		corefile_free(corefile);
	end_generation();
	corefile = corefile_parse("Corefile", whole, strlen(whole), NULL, NULL, err, sizeof(err));
	assert_non_null(corefile);
	sodns_setup_t s = {.generation = &g, .block = &b, .plugin = &plugin};
	corefile_cursor_init(&s.cursor, &corefile->blocks[0].directives[0]);
	int rc = SODNS_OK;
	memset(&got, 0, sizeof(got));
	if (options->repeats == SODNS_FIRST)
		rc = sodns_setup_read_all(&s, &got);
	while (!rc && options->repeats != SODNS_FIRST && sodns_setup_next(&s)) {
		if (options->repeats == SODNS_EACH)
			memset(&got, 0, sizeof(got));
		rc = sodns_setup_read(&s, &got);
	}
	snprintf(said, sizeof(said), "%s", s.error);
	assert_int_equal(rc != SODNS_OK, s.failed);
	free(s.args);
	return rc;
}

#define TAKES(text)                                                                                \
	do {                                                                                       \
		int rc_ = read_by(&everything, text);                                              \
		if (rc_)                                                                           \
			fail_msg("%s: %s", text, said);                                            \
	} while (0)

static void refuses_by(const sodns_options_t *options, const char *text, int line,
		       const char *message)
{
	char whole[2048];
	assert_int_equal(read_by(options, text), SODNS_EINVAL);
	snprintf(whole, sizeof(whole), "plugin/all: Corefile:%d - Error during parsing: %s", line,
		 message);
	assert_string_equal(said, whole);
}

/* A block of one property. */
static void refuses(const char *property, const char *message)
{
	char text[512];
	snprintf(text, sizeof(text), "all {\n%s\n}", property);
	refuses_by(&everything, text, 3, message);
}

static void test_defaults(void **state)
{
	(void)state;
	TAKES("all");
	assert_string_equal(got.greeting, "hello");
	assert_int_equal(got.zone_count, 1);
	assert_memory_equal(got.zones[0], "\4test", 6);
	assert_true(got.off && !got.flag && !got.on && !got.given);
	assert_int_equal(got.ttl, 60);
	assert_int_equal(got.period, 5000000000);
	assert_string_equal(got.path, "/srv/here");
	assert_int_equal(got.port_count, 1);
	assert_int_equal(got.ports[0], 7);
	assert_int_equal(got.inner.depth, 3);
}

static void test_arguments(void **state)
{
	(void)state;
	TAKES("all hi A.test b.test 10.0.0.0/15");
	assert_string_equal(got.greeting, "hi");
	assert_int_equal(got.zone_count, 4);
	assert_memory_equal(got.zones[0], "\1a\4test", 8);
	refuses_by(&everything, "all hi ..", 2, "zone is not a valid domain name: ..");
	refuses_by(&everything, "all goodbyeall", 2, "GREETING is longer than 8 bytes");
}

static void test_numbers(void **state)
{
	(void)state;
	TAKES("all {\n port 70000\n offset -5\n}");
	assert_int_equal(got.port, 65535);
	assert_int_equal(got.offset, -5);
	assert_true(got.given);
	refuses("port -1", "port can't be negative: -1");
	refuses("port x", "port must be a number at least 0, got 'x'");
	refuses("port", "Wrong argument count or unexpected line ending after 'port'");
	refuses("port 1 2", "Wrong argument count or unexpected line ending after '2'");
	refuses("ttl 0", "ttl must be in range [1, 3600]: 0");
	refuses("ttl 3601", "ttl must be in range [1, 3600]: 3601");
	refuses("ttl 1s", "ttl must be a number of seconds in range [1, 3600], got '1s'");
	refuses("offset -06", "-6 is too low, in range [-5, 5]");
	refuses("offset 6", "too much");
	refuses("offset six", "strconv.Atoi: parsing \"six\": invalid syntax");
	refuses("offset 99999999999999999999",
		"strconv.Atoi: parsing \"99999999999999999999\": value out of range");
}

static void test_durations(void **state)
{
	(void)state;
	TAKES("all {\n period 30\n pause -1s\n}");
	assert_int_equal(got.period, 30000000000);
	assert_int_equal(got.pause, 0);
	refuses("period 1ms", "period must be in range [1s, 1m]: 1ms");
	refuses("period 61", "period must be in range [1s, 1m]: 61");
	refuses("period often", "time: invalid duration \"often\"");
	refuses("pause 5", "time: missing unit in duration \"5\"");
	refuses("pause 1m5x", "time: unknown unit \"x\" in duration \"1m5x\"");
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} sizes[] = {{"65536", 65536},
		     {"64k", 65536},
		     {"1M", 1 << 20},
		     {"512KiB", 1 << 19},
		     {"1gB", 1 << 30}};
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char text[64];
		snprintf(text, sizeof(text), "all {\n bytes %s\n}", sizes[i].text);
		TAKES(text);
		assert_int_equal(got.bytes, sizes[i].bytes);
	}
	refuses("bytes 63K", "bytes must be at least 64K, but is: 63K");
	refuses("bytes 1X", "bytes must be a size such as 64M, but is: 1X");
	refuses("bytes 99999999999G", "bytes must be a size such as 64M, but is: 99999999999G");
	TAKES("all {\n share 10%\n}");
	assert_int_equal(got.percent, 10);
	refuses("share 9%", "share must be in range [10, 90]: 9%");
	refuses("share 10", "last character of percentage should be `%`, but is: '0'");
	refuses("share x%", "strconv.Atoi: parsing \"x\": invalid syntax");
}

static void test_words(void **state)
{
	(void)state;
	TAKES("all {\n switch\n flag\n off\n any\n colour green\n type AAAA\n class CH\n"
	      " rcode NXDOMAIN\n line a  b c\n words\n}");
	assert_true(got.on && got.flag && !got.off);
	assert_int_equal(got.colour, GREEN);
	assert_int_equal(got.type, 28);
	assert_int_equal(got.rclass, 3);
	assert_int_equal(got.rcode, 3);
	assert_string_equal(got.line, "a b c");
	TAKES("all {\n switch off\n}");
	assert_false(got.on);
	refuses("switch maybe", "switch must be on or off: \"maybe\"");
	refuses("flag on", "Wrong argument count or unexpected line ending after 'on'");
	refuses("colour blue", "unknown colour 'blue' (red or green)");
	refuses("type aaaa", "unknown type of records 'aaaa'");
	refuses("type TYPE28", "unknown type of records 'TYPE28'");
	refuses("class XX", "unknown class 'XX'");
	refuses("rcode 3", "unknown rcode 3");
}

static void test_names(void **state)
{
	(void)state;
	TAKES("all {\n name WWW.Test\n zone 10.0.0.0/15\n fallthrough a.test b.test\n"
	      " address ::1\n endpoint 192.0.2.1\n path x/y\n listen :80\n nets 10.0.0.0/8\n"
	      " nets ::/0 192.0.2.0/24\n}");
	assert_memory_equal(got.name, "\3www\4test", 10);
	assert_memory_equal(got.zone,
			    "\1"
			    "0"
			    "\2"
			    "10",
			    5);
	assert_int_equal(got.fall.count, 2);
	assert_int_equal(got.address.family, 6);
	assert_int_equal(got.endpoint.port, 53);
	assert_string_equal(got.path, "/srv/x/y");
	assert_int_equal(got.net_count, 3);
	assert_int_equal(got.nets[2].bits, 24);
	refuses("name a..b", "not a domain name: 'a..b'");
	refuses("address 1.2.3", "invalid IP address: 1.2.3");
	refuses("endpoint x:1", "endpoint must be an IP address or IP:port: \"x:1\"");
	refuses("nets 10.0.0.0", "invalid CIDR address: 10.0.0.0");
	refuses("nets", "Wrong argument count or unexpected line ending after 'nets'");
	refuses("listen 80", "address 80: missing port in address");
}

static void test_lists(void **state)
{
	(void)state;
	TAKES("all {\n ports 1 2 3\n ports 4 5\n words a\n words b c d e\n item x\n item y 5s\n}");
	assert_int_equal(got.port_count, 2);
	assert_int_equal(got.ports[1], 5);
	assert_int_equal(got.word_count, 5);
	assert_string_equal(got.words[4], "e");
	assert_int_equal(got.item_count, 2);
	assert_string_equal(got.items[0].text, "x");
	assert_int_equal(got.items[0].period, 3600000000000);
	assert_int_equal(got.items[1].period, 5000000000);
	refuses("ports 1 65536", "ports must be in range [0, 65535]: 65536");
	refuses("item never", "never say never");
	refuses("item a 1s b", "Wrong argument count or unexpected line ending after 'b'");
}

static void test_keywords(void **state)
{
	(void)state;
	TAKES("all {\n ask 5s domain example.org verbose\n}");
	assert_true(got.verbose);
	assert_string_equal(got.domain, "example.org");
	assert_int_equal(got.pause, 5000000000);
	refuses("ask 5s loudly", "what is loudly?");
	refuses("ask 5s domain", "Wrong argument count or unexpected line ending after 'domain'");
	refuses("ask verbose", "time: invalid duration \"verbose\"");
}

static void test_blocks(void **state)
{
	(void)state;
	TAKES("all {\n inner {\n  depth 9\n  wet\n }\n ttl 5\n}");
	assert_int_equal(got.inner.depth, 9);
	assert_true(got.inner.wet);
	assert_int_equal(got.ttl, 5);
	TAKES("all {\n inner\n ttl 5\n}");
	refuses_by(&everything, "all {\n inner {\n depth 10\n }\n}", 4,
		   "depth must be in range [0, 9]: 10");
	refuses_by(&everything, "all {\n inner {\n depht 1\n }\n}", 4,
		   "unknown property 'depht' (did you mean 'depth'?)");
	refuses_by(&everything, "all {\n inner {\n depth 1\n depth 1\n }\n}", 5,
		   "depth can only be specified once");
}

static void test_functions(void **state)
{
	(void)state;
	TAKES("all {\n call me\n parse a b\n old and grey\n first 1 flag\n some 2 flag x\n "
	      "once\n}");
	assert_string_equal(got.called, "me");
	assert_int_equal(got.parsed, 2);
	assert_int_equal(got.port, 2);
	assert_true(got.flag);
	refuses("alone x", "Wrong argument count or unexpected line ending after 'x'");
	refuses("parse a bad", "it is bad");
	refuses("later", "later is not in this release");
	refuses("first 1 fag", "unknown property 'fag' (did you mean 'flag'?)");
	refuses("periodd 1s", "unknown property 'periodd' (did you mean 'period'?)");
	refuses("nonsense", "unknown property 'nonsense'");
	refuses_by(&everything, "all {\n once\n once\n}", 4, "once can only be specified once");
}

static void test_directives(void **state)
{
	static const sodns_option_t wanted[] = {
		{"to", SODNS_OPT_TEXT, SODNS_FIELD(struct all, line), .flags = SODNS_OPT_REQUIRED},
		{"ttl", SODNS_OPT_NUMBER, SODNS_FIELD(struct all, ttl), .fallback = "9"}};
	static const sodns_options_t
		alone = {.repeats = SODNS_ONCE},
		shy = {.says.block = "it takes no options", .says.extra = "{} is too much"},
		needs = {.properties = SODNS_ROWS(wanted), .repeats = SODNS_EACH},
		never = {.properties = SODNS_ROWS(wanted),
			 .says = {.empty = "nothing specified", .unknown = "Unknown field {}"}},
		one = {.properties = SODNS_ROWS(wanted), .repeats = SODNS_FIRST},
		lines = {.other = other, .other_form = "LINE"};
	(void)state;
	assert_int_equal(read_by(&alone, "all"), SODNS_OK);
	refuses_by(&alone, "all\nall", 3, "this plugin can only be used once per Server Block");
	refuses_by(&alone, "all x", 2, "Wrong argument count or unexpected line ending after 'x'");
	refuses_by(&alone, "all {\n x\n}", 2, "Unexpected token '{', expecting argument");
	refuses_by(&shy, "all {\n x\n}", 3, "it takes no options");
	refuses_by(&shy, "all x", 2, "x is too much");
	assert_int_equal(read_by(&needs, "all {\n to a\n ttl 5\n}\nall {\n to b\n}"), SODNS_OK);
	assert_int_equal(got.ttl, 9);
	assert_string_equal(got.line, "b");
	refuses_by(&needs, "all {\n to a\n}\nall {\n ttl 1\n}", 7, "'to' is required");
	assert_int_equal(read_by(&one, "all {\n to a\n}\nall b {\n to b\n c\n}"), SODNS_OK);
	assert_string_equal(got.line, "a");
	refuses_by(&never, "all", 2, "nothing specified");
	refuses_by(&never, "all {\n tto\n}", 3, "Unknown field tto (did you mean 'to'?)");
	assert_int_equal(read_by(&lines, "all {\n a\n b\n}"), SODNS_OK);
	assert_int_equal(got.others, 2);
	refuses_by(&lines, "all {\n wrong\n}", 3, "unknown property 'wrong'");
}

/* A table that does not fit its struct is told, and writes nowhere. */
static void test_wrong_tables(void **state)
{
	static const sodns_option_t wrong[] = {
		{"address", SODNS_OPT_ADDRESS, SODNS_FIELD(struct all, port)},
		{"bytes", SODNS_OPT_SIZE, SODNS_FIELD(struct all, address)}};
	static const sodns_options_t bad = {.properties = SODNS_ROWS(wrong)};
	(void)state;
	refuses_by(&bad, "all {\n address ::1\n}", 3,
		   "the table of plugin/all is wrong: the field of address has 2 bytes");
	refuses_by(&bad, "all {\n bytes 5\n}", 3,
		   "the table of plugin/all is wrong: the field of bytes has 24 bytes");
}

static void test_help(void **state)
{
	char *text = NULL;
	size_t len;
	(void)state;
	FILE *f = open_memstream(&text, &len);
	const sodns_plugin_t plugin = {.name = "all", .options = &everything};
	options_print(&plugin, f);
	fclose(f);
	static const char *const lines[] = {
		"all: all kinds\n",
		"\nall [GREETING [ZONES...]] {\n",
		"\n    flag\n",
		"\n    switch [on|off]\n",
		"\n    ttl SECONDS\n",
		"\n    colour red|green\n",
		"\n    line TEXT...\n",
		"\n    fallthrough [ZONES...]\n",
		"\n    nets CIDR...\n",
		"\n    words [TEXT...]\n",
		"\n    item TEXT [PERIOD]\n",
		"\n    ask DURATION [verbose] [domain TEXT]\n",
		"\n    inner {\n        depth N\n        wet\n    }\n",
		"\n    call WORD\n",
		"  TTL of the answers; 1 to 3600; default 60\n",
		"  red or green\n",
		"  default: the server block's\n",
		"  taken, without effect; old is of old\n",
		"  not taken; later is not in this release\n",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(text, lines[i]))
			fail_msg("not in the help: %s\n%s", lines[i], text);
	assert_null(strstr(text, "\n    later"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),     cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_numbers),      cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),        cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),        cmocka_unit_test(test_lists),
		cmocka_unit_test(test_keywords),     cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_functions),    cmocka_unit_test(test_directives),
		cmocka_unit_test(test_wrong_tables), cmocka_unit_test(test_help)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	corefile_free(corefile);
	end_generation();
	return failed;
}
