/*
 * A test plugin in several versions: it answers with its version and a count that versions with the
 * same layout inherit.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/share.h>

struct upgrade {
	_Atomic(unsigned) *count;
};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct upgrade *u = h->self;
	char text[32];
	int n = snprintf(text + 1, sizeof(text) - 1, "%s %u", VERSION,
			 atomic_fetch_add(u->count, 1) + 1);
	text[0] = (char)n;
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_TXT, 0, text,
			       (uint16_t)(n + 1));
	return r;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct upgrade *u = self;
	u->count = sodns_inherit(p, "count", LAYOUT);
	if (u->count)
		return 0;
	u->count = calloc(1, sizeof(*u->count));
	sodns_bequeath(p, "count", LAYOUT, u->count, free);
	return 0;
}

static int setup(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_add_handler(s, sodns_setup_alloc(s, sizeof(struct upgrade)));
}

SODNS_PLUGIN(.name = "upgrade", .version = VERSION, .setup = setup, .serve_dns = serve,
	     .prepare = prepare);
