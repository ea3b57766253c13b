/*
 * A test plugin that crashes on some names: crash. and those below it by a wild pointer, deep. by a stack that overflows,
 * wide. by one that steps far over its end, abort. by abort(), eat. by taking all memory, loop. and those below it by not returning. Where the first
 * label of those is "sleep", it waits first; "pool", "flight" and "detach" do it elsewhere. It takes `prepare`
 * milliseconds to load.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodns/plugin.h>
#include <sodns/wait.h>

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

static unsigned step_over(volatile unsigned *above)
{
	volatile unsigned here[4096];
	here[4095] = *above;
	here[0] = *above + 1;
	return step_over(here) + here[4095];
}

static void harm(void *work)
{
	if (*(bool *)work)
		for (volatile unsigned n = 0;; n++)
			;
	*nowhere = 1;
}

static void *fly(void *arg)
{
	harm(arg);
	return NULL;
}

static void detached(sodns_query_t *q, void *arg)
{
	(void)q;
	sodns_sleep(50 * SODNS_MS);
	harm(arg);
}

/* By its first label: here, later, or elsewhere. */
static sodns_reply_t *do_harm(sodns_query_t *q, bool loops)
{
	const char *label = (const char *)sodns_query_name(q) + 1;
	if (!strncmp(label, "pool", 4))
		sodns_blocking(harm, &loops, sizeof(loops), NULL);
	else if (!strncmp(label, "flight", 6))
		sodns_join("k", 1, fly, &loops, sizeof(loops), free, 3 * SODNS_SECOND);
	else if (!strncmp(label, "detach", 6))
		sodns_detach(q, detached, &loops, sizeof(loops), SODNS_SECOND);
	else if (strncmp(label, "sleep", 5) || !sodns_sleep(500 * SODNS_MS))
		harm(&loops);
	return sodns_fail(q, SODNS_SERVFAIL, "no harm was done");
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const uint8_t *name = sodns_query_name(q);
	unsigned zero = 0;
	bool loops = sodns_name_is_below(name, (const uint8_t *)"\4loop");
	if (loops || sodns_name_is_below(name, (const uint8_t *)"\5crash"))
		return do_harm(q, loops);
	if (sodns_name_equal(name, (const uint8_t *)"\4wide"))
		return sodns_fail(q, (int)step_over(&zero), NULL);
	if (sodns_name_equal(name, (const uint8_t *)"\4deep"))
		return sodns_fail(q, (int)deeper(&zero), NULL);
	if (sodns_name_equal(name, (const uint8_t *)"\3eat"))
		for (void *p; (p = malloc(1 << 20));)
			memset(p, 1, 1 << 20);
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
