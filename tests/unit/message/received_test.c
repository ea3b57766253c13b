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

/* Begins an answer to ". A" with these counts. */
static void begin(unsigned answer, unsigned authority, unsigned additional)
{
	static const uint8_t query[HEAD] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
	static const sodns_address_t nobody;
	memset(&f, 0, sizeof(f) - sizeof(f.message) - sizeof(f.len));
	f.q.shared = &f.shared;
	f.q.peer = f.q.local = &nobody;
	arena_init(&f.shared.arena, NULL, 0);
	assert_int_equal(query_parse(&f.q, query, sizeof(query)), PARSE_OK);
	f.len = 0;
	put(query, 6);
	f.message[2] = 0x81;
	f.message[3] = 0x80;
	put16(answer);
	put16(authority);
	put16(additional);
	put(query + 12, HEAD - 12);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),   cmocka_unit_test(addresses_of_other_lengths),
		cmocka_unit_test(opt),      cmocka_unit_test(compressed_names),
		cmocka_unit_test(pointers), cmocka_unit_test(long_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
