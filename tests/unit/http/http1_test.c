/*
 * Messages of HTTP/1.1: the same comes out however the bytes are cut, and what two readers could read
 * differently is refused.
 */
#include "http/parse.h"

#include "test.h"

#define HEAD_MAX 512u
#define TARGET_MAX 64u

/* What a reader makes of some bytes, as text: heads, data and ends, or what is wrong. */
struct seen {
	char text[8192];
	size_t len;
	unsigned status;
};

static void note(struct seen *s, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	s->len += (size_t)vsnprintf(s->text + s->len, sizeof(s->text) - s->len, format, args);
	va_end(args);
	assert_true(s->len < sizeof(s->text));
}

static void note_fields(struct seen *s, const sodns_http_head_t *h)
{
	for (size_t i = 0; i < h->field_count; i++) {
		assert_int_equal(strlen(h->fields[i].name), h->fields[i].name_len);
		assert_int_equal(strlen(h->fields[i].value), h->fields[i].value_len);
		note(s, " %s=%s", h->fields[i].name, h->fields[i].value);
	}
}

/* Data are joined, for where they are cut is not the message's. */
static void note_event(struct seen *s, const http1_reader_t *r, enum http1_event e)
{
	const sodns_http_head_t *h = &r->head;
	if (e == HTTP1_HEAD && r->response)
		note(s, "<%u", h->status);
	else if (e == HTTP1_HEAD)
		note(s, "<%s %s %s", h->method, h->target, h->authority);
	if (e == HTTP1_HEAD) {
		note_fields(s, h);
		note(s, "%s%s>", h->end ? " end" : "", r->keeps ? "" : " close");
	} else if (e == HTTP1_DATA) {
		note(s, "%.*s", (int)r->data_len, (const char *)r->data);
	} else if (e == HTTP1_END) {
		note(s, "<");
		if (r->trailers)
			note_fields(s, h);
		note(s, ".>");
	} else if (e == HTTP1_WRONG) {
		note(s, "!");
		s->status = r->status;
	}
}

/* In two pieces, cut at `cut`, then byte by byte where that is beyond. */
static void read_cut(struct seen *s, const char *text, size_t len, size_t cut, bool response,
		     bool ends)
{
	http1_reader_t r = {.response = response, .limits = {TARGET_MAX, HEAD_MAX}};
	size_t at = 0;
	*s = (struct seen){.len = 0};
	assert_int_equal(http1_read(&r, NULL, 0, &at), HTTP1_MORE);
	for (size_t end = cut && cut < len ? cut : 1; at < len && !s->status && end <= len;
	     end = cut && cut < len ? len : end + 1) {
		enum http1_event e;
		/* A copy of just this, so that reading beyond it shows. */
		uint8_t *piece = malloc(end);
		memcpy(piece, text, end);
		do {
			e = http1_read(&r, piece, end, &at);
			note_event(s, &r, e);
		} while (e != HTTP1_MORE && e != HTTP1_WRONG);
		free(piece);
		if (e == HTTP1_WRONG)
			break;
		/* Nothing new changes nothing. */
		at = 0;
		assert_int_equal(http1_read(&r, NULL, 0, &at), HTTP1_MORE);
		at = end;
		assert_int_equal(at, end);
		if (end == len)
			break;
	}
	if (ends)
		note_event(s, &r, http1_read_end(&r));
	http1_reader_clear(&r);
}

static void reads(const char *text, size_t len, bool response, const char *wanted, unsigned status)
{
	for (size_t cut = 0; cut < len; cut++) {
		struct seen s;
		read_cut(&s, text, len, cut, response, false);
		if (wanted)
			assert_string_equal(s.text, wanted);
		else
			assert_true(s.len && s.text[s.len - 1] == '!');
		assert_int_equal(s.status, status);
	}
}

#define ASKS(text, wanted) reads(text, sizeof(text) - 1, false, wanted, 0)
#define REFUSES(text, status) reads(text, sizeof(text) - 1, false, NULL, status)
#define ANSWERS(text, wanted) reads(text, sizeof(text) - 1, true, wanted, 0)
#define GET "GET / HTTP/1.1\r\nHost: h\r\n"
#define POST "POST / HTTP/1.1\r\nHost: h\r\n"

