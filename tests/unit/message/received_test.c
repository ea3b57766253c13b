/*
 * Messages of other servers: what is refused, and how much work names can make.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/encode.h"
#include "message/query.h"
#include "message/rdata.h"
#include "message/reply.h"

#define HEAD 17 /* header and the question ". A" */

static struct fixture {
	sodns_query_t q;
	query_shared_t shared;
	uint8_t message[65535];
	size_t len;
} f;

static void put(const void *bytes, size_t len)
{
	assert_true(f.len + len <= sizeof(f.message));
	memcpy(f.message + f.len, bytes, len);
	f.len += len;
}

static void put16(unsigned v)
{
	put((const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

/* Begins an answer to a query of `size` bytes with these counts. */
static void begin_for(const uint8_t *query, size_t size, unsigned answer, unsigned authority,
		      unsigned additional)
{
	static const sodns_address_t nobody;
	memset(&f, 0, sizeof(f) - sizeof(f.message) - sizeof(f.len));
	f.q.shared = &f.shared;
	f.q.peer = f.q.local = &nobody;
	arena_init(&f.shared.arena, NULL, 0);
	assert_int_equal(query_parse(&f.q, query, size), PARSE_OK);
	f.len = 0;
	put(query, 6);
	f.message[2] = 0x81;
	f.message[3] = 0x80;
	put16(answer);
	put16(authority);
	put16(additional);
	put(query + 12, size - 12);
}

/* The same of ". A". */
static void begin(unsigned answer, unsigned authority, unsigned additional)
{
	static const uint8_t query[HEAD] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
	begin_for(query, HEAD, answer, authority, additional);
}

static void put_record(const void *owner, size_t owner_len, unsigned type, const void *rdata,
		       size_t len)
{
	put(owner, owner_len);
	put16(type);
	put16(SODNS_CLASS_IN);
	put16(0);
	put16(60);
	put16((unsigned)len);
	put(rdata, len);
}

static void put_address(unsigned pointer)
{
	const uint8_t owner[2] = {(uint8_t)(0xc0 | pointer >> 8), (uint8_t)pointer};
	put_record(owner, 2, SODNS_TYPE_A, "\1\2\3\4", 4);
}

/* Both ways in say the same, and what is let in as an image can be opened. */
static bool taken(void)
{
	static uint8_t copy[sizeof(f.message)];
	size_t count;
	sodns_reply_t *parsed = sodns_reply_parse(&f.q, f.message, f.len);
	memcpy(copy, f.message, f.len);
	sodns_reply_t *received = sodns_reply_received(&f.q, copy, f.len);
	assert_int_equal(parsed != NULL, received != NULL);
	if (received) {
		sodns_reply_sets(received, SODNS_ANSWER, &count);
		assert_int_equal(sodns_reply_kind(received), SODNS_RECORDS);
	}
	arena_reset(&f.shared.arena);
	return parsed;
}

static void counts(void **state)
{
	(void)state;
	static const unsigned promised[][3] = {
		{2, 0, 0}, {1, 1, 0}, {1, 0, 1}, {65535, 65535, 65535}};
	begin(1, 0, 0);
	put_record("", 1, SODNS_TYPE_A, "\1\2\3\4", 4);
	assert_true(taken());
	for (unsigned i = 0; i < 4; i++)
		for (unsigned tc = 0; tc < 2; tc++) {
			begin(promised[i][0], promised[i][1], promised[i][2]);
			f.message[2] |= tc ? 2 : 0;
			put_record("", 1, SODNS_TYPE_A, "\1\2\3\4", 4);
			assert_false(taken());
		}
	/* A header and a question, and records that never came. */
	begin(1, 0, 0);
	assert_false(taken());
	begin(0, 0, 0);
	assert_true(taken());
}

static void addresses_of_other_lengths(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 20; n++) {
		begin(1, 0, 0);
		put_record("", 1, SODNS_TYPE_A, "0123456789abcdefghij", n);
		assert_int_equal(taken(), n == 4);
		begin(1, 0, 0);
		put_record("", 1, SODNS_TYPE_AAAA, "0123456789abcdefghij", n);
		assert_int_equal(taken(), n == 16);
	}
}

/* An OPT record stands once, for the root, in the additional section (RFC 6891, 6.1.1). */
static void opt(void **state)
{
	(void)state;
	begin(0, 0, 1);
	put_record("", 1, SODNS_TYPE_OPT, "", 0);
	assert_true(taken());
	begin(0, 0, 2);
	put_record("", 1, SODNS_TYPE_OPT, "", 0);
	put_record("", 1, SODNS_TYPE_OPT, "", 0);
	assert_false(taken());
	begin(1, 0, 0);
	put_record("", 1, SODNS_TYPE_OPT, "", 0);
	assert_false(taken());
	begin(0, 0, 1);
	put_record("\1x", 3, SODNS_TYPE_OPT, "", 0);
	assert_false(taken());
	begin(0, 0, 1);
	put_record("", 1, SODNS_TYPE_OPT, "\0\1\0\5abc", 7);
	assert_false(taken());
}

/* Names that must not be compressed are not (RFC 9460, 2.2; RFC 3597, 4); those that may be, are. */
static void compressed_names(void **state)
{
	(void)state;
	begin(1, 0, 0);
	put_record("", 1, SODNS_TYPE_SRV, "\0\0\0\0\0\1\xc0\x0c", 8);
	assert_true(taken());
	begin(1, 0, 0);
	put_record("", 1, SODNS_TYPE_HTTPS, "\0\1\xc0\x0c", 4);
	assert_false(taken());
}

/* A pointer to a pointer to a pointer, as many as fit where pointers can lead; then names that begin at
 * the end of them. */
static void chain_of_pointers(unsigned links, unsigned names)
{
	begin(1 + names, 0, 0);
	size_t at = f.len + 11;
	put_record("", 1, 65280, "", 0);
	f.message[f.len - 2] = (uint8_t)(2 * links >> 8);
	f.message[f.len - 1] = (uint8_t)(2 * links);
	for (unsigned i = 0; i < links; i++)
		put16(0xc000 | (i ? (unsigned)at + 2 * (i - 1) : 12));
	for (unsigned i = 0; i < names; i++)
		put_address((unsigned)at + 2 * (links - 1));
}

static void pointers(void **state)
{
	(void)state;
	chain_of_pointers(100, 100);
	assert_true(taken());
	chain_of_pointers(200, 1);
	assert_false(taken());
	chain_of_pointers(8000, 3000);
	assert_false(taken());
	/* The work adds up, too, even where no name has many; but for those that are one after the
	 * other the same. */
	chain_of_pointers(120, 4000);
	assert_true(f.len < sizeof(f.message));
	uint16_t other = 0;
	for (size_t at = HEAD + 11 + 240; at + 16 <= f.len; at += 16, other ^= 2)
		f.message[at + 1] = (uint8_t)(f.message[at + 1] - other);
	assert_false(taken());
}

/* A long name, and thousands of pointers into it. */
static void labels(unsigned count, unsigned names)
{
	begin(1 + names, 0, 0);
	uint8_t name[255] = {0};
	for (unsigned i = 0; i < count; i++)
		memcpy(name + 2 * i, "\1x", 2);
	size_t at = f.len;
	put_record(name, 2 * count + 1, SODNS_TYPE_A, "\1\2\3\4", 4);
	for (unsigned i = 0; i < names; i++)
		put_address((unsigned)at + 2 * (i % 2));
}

static void long_names(void **state)
{
	(void)state;
	labels(127, 200);
	assert_true(taken());
	labels(127, 4000);
	assert_false(taken());
	/* As long as names of addresses are, as often as they can stand in a message. */
	labels(34, 4000);
	assert_true(taken());
}

/* An answer to "wWw.X. A" with everything that can point somewhere. */
static void begin_various(bool signed_by_key)
{
	static const uint8_t query[] = {0, 1,   1,   0,   0, 1,   0, 0, 0, 0, 0, 0,
					3, 'w', 'W', 'w', 1, 'X', 0, 0, 1, 0, 1};
	begin_for(query, sizeof(query), 3, 1, 2 + signed_by_key);
	put_address(12);
	put_record("\3wwW\1x", 7, SODNS_TYPE_A, "\1\2\3\5", 4);
	put_record("\1Y\xc0\x10", 4, SODNS_TYPE_CNAME, "\1Z\xc0\x10", 4);
	put_record("\xc0\x10", 2, SODNS_TYPE_NS, "\2nS\xc0\x0c", 5);
	put_record("\2nS\xc0\x0c", 5, SODNS_TYPE_A, "\1\2\3\6", 4);
	put_record("", 1, SODNS_TYPE_OPT, "\0\17\0\2\0\1", 6);
	if (signed_by_key)
		put_record("\1k", 3, SODNS_TYPE_TSIG, "\1h\0\0\0\0\0\0\1\0\5\0\0\0\1\0\0\0\0", 19);
}

/* What the one who keeps an answer makes of it: its own reply, all TTLs 7, as an image. */
static sodns_reply_t *keep(bool opened, enum sodns_reply_kind kind, sodns_image_t *image)
{
	uint8_t *copy = memcpy(arena_alloc(&f.shared.arena, f.len), f.message, f.len);
	sodns_reply_t *r = sodns_reply_received(&f.q, copy, f.len);
	assert_non_null(r);
	if (opened)
		assert_true(sodns_reply_open(r));
	r = sodns_reply_again(&f.q, r);
	assert_false(sodns_reply_has_edns(r));
	sodns_reply_set_ttl(r, 7);
	assert_int_equal(sodns_reply_image(r, image), SODNS_OK);
	assert_int_equal(sodns_reply_kind(r), kind);
	return r;
}

static void same_records(const sodns_image_t *a, const sodns_image_t *b)
{
	sodns_reply_t *x = sodns_reply_parse(&f.q, a->message, a->length),
		      *y = sodns_reply_parse(&f.q, b->message, b->length);
	size_t all = 0;
	assert_int_equal(a->ttl_count, b->ttl_count);
	assert_memory_equal(a->message, b->message, 12 + 11);
	for (int k = 0; k < 3; k++) {
		size_t m, n;
		const sodns_rrset_t *s = sodns_reply_sets(x, (enum sodns_section)k, &m),
				    *t = sodns_reply_sets(y, (enum sodns_section)k, &n);
		assert_int_equal(m, n);
		for (size_t i = 0; i < m; i++, all++) {
			assert_true(sodns_name_equal(s[i].owner, t[i].owner));
			assert_int_equal(s[i].type, t[i].type);
			assert_int_equal(s[i].ttl, 7);
			assert_int_equal(t[i].ttl, 7);
			assert_true(rdata_equal(s[i].type, s[i].data + 2, s[i].data_len - 2u,
						t[i].data + 2, t[i].data_len - 2u));
		}
	}
	assert_int_equal(all, a->ttl_count);
}

/* An answer that is kept without being opened is the one that it would be if it were. */
static void kept(void **state)
{
	(void)state;
	static const struct {
		enum sodns_section section;
		uint16_t type;
		bool asked;
	} seen[] = {
		{SODNS_ANSWER, SODNS_TYPE_A, true},      {SODNS_ANSWER, SODNS_TYPE_A, false},
		{SODNS_ANSWER, SODNS_TYPE_CNAME, false}, {SODNS_AUTHORITY, SODNS_TYPE_NS, false},
		{SODNS_ADDITIONAL, SODNS_TYPE_A, false},
	};
	sodns_image_t whole, opened;
	sodns_image_record_t rr;
	begin_various(false);
	sodns_reply_t *r = keep(false, SODNS_WIRE, &whole);
	keep(true, SODNS_RECORDS, &opened);
	same_records(&whole, &opened);
	for (size_t i = 0; i < 5; i++) {
		assert_true(sodns_reply_image_record(r, i, &rr));
		assert_int_equal(rr.section, seen[i].section);
		assert_int_equal(rr.type, seen[i].type);
		assert_int_equal(rr.rclass, SODNS_CLASS_IN);
		assert_int_equal(rr.asked, seen[i].asked);
		assert_int_equal(rr.ttl, 7);
	}
	assert_false(sodns_reply_image_record(r, 5, &rr));
	arena_reset(&f.shared.arena);
	/* A signature is for who asked, and goes. */
	begin_various(true);
	r = keep(false, SODNS_RECORDS, &whole);
	keep(true, SODNS_RECORDS, &opened);
	same_records(&whole, &opened);
	assert_int_equal(whole.ttl_count, 5);
	arena_reset(&f.shared.arena);
}

/* Made for another question it is opened, and its question is the query's. */
static void kept_for_another(void **state)
{
	(void)state;
	size_t count;
	begin_various(false);
	sodns_reply_t *r = sodns_reply_received(&f.q, f.message, f.len);
	sodns_query_t *d = sodns_query_derive(&f.q);
	sodns_query_set_name(d, (const uint8_t *)"\5other");
	r = sodns_reply_again(d, r);
	assert_int_equal(sodns_reply_kind(r), SODNS_RECORDS);
	sodns_reply_sets(r, SODNS_ANSWER, &count);
	assert_int_equal(count, 3);
	arena_reset(&f.shared.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),   cmocka_unit_test(addresses_of_other_lengths),
		cmocka_unit_test(opt),      cmocka_unit_test(compressed_names),
		cmocka_unit_test(pointers), cmocka_unit_test(long_names),
		cmocka_unit_test(kept),     cmocka_unit_test(kept_for_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
