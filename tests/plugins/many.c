/*
 * One of many test plugins made from the same source: each has statics of the same names, and must
 * see its own. Each adds its number to the answer of the next.
 */
#include <sodns/plugin.h>

#define TEXT(n) #n
#define NAME_OF(n) "many" TEXT(n)

static int number = NUMBER;

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	sodns_reply_t *r = sodns_next(h, q);
	const uint8_t address[4] = {10, 0, 0, (uint8_t)number};
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_A, 0, address, 4);
	return r;
}

static int setup(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = NAME_OF(NUMBER), .setup = setup, .serve_dns = serve);