static void test_requests(void **state)
{
	(void)state;
	ASKS(GET "\r\n", "<GET / h Host=h end><.>");
	ASKS("\r\n" GET "\r\n", "<GET / h Host=h end><.>");
	ASKS(GET "A:\r\nB: \t b  c \t\r\n\r\n", "<GET / h Host=h A= B=b  c end><.>");
	ASKS("GET /a?b%20 HTTP/1.1\r\nhOSt:h:1\r\n\r\n", "<GET /a?b%20 h:1 hOSt=h:1 end><.>");
	ASKS("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "<OPTIONS *  Host= end><.>");
	ASKS("GET http://x:8/y HTTP/1.1\r\nHost: h\r\n\r\n", "<GET /y x:8 Host=h end><.>");
	ASKS("GET http://x HTTP/1.1\r\nHost: h\r\n\r\n", "<GET / x Host=h end><.>");
	ASKS("GET / HTTP/1.9\r\nHost: h\r\n\r\n", "<GET / h Host=h end><.>");
	ASKS("GET / HTTP/1.0\r\n\r\n", "<GET /  end close><.>");
	ASKS("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	     "<GET /  Connection=keep-alive end><.>");
	ASKS(GET "Connection: a, CLOSE ,b\r\n\r\n",
	     "<GET / h Host=h Connection=a, CLOSE ,b end close><.>");
	ASKS(GET "\r\n" GET "\r\n", "<GET / h Host=h end><.><GET / h Host=h end><.>");
	ASKS("GET / HTTP/1.1\r\nHost: h\r\nX: \x80\xff\r\n\r\n",
	     "<GET / h Host=h X=\x80\xff end><.>");
}

static void test_bodies(void **state)
{
	(void)state;
	ASKS(POST "Content-Length: 3\r\n\r\nabc" GET "\r\n",
	     "<POST / h Host=h Content-Length=3>abc<.><GET / h Host=h end><.>");
	ASKS(POST "content-length: 0\r\n\r\n", "<POST / h Host=h content-length=0 end><.>");
	ASKS(POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0010;x=\"y\"\r\n"
		  "0123456789abcdef\r\n0\r\n\r\n" GET "\r\n",
	     "<POST / h Host=h Transfer-Encoding=chunked>abc0123456789abcdef<.>"
	     "<GET / h Host=h end><.>");
	ASKS(POST "Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0;\r\nT: 1\r\nU:\r\n\r\n",
	     "<POST / h Host=h Transfer-Encoding=Chunked>0123456789< T=1 U=.>");
}

/* Each could be two messages to somebody (RFC 9112, 11.2), or is none. */
static void test_what_is_refused(void **state)
{
	(void)state;
	REFUSES(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
	REFUSES(POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400);
	REFUSES(POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400);
	REFUSES(POST "Content-Length: 3\r\ncontent-length: 3\r\n\r\n", 400);
	REFUSES(POST "Content-Length: 3, 3\r\n\r\n", 400);
	REFUSES(POST "Content-Length: +3\r\n\r\n", 400);
	REFUSES(POST "Content-Length: -3\r\n\r\n", 400);
	REFUSES(POST "Content-Length: 0x3\r\n\r\n", 400);
	REFUSES(POST "Content-Length: 3 4\r\n\r\n", 400);
	REFUSES(POST "Content-Length: \r\n\r\n", 400);
	REFUSES(POST "Content-Length: 18446744073709551617\r\n\r\n", 400);
	REFUSES(POST "Content-Length : 3\r\n\r\n", 400);
	REFUSES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
	REFUSES(POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501);
	REFUSES(POST "Transfer-Encoding: chunked, identity\r\n\r\n", 501);
	REFUSES(POST "Transfer-Encoding: \x0b"
		     "chunked\r\n\r\n",
		400);
	REFUSES(POST "Transfer-Encoding: xchunked\r\n\r\n", 501);
	REFUSES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
	REFUSES(GET "A: b\r\n c\r\n\r\n", 400);
	REFUSES(GET " A: b\r\n\r\n", 400);
	REFUSES("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400);
	REFUSES(GET "A b\r\n\r\n", 400);
	REFUSES(GET ": b\r\n\r\n", 400);
	REFUSES(GET "A(: b\r\n\r\n", 400);
	REFUSES(GET "A: b\n\r\n", 400);
	REFUSES(GET "A: b\rC: d\r\n\r\n", 400);
	REFUSES(GET "A: b\r\r\n\r\n", 400);
	REFUSES(GET "A: \0b\r\n\r\n", 400);
	REFUSES(GET "A: \x7f\r\n\r\n", 400);
	REFUSES("GET / HTTP/1.1\nHost: h\n\n", 400);
	REFUSES("GET / HTTP/1.1\r\n\r\n", 400);
	REFUSES(GET "Host: h\r\n\r\n", 400);
	REFUSES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400);
	REFUSES("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400);
	REFUSES("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
	REFUSES("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400);
	REFUSES("GET /\r\nHost: h\r\n\r\n", 400);
	REFUSES("GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400);
	REFUSES("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 400);
	REFUSES("GET / http/1.1\r\nHost: h\r\n\r\n", 400);
	REFUSES("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505);
	REFUSES("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
	REFUSES("\r\n\r\n" GET "\r\n", 400);
	REFUSES("\n" GET "\r\n", 400);
	REFUSES("\r" GET "\r\n", 400);
	REFUSES("\x16\x03\x01", 400);
	REFUSES(GET "Expect: else\r\n\r\n", 417);
}

static void test_chunks_that_are_none(void **state)
{
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
	(void)state;
	REFUSES(CHUNKED "\r\n", 400);
	REFUSES(CHUNKED ";x\r\n", 400);
	REFUSES(CHUNKED " 3\r\nabc\r\n", 400);
	REFUSES(CHUNKED "3 \r\nabc\r\n", 400);
	REFUSES(CHUNKED "0x3\r\nabc\r\n", 400);
	REFUSES(CHUNKED "-1\r\n", 400);
	REFUSES(CHUNKED "3\nabc\r\n", 400);
	REFUSES(CHUNKED "3\r\nabcd\r\n", 400);
	REFUSES(CHUNKED "3\r\nabc\n", 400);
	REFUSES(CHUNKED "3;\n\r\nabc\r\n", 400);
	REFUSES(CHUNKED "10000000000000000\r\n", 400);
	REFUSES(CHUNKED "fffffffffffffffff\r\n", 400);
	REFUSES(CHUNKED "0\r\nA b\r\n\r\n", 400);
	REFUSES(CHUNKED "0\r\nA: b\n\r\n", 400);
	REFUSES(CHUNKED "0\r\n\n", 400);
}

static void test_limits(void **state)
{
	char text[8192];
	struct seen s;
	(void)state;
	for (unsigned n = TARGET_MAX - 1; n <= TARGET_MAX + 1; n++) {
		int len = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: h\r\n\r\n",
				   (int)n - 1, 0);
		read_cut(&s, text, (size_t)len, 0, false, false);
		assert_int_equal(s.status, n > TARGET_MAX ? 431 : 0);
	}
	for (unsigned n = HEAD_MAX - 7; n <= HEAD_MAX - 5; n++) {
		int len = snprintf(text, sizeof(text), GET "A:%0*d\r\n\r\n", (int)n, 0);
		read_cut(&s, text, (size_t)len, 0, false, false);
		assert_int_equal(s.status, n > HEAD_MAX - 6 ? 431 : 0);
	}
	/* Without an end, whatever it is made of. */
	for (unsigned kind = 0; kind < 3; kind++) {
		int len = snprintf(text, sizeof(text), "%s", kind ? GET : "GET /");
		memset(text + len, kind == 2 ? ' ' : 'a', sizeof(text) - (size_t)len);
		if (kind)
			memcpy(text + len, "A:", 2);
		read_cut(&s, text, sizeof(text), 100, false, false);
		assert_int_equal(s.status, 431);
	}
	/* Many small fields. */
	int len = snprintf(text, sizeof(text), GET);
	for (unsigned i = 0; i < HTTP1_FIELDS_MAX; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "a:\r\n");
	len += snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
	read_cut(&s, text, (size_t)len, 1000, false, false);
	assert_int_equal(s.status, 431);
	/* Of a chunk's extension, and of trailers. */
	len = snprintf(text, sizeof(text), CHUNKED "1;");
	memset(text + len, 'x', sizeof(text) - (size_t)len);
	read_cut(&s, text, sizeof(text), 100, false, false);
	assert_int_equal(s.status, 400);
	len = snprintf(text, sizeof(text), CHUNKED "0\r\nA:");
	memset(text + len, 'x', sizeof(text) - (size_t)len);
	read_cut(&s, text, sizeof(text), 100, false, false);
	assert_int_equal(s.status, 431);
}

static void test_responses(void **state)
{
	struct seen s;
	static const char open[] = "HTTP/1.1 200\r\n\r\nabc",
			  cut[] = "HTTP/1.1 200 OK\r\n"
				  "Content-Length: 4\r\n\r\nabc";
	(void)state;
	ANSWERS("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "<200 Content-Length=2>hi<.>");
	ANSWERS("HTTP/1.1 204 \r\n\r\nHTTP/1.1 304\r\nContent-Length: 9\r\n\r\n",
		"<204 end><.><304 Content-Length=9 end><.>");
	ANSWERS("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\n0\r\n\r\n",
		"<100 end><.><200 Transfer-Encoding=chunked>a<.>");
	for (size_t cut_at = 0; cut_at < sizeof(open); cut_at++) {
		read_cut(&s, open, sizeof(open) - 1, cut_at, true, true);
		assert_string_equal(s.text, "<200 close>abc<.>");
	}
	read_cut(&s, cut, sizeof(cut) - 1, 0, true, true);
	assert_string_equal(s.text, "<200 Content-Length=4>abc!");
	static const char *const none[] = {
		"HTTP/1.1 20 OK\r\n\r\n",      "HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",     "HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",       "HTTP/1.1 200x\r\n\r\n",
		"\r\nHTTP/1.1 200 OK\r\n\r\n", "200 OK\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		read_cut(&s, none[i], strlen(none[i]), 0, true, false);
		assert_string_equal(s.text, "!");
	}
	ANSWERS("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "<200 Content-Length=0 end><.>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_chunks_that_are_none),
		cmocka_unit_test(test_responses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
