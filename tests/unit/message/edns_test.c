/* Queries that are odd or malformed: which are FORMERR, as Knot, NSD and BIND have it. */
#include "test.h"

#include "message/encode.h"
#include "message/reply.h"

/* A message that is being written. */
struct writer {
	uint8_t bytes[2048];
	size_t len;
};

static void put(struct writer *w, const void *bytes, size_t len)
{
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static void put16(struct writer *w, unsigned v)
{
	const uint8_t bytes[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	put(w, bytes, 2);
}

/* Words of a text, each a part of the message behind the header:
 *	q           the question www.example. A IN; qc, qt, qn: without class, without type, cut in the name
 *	opt         an OPT record; opt:HEX with these options; .opt with the owner "a"; >opt with a
 *	            pointer to the root; opt1 of version 1
 *	tsig        a TSIG record; tsig1 of class IN
 *	a           an A record
 *	x           a byte
 */
static void put_record(struct writer *w, const char *owner, size_t owner_len, unsigned type,
		       unsigned rclass, uint32_t ttl, const uint8_t *rdata, size_t len)
{
	put(w, owner, owner_len);
	put16(w, type);
	put16(w, rclass);
	put16(w, ttl >> 16);
	put16(w, ttl & 0xffff);
	put16(w, (unsigned)len);
	put(w, rdata, len);
}

static void put_opt(struct writer *w, const char *word)
{
	uint8_t options[256];
	size_t n = 0;
	const char *hex = strchr(word, ':');
	for (hex = hex ? hex + 1 : ""; *hex; hex += 2) {
		unsigned byte;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		options[n++] = (uint8_t)byte;
	}
	bool named = *word == '.', pointer = *word == '>';
	put_record(w,
		   named     ? "\1a"
		   : pointer ? "\xc0\x18"
			     : "",
		   named     ? 3
		   : pointer ? 2
			     : 1,
		   SODNS_TYPE_OPT, 1232, strstr(word, "opt1") ? 0x10000 : 0, options, n);
}

static void put_word(struct writer *w, const char *word)
{
	static const char question[] = "\3www\7example";
	if (*word == 'q') {
		put(w, question, strcmp(word, "qn") ? sizeof(question) : 7);
		if (!word[1] || word[1] == 'c')
			put16(w, SODNS_TYPE_A);
		if (!word[1])
			put16(w, SODNS_CLASS_IN);
	} else if (strstr(word, "opt")) {
		put_opt(w, word);
	} else if (!strncmp(word, "tsig", 4)) {
		put_record(w, "\1k", 3, SODNS_TYPE_TSIG, word[4] ? SODNS_CLASS_IN : SODNS_CLASS_ANY,
			   0, (const uint8_t *)"", 1);
	} else if (*word == 'a') {
		put_record(w, "\1h", 3, SODNS_TYPE_A, SODNS_CLASS_IN, 5, (const uint8_t *)"abcd",
			   4);
	} else {
		put(w, "x", 1);
	}
}

static enum parse_verdict parse(struct test_query *t, const unsigned counts[4], const char *parts)
{
	static struct writer w;
	char text[256], *rest = text;
	w.len = 0;
	put16(&w, 0x1234);
	put16(&w, 0);
	for (int i = 0; i < 4; i++)
		put16(&w, counts[i]);
	snprintf(text, sizeof(text), "%s", parts);
	for (char *word; (word = strsep(&rest, " "));)
		put_word(&w, word);
	test_query_init(t);
	enum parse_verdict v = query_parse(&t->q, w.bytes, w.len);
	test_query_free(t);
	return v;
}

static void shapes(void **state)
{
	static const struct {
		const char *parts;
		unsigned counts[4];
		enum parse_verdict verdict;
	} cases[] = {
		{"q", {1, 0, 0, 0}, PARSE_OK},
		{"q opt", {1, 0, 0, 1}, PARSE_OK},
		{"q >opt", {1, 0, 0, 1}, PARSE_OK}, /* Knot, BIND; NSD: FORMERR */
		{"q opt tsig", {1, 0, 0, 2}, PARSE_OK},
		{"q a opt", {1, 0, 0, 2}, PARSE_OK}, /* Knot, BIND; NSD: FORMERR */
		{"q opt a", {1, 0, 0, 2}, PARSE_OK}, /* the same */
		{"q a a opt", {1, 1, 0, 2}, PARSE_OK},
		/* Bytes behind the last record: NSD, BIND; Knot: FORMERR. */
		{"q x", {1, 0, 0, 0}, PARSE_OK},
		{"q opt x x", {1, 0, 0, 1}, PARSE_OK},
		{"q opt", {1, 0, 0, 0}, PARSE_OK},
		/* RFC 6891, 6.1.1: one OPT record, in additional, its owner the root. */
		{"q opt opt", {1, 0, 0, 2}, PARSE_FORMERR},
		{"q opt1 opt", {1, 0, 0, 2}, PARSE_FORMERR},
		{"q opt", {1, 1, 0, 0}, PARSE_FORMERR},
		{"q opt", {1, 0, 1, 0}, PARSE_FORMERR},
		{"q opt opt", {1, 1, 0, 1}, PARSE_FORMERR},
		{"q opt opt", {1, 0, 1, 1}, PARSE_FORMERR},
		{"q .opt", {1, 0, 0, 1}, PARSE_FORMERR}, /* NSD, BIND */
		{"q opt:000300", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:00", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:000a000801020304", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:00030000000a0001", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:00030000000a000101", {1, 0, 0, 1}, PARSE_OK},
		{"q opt1", {1, 0, 0, 1}, PARSE_OK}, /* BADVERS is the server's to say */
		/* RFC 7871, 6: BIND. */
		{"q opt:0008000700011800c00002", {1, 0, 0, 1}, PARSE_OK},
		{"q opt:00080004000000000000", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:0008000400000000", {1, 0, 0, 1}, PARSE_OK},
		{"q opt:0008000400010000", {1, 0, 0, 1}, PARSE_OK},
		{"q opt:0008000700011818c00002", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:0008000700011700c00003", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:0008000700011700c00002", {1, 0, 0, 1}, PARSE_OK},
		{"q opt:0008000600011800c000", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:0008000800011800c0000200", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:0008000900012100c000020000", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:0008000700031800c00002", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q opt:00080003000118", {1, 0, 0, 1}, PARSE_FORMERR},
		/* RFC 8945, 5.1 and 4.2: one TSIG record, the last of additional; of class ANY: NSD, BIND. */
		{"q tsig", {1, 0, 0, 1}, PARSE_OK},
		{"q tsig tsig", {1, 0, 0, 2}, PARSE_FORMERR},
		{"q tsig opt", {1, 0, 0, 2}, PARSE_FORMERR},
		{"q tsig a", {1, 0, 0, 2}, PARSE_FORMERR},
		{"q tsig", {1, 1, 0, 0}, PARSE_FORMERR},
		{"q tsig", {1, 0, 1, 0}, PARSE_FORMERR},
		{"q tsig tsig", {1, 0, 1, 1}, PARSE_FORMERR},
		{"q tsig1", {1, 0, 0, 1}, PARSE_FORMERR},
		/* Fewer records than promised. */
		{"q", {1, 0, 0, 1}, PARSE_FORMERR},
		{"q", {1, 1, 0, 0}, PARSE_FORMERR},
		{"q opt", {1, 0, 0, 2}, PARSE_FORMERR},
		{"q a", {1, 1, 1, 0}, PARSE_FORMERR},
		/* More than CoreDNS takes: NSD; Knot and BIND read over them. */
		{"q a a", {1, 2, 0, 0}, PARSE_FORMERR},
		{"q a a", {1, 0, 2, 0}, PARSE_FORMERR},
		{"q a a opt", {1, 0, 0, 3}, PARSE_FORMERR},
		/* Not one question: NSD, BIND; Knot says nothing. */
		{"q", {0, 0, 0, 0}, PARSE_FORMERR},
		{"opt", {0, 0, 0, 1}, PARSE_FORMERR},
		{"q q", {2, 0, 0, 0}, PARSE_FORMERR},
		{"q", {2, 0, 0, 0}, PARSE_FORMERR},
		{"qc", {1, 0, 0, 0}, PARSE_FORMERR},
		{"qt", {1, 0, 0, 0}, PARSE_FORMERR},
		{"qc x", {1, 0, 0, 0}, PARSE_FORMERR},
		{"qn", {1, 0, 0, 0}, PARSE_FORMERR},
	};
	struct test_query t;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (parse(&t, cases[i].counts, cases[i].parts) != cases[i].verdict)
			fail_msg("'%s' %u %u %u %u", cases[i].parts, cases[i].counts[0],
				 cases[i].counts[1], cases[i].counts[2], cases[i].counts[3]);
}

/* No cut of a message with everything in it is read past its end, or is a query. */
static void cuts(void **state)
{
	struct test_query t;
	struct writer w = {.len = 0};
	(void)state;
	put16(&w, 1);
	put16(&w, 0);
	put16(&w, 1);
	put16(&w, 1);
	put16(&w, 1);
	put16(&w, 2);
	put_word(&w, "q");
	put_word(&w, "a");
	put_word(&w, "a");
	put_word(&w, "opt:000a000801020304050607080008000700011800c00002");
	put_word(&w, "tsig");
	for (size_t len = 0; len <= w.len; len++) {
		uint8_t *copy = malloc(len + 1); /* its end is known to the sanitizers */
		uint8_t *exact = len ? realloc(copy, len) : copy;
		memcpy(exact, w.bytes, len);
		test_query_init(&t);
		enum parse_verdict v = query_parse(&t.q, exact, len);
		assert_int_equal(v, len < 12 ? PARSE_DROP : len < w.len ? PARSE_FORMERR : PARSE_OK);
		if (v == PARSE_OK)
			assert_int_equal(t.q.tsig_at, w.len - 14);
		test_query_free(&t);
		free(exact);
	}
}

static uint8_t out[65535 + 64];

/* The OPT record of what would leave: its offset, 0: there is none; it is the last record. */
static size_t opt_of(struct test_query *t, sodns_reply_t *r)
{
	size_t len = message_encode(&t->q, r, out, 4096), end = 12 + (size_t)t->q.name_len + 4;
	if (!(out[10] << 8 | out[11]))
		return 0;
	assert_true(len >= end + 11 && !out[end] && out[end + 2] == SODNS_TYPE_OPT);
	return end;
}

static void with_edns(struct test_query *t, uint16_t flags, const char *options, size_t len)
{
	test_query_make(t, "www.example.", SODNS_TYPE_A);
	t->q.has_edns = true;
	t->q.edns_size = 1400;
	t->q.edns_flags = flags;
	t->q.options = (const uint8_t *)options;
	t->q.options_len = (uint16_t)len;
}

/* What leaves follows the client alone: an OPT record where it sent one, DO as it did, and no option
 * but those that were added here. */
static void answers(void **state)
{
	static const char sent[] = "\0\3\0\0\0\12\0\10abcdefgh\0\14\0\2zz\xfd\xe9\0\1x";
	struct test_query t;
	(void)state;
	for (int flags = 0; flags <= 0x8000; flags += 0x8000) {
		with_edns(&t, (uint16_t)flags, sent, sizeof(sent) - 1);
		size_t at = opt_of(&t, sodns_reply(&t.q));
		assert_true(at && out[at + 7] << 8 == flags && !out[at + 9] && !out[at + 10]);
		at = opt_of(&t, sodns_fail(&t.q, SODNS_REFUSED, NULL));
		assert_true(at && out[at + 7] << 8 == flags && !out[at + 10]);
		sodns_reply_t *r = sodns_reply(&t.q);
		sodns_reply_add_option(r, 15, "\0\1", 2);
		at = opt_of(&t, r);
		assert_true(at && out[at + 7] << 8 == flags && out[at + 10] == 6 &&
			    out[at + 12] == 15);
		sodns_reply_set_edns(r, 512, !flags);
		at = opt_of(&t, r);
		assert_true(at && out[at + 7] << 8 == flags &&
			    (out[at + 3] << 8 | out[at + 4]) == 1400);
		sodns_reply_set_rcode(r, SODNS_BADCOOKIE);
		at = opt_of(&t, r);
		assert_true(at && out[at + 5] == SODNS_BADCOOKIE >> 4 && (out[3] & 15) == 7);
		test_query_free(&t);
	}
	test_query_make(&t, "www.example.", SODNS_TYPE_A);
	sodns_reply_t *r = sodns_reply(&t.q);
	sodns_reply_add_option(r, 15, "\0\1", 2);
	sodns_reply_set_edns(r, 4096, true);
	assert_int_equal(opt_of(&t, r), 0);
	assert_int_equal(out[2] & 2, 0);
	/* What only an OPT record could say is a failure to clients without. */
	sodns_reply_set_rcode(r, SODNS_BADCOOKIE);
	assert_int_equal(opt_of(&t, r), 0);
	assert_int_equal(out[3] & 15, SODNS_SERVFAIL);
	test_query_free(&t);
}

static bool is_extended_error(void *arg, uint16_t code)
{
	(void)arg;
	return code == 15;
}

/* What an upstream said to this server alone can be read, and what may go on can be taken out. */
static void looked_at(const sodns_reply_t *r)
{
	size_t len;
	const uint8_t *cookie = sodns_reply_received_option(r, 10, &len);
	assert_true(cookie && len == 4 && !memcmp(cookie, "cook", 4));
	assert_non_null(sodns_reply_received_option(r, 11, &len));
	assert_int_equal(len, 0);
	assert_null(sodns_reply_received_option(r, 8, &len));
	assert_true(sodns_reply_has_edns(r));
}

/* Of an upstream's answer: the options of its hop stay there, and its OPT record is no reason for one. */
static void passed_on(void **state)
{
	static const char received[] =
		"\0\0\x84\0\0\1\0\0\0\0\0\1\3www\7example\0\0\1\0\1"
		"\0\0\x29\x04\xd0\0\0\x80\0\0\x21"
		"\0\3\0\1n\0\12\0\4cook\0\17\0\3\0\1e\0\14\0\1p\0\13\0\0\xfd\xe9\0\0";
	uint8_t message[sizeof(received) - 1];
	struct test_query t;
	(void)state;
	for (int way = 0; way < 4; way++) {
		memcpy(message, received, sizeof(message));
		with_edns(&t, 0, "", 0);
		t.q.has_edns = way & 1;
		sodns_reply_t *r = way & 2 ? sodns_reply_parse(&t.q, message, sizeof(message))
					   : sodns_reply_received(&t.q, message, sizeof(message));
		assert_non_null(r);
		size_t at = opt_of(&t, r);
		assert_int_equal(at != 0, way & 1);
		if (at)
			assert_memory_equal(out + at + 7, "\0\0\0\13\0\17\0\3\0\1e\xfd\xe9\0\0",
					    15);
		looked_at(r);
		sodns_reply_filter_options(r, is_extended_error, NULL);
		at = opt_of(&t, r);
		if (at)
			assert_memory_equal(out + at + 7, "\0\0\0\4\xfd\xe9\0\0", 8);
		test_query_free(&t);
	}
}

/* Which options are the configuration's, whatever the client has sent. */
static void set_by_plugins(void **state)
{
	static const char sent[] = "\0\10\0\4\0\1\0\0\xfd\xe9\0\1x";
	struct test_query t;
	size_t len;
	(void)state;
	with_edns(&t, 0, sent, sizeof(sent) - 1);
	sodns_query_set_options(&t.q, &len);
	assert_int_equal(len, 0);
	sodns_query_t *d = sodns_query_derive(&t.q);
	/* The same as the client's is the plugin's all the same. */
	sodns_query_set_option(d, 65001, (const uint8_t *)"x", 1);
	sodns_query_add_option(d, 65002, (const uint8_t *)"yz", 2);
	const uint8_t *set = sodns_query_set_options(d, &len);
	assert_int_equal(len, 11);
	assert_memory_equal(set, "\xfd\xe9\0\1x\xfd\xea\0\2yz", 11);
	sodns_query_options(d, &len);
	assert_int_equal(len, sizeof(sent) - 1 + 6);
	sodns_query_set_option(d, 65001, NULL, 0);
	sodns_query_set_option(sodns_query_derive(d), 65003, (const uint8_t *)"", 0);
	set = sodns_query_set_options(d, &len);
	assert_int_equal(len, 6);
	assert_memory_equal(set, "\xfd\xea\0\2yz", 6);
	sodns_query_set_edns(d, 0, false);
	sodns_query_set_options(d, &len);
	assert_int_equal(len, 0);
	assert_false(sodns_query_private(&t.q));
	sodns_query_set_private(d);
	assert_true(sodns_query_private(&t.q));
	test_query_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),         cmocka_unit_test(cuts),
		cmocka_unit_test(answers),        cmocka_unit_test(passed_on),
		cmocka_unit_test(set_by_plugins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
