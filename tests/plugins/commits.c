/*
 * A test plugin that keeps a zone and changes it a hundred times a second, for as long as it runs.
 */
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/wait.h>
#include <sodns/zone.h>

struct commits {
	sodns_zone_t *zone;
	sodns_service_t *service;
};

static const uint8_t origin[] = "\x07"
				"commits";

static void change(sodns_zone_t *z, unsigned round)
{
	uint8_t name[] = "\x04host\x07"
			 "commits",
		data[130] = {0, 128};
	sodns_txn_t *t = sodns_zone_begin(z);
	for (unsigned i = 0; i < 50; i++) {
		name[4] = (uint8_t)('0' + i);
		memset(data + 2, (int)round, 128);
		sodns_txn_set(t, name, 65280, 60, data, sizeof(data), 1);
	}
	sodns_txn_commit(t);
}

static void run(void *arg)
{
	struct commits *c = arg;
	for (unsigned round = 0; sodns_service_sleep(10 * SODNS_MS); round++)
		change(c->zone, round);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct commits *c = h->self;
	enum sodns_zone_result result;
	return sodns_zone_answer(q, c->zone, &result);
}

static int setup(sodns_setup_t *s)
{
	struct commits *c = sodns_setup_alloc(s, sizeof(*c));
	sodns_setup_next(s);
	c->zone = sodns_zone_new(origin);
	return sodns_add_handler(s, c);
}

static void start(void *self)
{
	struct commits *c = self;
	c->service = sodns_service_start("commits", run, c);
}

static void teardown(void *self)
{
	struct commits *c = self;
	sodns_service_stop(c->service);
	sodns_zone_free(c->zone);
}

SODNS_PLUGIN(.name = "commits", .setup = setup, .serve_dns = serve, .start = start,
	     .teardown = teardown);
