/*
 * loop: finds out at start whether queries that leave this server come back to it. It asks itself for a
 * name that nobody can know, and ends the process when that question is seen a third time: once it was
 * asked, twice it must have come round.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/random.h>
#include <sodns/server.h>
#include <sodns/wait.h>

#define TRY_NS 30000000000ull
#define PAUSE_MS 1000u
#define ANSWER_MS 2000u
#define SEEN_MAX 2u

struct loop {
	const uint8_t *zone;
	uint8_t name[SODNS_NAME_MAX]; /* NUMBER.NUMBER.ZONE */
	char text[SODNS_NAME_TEXT_MAX];
	char server[128]; /* where this block answers: ":53" */
	sodns_address_t address;
	sodns_service_t *service;
	_Atomic(unsigned) seen;
	_Atomic(bool) off, told;
};

static void tell(struct loop *l, const sodns_query_t *q)
{
	char message[SODNS_NAME_TEXT_MAX * 2 + 512], zone[SODNS_NAME_TEXT_MAX];
	char peer[SODNS_ADDRESS_TEXT_MAX];
	const sodns_address_t *from = sodns_query_peer(q);
	if (atomic_exchange(&l->told, true))
		return;
	sodns_name_to_text(l->zone, zone);
	sodns_address_to_text(from, peer);
	snprintf(message, sizeof(message),
		 "Loop (%s%s%s:%u -> %s) detected for zone \"%s\", see "
		 "https://coredns.io/plugins/loop#troubleshooting. Query: \"HINFO %s\"",
		 from->family == 6 ? "[" : "", peer, from->family == 6 ? "]" : "", from->port,
		 l->server, zone, l->text);
	sodns_host_fail("loop", message);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct loop *l = h->self;
	if (sodns_query_type(q) != SODNS_TYPE_HINFO || atomic_load(&l->off) ||
	    !sodns_name_equal(sodns_query_name(q), l->name))
		return sodns_next(h, q);
	if (atomic_fetch_add(&l->seen, 1) >= SEEN_MAX)
		tell(l, q);
	return sodns_next(h, q);
}

/* Two numbers of 62 bits in front of the zone, as far as they fit. */
static void make_name(struct loop *l)
{
	uint64_t number[2];
	char labels[64];
	sodns_random_bytes(number, sizeof(number));
	snprintf(labels, sizeof(labels), "%llu.%llu", (unsigned long long)(number[0] >> 2),
		 (unsigned long long)(number[1] >> 2));
	if (sodns_name_from_text(labels, l->zone, l->name) < 0)
		sodns_name_from_text(labels, NULL, l->name);
	sodns_name_to_text(l->name, l->text);
}

static size_t make_query(const struct loop *l, uint8_t *m)
{
	size_t n = sodns_name_length(l->name);
	memset(m, 0, 12);
	sodns_random_bytes(m, 2);
	m[2] = SODNS_RD >> 8;
	m[5] = 1;
	memcpy(m + 12, l->name, n);
	m[12 + n] = 0;
	m[13 + n] = SODNS_TYPE_HINFO;
	m[14 + n] = 0;
	m[15 + n] = SODNS_CLASS_IN;
	return 16 + n;
}

/* Until the question was answered, for 30 seconds at most: others may have to start first. */
static void probe(void *arg)
{
	struct loop *l = arg;
	uint8_t query[SODNS_NAME_MAX + 16], answer[4096];
	uint64_t end = sodns_now() + TRY_NS;
	while (sodns_now() < end) {
		size_t len = make_query(l, query);
		int n = sodns_exchange_udp(&l->address, query, len, answer, sizeof(answer),
					   ANSWER_MS);
		if (n > 0 || n == SODNS_CANCELLED)
			break;
		atomic_store(&l->seen, 0);
		if (!sodns_service_sleep(PAUSE_MS))
			break;
	}
	atomic_store(&l->off, true);
}

/* A server on all addresses is asked on this machine's own. */
static bool read_server(struct loop *l, const char *server)
{
	const char *at = strncmp(server, "dns://", 6) ? NULL : server + 6;
	char text[160];
	if (!at)
		return false;
	snprintf(l->server, sizeof(l->server), "%s", at);
	snprintf(text, sizeof(text), "%s%s", *at == ':' ? "127.0.0.1" : "", at);
	return !sodns_endpoint_from_text(text, 53, &l->address);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct loop *l = self;
	size_t count;
	const char *const *servers = sodns_prepare_servers(p, &count);
	for (size_t i = 0; i < count && !l->address.family; i++)
		if (!read_server(l, servers[i]))
			l->address.family = 0;
	return SODNS_OK;
}

static void start(void *self)
{
	struct loop *l = self;
	if (l->address.family)
		l->service = sodns_service_start("loop", probe, l);
}

static void teardown(void *self)
{
	sodns_service_stop(((struct loop *)self)->service);
}

static int setup(sodns_setup_t *s)
{
	struct loop *l = sodns_setup_alloc(s, sizeof(*l));
	size_t count;
	for (unsigned i = 0; sodns_setup_next(s); i++) {
		if (i)
			return sodns_error(s, "this plugin can only be used once per Server Block");
		if (sodns_setup_arg(s))
			return sodns_error_args(s);
	}
	l->zone = sodns_setup_zones(s, &count)[0];
	make_name(l);
	return sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "loop", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve,
	     .prepare = prepare, .start = start, .teardown = teardown);
