/*
 * A test plugin that crashes on some names: crash. and those below it by a wild pointer, deep. by a stack that overflows,
 * abort. by abort(). It takes `prepare` milliseconds to load.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodns/plugin.h>

struct crash {
	unsigned prepare_ms;
};

static int *volatile nowhere;

static unsigned deeper(volatile unsigned *above)
{
	volatile unsigned here[64];
	here[0] = *above + 1;
	return deeper(here) + here[0];
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const uint8_t *name = sodns_query_name(q);
	unsigned zero = 0;
	if (sodns_name_is_below(name, (const uint8_t *)"\5crash"))
		*nowhere = 1;
	if (sodns_name_equal(name, (const uint8_t *)"\4deep"))
		return sodns_fail(q, (int)deeper(&zero), NULL);
	if (sodns_name_equal(name, (const uint8_t *)"\5abort"))
		abort();
	return sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	struct crash *c = sodns_setup_alloc(s, sizeof(*c));
	while (sodns_setup_next(s)) {
		const char *ms = sodns_setup_arg(s);
		c->prepare_ms = ms ? (unsigned)atoi(ms) : 0;
	}
	return sodns_add_handler(s, c);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	const struct crash *c = self;
	(void)p;
	usleep(c->prepare_ms * 1000);
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "crash", .setup = setup, .serve_dns = serve, .prepare = prepare);
