/*
 * Messages read without a query: any bytes come to an end, and what was handed out makes a message again
 * that says the same.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/message.h>

#include "fuzz.h"

static void same(const sodns_message_record_t *a, const sodns_message_record_t *b)
{
	if (a->section != b->section || a->type != b->type || a->rclass != b->rclass ||
	    a->ttl != b->ttl || a->rdata_len != b->rdata_len ||
	    memcmp(a->rdata, b->rdata, a->rdata_len) != 0 ||
	    memcmp(a->owner, b->owner, sodns_name_length(a->owner)) != 0)
		abort();
}

/* Reads both side by side. */
static void compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, unsigned count)
{
	static sodns_message_reader_t ra, rb;
	static sodns_message_record_t x, y;
	if (sodns_message_read(&ra, a, a_len) || sodns_message_read(&rb, b, b_len))
		abort();
	if (ra.id != rb.id || ra.flags != rb.flags || ra.type != rb.type ||
	    !sodns_name_equal(ra.name, rb.name))
		abort();
	for (unsigned i = 0; i < count; i++) {
		if (sodns_message_next(&ra, &x) != 1 || sodns_message_next(&rb, &y) != 1)
			abort();
		same(&x, &y);
	}
	if (sodns_message_next(&rb, &y) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static sodns_message_reader_t r;
	static sodns_message_record_t rr;
	static uint8_t room[65535];
	unsigned count = 0;
	sodns_message_t m;
	/* Of just this size, so that reading beyond it shows. */
	uint8_t *bytes = malloc(len ? len : 1);
	if (!bytes)
		return 0;
	if (len)
		memcpy(bytes, data, len);
	if (!sodns_message_read(&r, bytes, len)) {
		sodns_message_begin(&m, room, sizeof(room), r.id, r.flags);
		if (r.count[0])
			sodns_message_add_question(&m, r.name, r.type, r.rclass);
		while (!m.error && sodns_message_next(&r, &rr) > 0) {
			sodns_message_add_record(&m, rr.section, rr.owner, rr.type, rr.rclass,
						 rr.ttl, rr.rdata, rr.rdata_len);
			count += !m.error;
		}
		compare(bytes, len, room, m.length, count);
	}
	size_t n;
	const uint8_t *option = sodns_edns_find(bytes, len, 10, &n);
	if (option && (option < bytes || option + n > bytes + len))
		abort();
	free(bytes);
	return 0;
}
