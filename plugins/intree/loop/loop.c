/*
 * loop: finds out at start whether queries that leave this server come back to it. It asks itself for a
 * name that can't be known elsewhere. When that question is seen again it is answered with a secret: if the first
 * question gets that for its answer, it went all the way round, and the process ends. A host that has seen the
 * question can send it here as well, but cannot bring the answer to where the question came from.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/message.h>
#include <sodns/plugin.h>
#include <sodns/random.h>
#include <sodns/server.h>
#include <sodns/wait.h>

#define TRY_NS 30000000000ull
#define PAUSE SODNS_SECOND
#define PATIENCE (2 * SODNS_SECOND)
/* As many as there is time for. */
#define PROBES 30u
#define SECRET 16u
/* Where it came from, as text with its port. */
#define PEER_MAX (SODNS_ADDRESS_TEXT_MAX + 16)

/* One question: each has a name and a secret of its own. */
struct probe {
	uint8_t name[SODNS_NAME_MAX];  /* NUMBER.NUMBER.ZONE */
	uint8_t rdata[2 + 2 * SECRET]; /* of the HINFO record: two strings of random bytes */
	_Atomic(unsigned) seen;
	_Atomic(bool) has_peer;
	char peer[PEER_MAX];
};

struct loop {
	const uint8_t *zone;
	char server[128]; /* where this block answers: ":53" */
	sodns_address_t address;
	sodns_service_t *service;
	struct probe probes[PROBES];         /* used one after the other, and never again */
	_Atomic(const struct probe *) asked; /* NULL: none (any more) */
};

static void tell(const struct loop *l, const struct probe *p)
{
	char message[SODNS_NAME_TEXT_MAX * 2 + 512], zone[SODNS_NAME_TEXT_MAX];
	char name[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(l->zone, zone);
	sodns_name_to_text(p->name, name);
	snprintf(message, sizeof(message),
		 "Loop (%s -> %s) detected for zone \"%s\", see "
		 "https://coredns.io/plugins/loop#troubleshooting. Query: \"HINFO %s\"",
		 atomic_load(&p->has_peer) ? p->peer : "?", l->server, zone, name);
	sodns_host_fail("loop", message);
}

/* The first client that comes with it again, for the message. */
static void note_peer(struct probe *p, const sodns_query_t *q)
{
	char text[SODNS_ADDRESS_TEXT_MAX];
	const sodns_address_t *from = sodns_query_peer(q);
	sodns_address_to_text(from, text);
	snprintf(p->peer, sizeof(p->peer), from->family == 6 ? "[%s]:%u" : "%s:%u", text,
		 from->port);
	atomic_store(&p->has_peer, true);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct loop *l = h->self;
	struct probe *p = NULL;
	if (sodns_query_type(q) == SODNS_TYPE_HINFO)
		p = (struct probe *)(uintptr_t)atomic_load(&l->asked);
	if (!p || !sodns_name_equal(sodns_query_name(q), p->name))
		return sodns_next(h, q);
	/* The first time it is our own: no other host knew it. */
	unsigned before = atomic_fetch_add(&p->seen, 1);
	if (!before)
		return sodns_next(h, q);
	if (before == 1)
		note_peer(p, q);
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_HINFO, 0, p->rdata,
			       sizeof(p->rdata));
	return r;
}

/* Two numbers of 62 bits in front of the zone, as far as they fit; and the secret, whose bytes are
 * letters so that no server on the way has to escape them. */
static void make_probe(const struct loop *l, struct probe *p)
{
	uint64_t number[2];
	char labels[64];
	sodns_random_bytes(number, sizeof(number));
	snprintf(labels, sizeof(labels), "%llu.%llu", (unsigned long long)(number[0] >> 2),
		 (unsigned long long)(number[1] >> 2));
	if (sodns_name_from_text(labels, l->zone, p->name) < 0)
		sodns_name_from_text(labels, NULL, p->name);
	sodns_random_bytes(p->rdata, sizeof(p->rdata));
	for (size_t i = 0; i < sizeof(p->rdata); i++)
		p->rdata[i] = (uint8_t)('a' + p->rdata[i] % 16);
	p->rdata[0] = p->rdata[1 + SECRET] = SECRET;
}

/* It was seen again, but its answer did not come round: a server on the way may not let it through, or
 * a host plays tricks. No reason to end. */
static void warn(const struct loop *l, const struct probe *p)
{
	char zone[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(l->zone, zone);
	if (atomic_load(&p->has_peer))
		sodns_log(
			SODNS_LOG_WARNING, "loop",
			"a question for zone \"%s\" came back from %s, but not its answer: a loop, "
			"or one who has seen it sent it again",
			zone, p->peer);
}

/* True: that is all there is to find out. */
static bool ask(struct loop *l, struct probe *p)
{
	uint8_t query[SODNS_MESSAGE_QUERY_MAX], answer[512];
	make_probe(l, p);
	atomic_store(&l->asked, p);
	size_t len = sodns_message_query(query, SODNS_RD, p->name, SODNS_TYPE_HINFO,
					 SODNS_CLASS_IN);
	int n = sodns_exchange_udp(&l->address, query, len, answer, sizeof(answer), PATIENCE);
	atomic_store(&l->asked, NULL);
	if (n > 0 && memmem(answer, (size_t)n, p->rdata, sizeof(p->rdata)))
		tell(l, p);
	else
		warn(l, p);
	return n > 0 || n == SODNS_ECANCELLED;
}

/* Until the question was answered, for 30 seconds at most: others may have to start first. */
static void probe(void *arg)
{
	struct loop *l = arg;
	uint64_t end = sodns_now() + TRY_NS;
	for (unsigned i = 0; i < PROBES && sodns_now() < end; i++)
		if (ask(l, &l->probes[i]) || !sodns_service_sleep(PAUSE))
			return;
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

static const sodns_options_t options = {.repeats = SODNS_ONCE,
					.help = "ends the process if queries come back to it"};

static int setup(sodns_setup_t *s)
{
	struct loop *l = sodns_setup_alloc(s, sizeof(*l));
	size_t count;
	if (sodns_setup_read_all(s, NULL))
		return SODNS_EINVAL;
	l->zone = sodns_setup_zones(s, &count)[0];
	return sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "loop", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve, .prepare = prepare, .start = start, .teardown = teardown);
