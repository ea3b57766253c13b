/*
 * waits: waits in prepare, and says in an error how that ended.
 *
 *	waits sleep|ask|exchange|pool MS LIMIT
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/message.h>
#include <sodns/plugin.h>
#include <sodns/upstream.h>
#include <sodns/wait.h>

struct waits {
	const char *what;
	uint32_t ms, limit;
	sodns_prepare_t *p;
};

static const sodns_address_t server = {.family = 4, .bytes = {192, 0, 2, 53}, .port = 53};

static void work(void *arg)
{
	((struct waits *)arg)->ms = 4711;
}

static int exchange(uint8_t *query, size_t len, uint8_t *answer, size_t size, uint32_t ms)
{
	const sodns_upstream_options_t o = {.size = sizeof(o), .address = server};
	sodns_exchange_t x = {.upstream = sodns_upstream_new(&o),
			      .protocol = SODNS_UDP,
			      .query = query,
			      .len = len,
			      .answer = answer,
			      .size = size};
	sodns_exchange_begin(&x);
	sodns_exchange_wait(&x, 1, ms * SODNS_MS);
	sodns_exchange_end(&x);
	sodns_upstream_free(x.upstream);
	return x.why == SODNS_WHY_ANSWERED ? x.result : -100 - x.why;
}

static int wait(void *arg)
{
	struct waits *w = arg;
	uint8_t query[SODNS_MESSAGE_QUERY_MAX], answer[512];
	size_t len = sodns_message_query(query, SODNS_RD, (const uint8_t *)"\1a", SODNS_TYPE_A,
					 SODNS_CLASS_IN);
	sodns_prepare_progress(w->p, "%s", w->what);
	if (!strcmp(w->what, "sleep"))
		return sodns_sleep(w->ms * SODNS_MS);
	if (!strcmp(w->what, "ask"))
		return sodns_exchange_udp(&server, query, len, answer, sizeof(answer),
					  w->ms * SODNS_MS);
	if (!strcmp(w->what, "exchange"))
		return exchange(query, len, answer, sizeof(answer), w->ms);
	int rc = sodns_blocking(work, w, sizeof(*w), NULL);
	return rc ? rc : (int)w->ms;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct waits *w = self;
	w->p = p;
	uint64_t began = sodns_now();
	int rc = sodns_prepare_wait(p, wait, w, w->limit * SODNS_MS);
	return rc ? sodns_prepare_error(p, "%d after %u ms", rc,
					(unsigned)((sodns_now() - began) / 1000000))
		  : SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s)) {
		struct waits *w = sodns_setup_alloc(s, sizeof(*w));
		w->what = sodns_setup_arg(s);
		w->ms = (uint32_t)atoi(sodns_setup_arg(s));
		w->limit = (uint32_t)atoi(sodns_setup_arg(s));
		sodns_add_instance(s, w);
	}
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "waits", .version = "0.1", .setup = setup, .prepare = prepare);
