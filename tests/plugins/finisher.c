/*
 * A test plugin that appends a record to the packet when it is ready, and sees it leave.
 */
#include <string.h>

#include <sodns/plugin.h>

/* . 0 CH TXT "end" */
static const uint8_t record[] = {0, 0, 16, 0, 3, 0, 0, 0, 0, 0, 4, 3, 'e', 'n', 'd'};

static size_t append(void *arg, sodns_query_t *q, uint8_t *packet, size_t len, size_t room)
{
	(void)arg;
	(void)q;
	if (room - len < sizeof(record))
		return len;
	memcpy(packet + len, record, sizeof(record));
	packet[11]++;
	return len + sizeof(record);
}

static void observe(void *arg, sodns_query_t *q, const sodns_done_t *done)
{
	(void)arg;
	sodns_log(SODNS_LOG_INFO, "finisher", "left: %zu bytes of %u, rcode %d, %s", done->length,
		  sodns_query_size(q), done->rcode, sodns_reply_plugin(done->reply));
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	sodns_on_finish(q, append, NULL, sizeof(record));
	sodns_on_done(q, observe, NULL);
	return sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "finisher", .setup = setup, .serve_dns = serve);
