/*
 * What the unit tests share: cmocka with its headers in order, and a query out of a packet.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/query.h"

/* A query as a worker's slot has it. */
struct test_query {
	sodns_query_t q;
	query_shared_t shared;
	sodns_address_t peer, local;
	uint8_t packet[2048];
	_Alignas(16) uint8_t arena[8192];
};

static inline void test_query_init(struct test_query *t)
{
	memset(&t->q, 0, sizeof(t->q));
	memset(&t->shared, 0, sizeof(t->shared));
	t->q.shared = &t->shared;
	t->q.peer = &t->peer;
	t->q.local = &t->local;
	t->q.protocol = SODNS_UDP;
	t->peer = (sodns_address_t){.family = 4, .bytes = {127, 0, 0, 1}, .port = 4321};
	arena_init(&t->shared.arena, t->arena, sizeof(t->arena));
}

/* A name in wire form, good until the eighth call after this. */
static inline const uint8_t *test_wire(const char *text)
{
	static uint8_t buf[8][SODNS_NAME_MAX];
	static unsigned at;
	uint8_t *out = buf[at++ % 8];
	assert_true(sodns_name_from_text(text, NULL, out) > 0);
	return out;
}

/* A query for name (text) and type, as a client would send it. */
static inline void test_query_make(struct test_query *t, const char *name, uint16_t type)
{
	uint8_t wire[SODNS_NAME_MAX];
	test_query_init(t);
	int len = sodns_name_from_text(name, NULL, wire);
	assert_true(len > 0);
	const uint8_t head[12] = {0x12, 0x34, 1, 0, 0, 1};
	memcpy(t->packet, head, 12);
	memcpy(t->packet + 12, wire, (size_t)len);
	uint8_t *p = t->packet + 12 + len;
	p[0] = (uint8_t)(type >> 8);
	p[1] = (uint8_t)type;
	p[2] = 0;
	p[3] = 1;
	assert_int_equal(query_parse(&t->q, t->packet, (size_t)len + 16), PARSE_OK);
}

/* Puts it aside with the versions of zones that it looked at, and ends that. */
static inline void test_query_pin(struct test_query *t)
{
	if (t->shared.views)
		t->shared.view_calls->pin(&t->shared);
}

static inline void test_query_unpin(struct test_query *t)
{
	if (t->shared.views)
		t->shared.view_calls->unpin(&t->shared);
	t->shared.views = NULL;
}

static inline void test_query_free(struct test_query *t)
{
	arena_reset(&t->shared.arena);
}

#endif
