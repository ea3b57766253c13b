/*
 * Messages of HTTP/1.1, requests or responses, fed in pieces of any size to the reader. What comes out is the
 * same as of all of it at once.
 *
 * The first byte is the size of the pieces; of the second, bit 0: they are responses, bit 1: without bodies,
 * bit 2: the connection ends behind them.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http/parse.h"

/* A sum of what came out. */
struct seen {
	uint64_t sum;
	size_t heads;
};

static void see(struct seen *s, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	for (size_t i = 0; i < len; i++)
		s->sum = (s->sum ^ b[i]) * UINT64_C(1099511628211);
}

static void see_head(struct seen *s, const sodns_http_head_t *h)
{
	s->heads++;
	if (h->method && (strlen(h->method) == 0 || !http1_is_token(h->method)))
		abort();
	if (h->method) {
		see(s, h->target, strlen(h->target) + 1);
		see(s, h->authority, strlen(h->authority) + 1);
	}
	for (size_t i = 0; i < h->field_count; i++) {
		const sodns_http_field_t *f = &h->fields[i];
		if (strlen(f->name) != f->name_len || strlen(f->value) != f->value_len ||
		    !http1_is_token(f->name) || !http1_is_value(f->value))
			abort();
		see(s, f->name, f->name_len + 1);
		see(s, f->value, f->value_len + 1);
	}
}

static void see_event(struct seen *s, const http1_reader_t *r, enum http1_event e)
{
	const uint8_t kind = (uint8_t)e;
	if (e != HTTP1_DATA && e != HTTP1_MORE)
		see(s, &kind, 1);
	if (e == HTTP1_HEAD || (e == HTTP1_END && r->trailers))
		see_head(s, &r->head);
	else if (e == HTTP1_DATA)
		see(s, r->data, r->data_len);
	else if (e == HTTP1_WRONG && !*r->why)
		abort();
}

static struct seen read_all(unsigned how, const uint8_t *data, size_t len, size_t step)
{
	struct seen s = {0};
	http1_reader_t r = {.response = how & 1, .limits = {200, 400}, .no_body = how & 2};
	enum http1_event e = HTTP1_MORE;
	for (size_t from = 0, n; from < len && e != HTTP1_WRONG; from += n) {
		size_t at = 0;
		n = len - from < step ? len - from : step;
		/* A copy of just this, so that reading beyond it shows. */
		uint8_t *piece = malloc(n);
		if (!piece)
			abort();
		memcpy(piece, data + from, n);
		do {
			e = http1_read(&r, piece, n, &at);
			see_event(&s, &r, e);
		} while (e != HTTP1_MORE && e != HTTP1_WRONG);
		if (at > n || (e == HTTP1_MORE && at != n))
			abort();
		free(piece);
	}
	if (how & 4 && e != HTTP1_WRONG)
		see_event(&s, &r, http1_read_end(&r));
	http1_reader_clear(&r);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	struct seen whole = read_all(data[1], data + 2, len - 2, len);
	struct seen cut = read_all(data[1], data + 2, len - 2, data[0] + 1u);
	if (whole.sum != cut.sum || whole.heads != cut.heads)
		abort();
	return 0;
}
