/*
 * What the parts of the test library share: the configuration under test, and replies as text.
 */
#ifndef CORE_TEST_TEST_H
#define CORE_TEST_TEST_H

#include <sodns/test.h>

#include <sodns/library.h>
#include "server/server.h"

typedef struct upstream {
	struct upstream *next;
	sodns_address_t address;
	char *reply; /* NULL: never answers */
	uint32_t ms;
	unsigned asked;
} upstream_t;

struct sodns_test {
	generation_t *generation;
	listener_worker_t listener;
	char *next; /* the scripted reply, or NULL */
	upstream_t *upstreams;
	char *answer; /* text of the last one */
	uint8_t *packet;
	size_t packet_len;
	bool answered;
};

/* The one that runs, or NULL. */
extern sodns_test_t *test_current;
/* Counts a check; prints the failure with its place. */
void test_fail(const char *file, int line, const char *format, ...) SODNS_PRINTF(3, 4);
/* As sodns_test_ask(), but the answer stays a packet: t->packet. False: none came. */
bool test_ask_packet(sodns_test_t *t, const char *question);
/* The folder and the one worker, made at the first use. */
void test_prepare(void);

/* The scripted API server, in place of the watch client. */
const sodns_library_head_t *test_library(const char *name);

/* A scripted reply to q. */
sodns_reply_t *script_reply(sodns_query_t *q, const char *text);
/* A scripted answer to a query's packet; the length, 0 for none. */
size_t script_packet(const uint8_t *query, size_t len, const char *text, uint8_t *out, size_t size);
/* A packet as text; the caller frees it. */
char *packet_text(const uint8_t *packet, size_t len);

#endif
