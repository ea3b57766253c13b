/*
 * Two sessions that talk to each other, of both versions: what one says is what the other hears, however
 * the bytes are cut, and each stream ends once.
 */
#include <sodns/http_session.h>

#include "test.h"

#include "http/table.h"

/* One end of a connection. */
struct end {
	sodns_http_session_t *session;
	struct end *peer;
	uint8_t *in; /* for it, on the way */
	size_t in_len;
	char heard[1 << 16];
	size_t len, data, open;
	unsigned closed, refused;
	enum sodns_http_closed how;
	const char *answer; /* server: what it answers a whole request with; NULL: nothing yet */
	bool at_once;       /* it does so at the head */
	sodns_http_stream_t *last;
	bool hold; /* does not say that it has taken what came */
};

static void hear(struct end *e, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	e->len += (size_t)vsnprintf(e->heard + e->len, sizeof(e->heard) - e->len, format, args);
	va_end(args);
	assert_true(e->len < sizeof(e->heard));
}

static void on_send(void *arg, const uint8_t *bytes, size_t len)
{
	struct end *to = ((struct end *)arg)->peer;
	to->in = realloc(to->in, to->in_len + len);
	memcpy(to->in + to->in_len, bytes, len);
	to->in_len += len;
}

static void on_head(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *head)
{
	struct end *e = arg;
	const char *x = http_field(head, "X-ONE");
	e->open += !*(bool *)http_stream_state(s);
	*(bool *)http_stream_state(s) = true;
	e->last = s;
	if (head->method)
		hear(e, "<%s %s %s%s%s>", head->method, head->target, head->authority,
		     x ? " x=" : "", x ? x : "");
	else
		hear(e, "<%u%s%s>", head->status, x ? " x=" : "", x ? x : "");
	if (e->answer && e->at_once)
		http_stream_answer(s, 413, NULL, 0, e->answer, strlen(e->answer));
}

static void on_data(void *arg, sodns_http_stream_t *s, const uint8_t *bytes, size_t len)
{
	struct end *e = arg;
	e->data += len;
	if (e->data < 1000)
		hear(e, "%.*s", (int)len, (const char *)bytes);
	if (!e->hold)
		http_stream_taken(s, len);
}

static void on_end(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *trailers)
{
	static const sodns_http_field_t fields[] = {{"X-One", "1", 0, 0}};
	struct end *e = arg;
	const char *x = http_field(trailers, "x-trailer");
	hear(e, "<.%s>", x ? x : "");
	if (e->answer)
		http_stream_answer(s, 200, fields, 1, e->answer, strlen(e->answer));
}

static void on_closed(void *arg, sodns_http_stream_t *s, enum sodns_http_closed how,
		      const char *why)
{
	struct end *e = arg;
	(void)why;
	if (e->last == s)
		e->last = NULL;
	e->closed++;
	e->how = how;
}

static void on_refused(void *arg, sodns_http_stream_t *s, unsigned status)
{
	struct end *e = arg;
	(void)s;
	e->refused = status;
}

static const sodns_http_owner_t owner = {.size = sizeof(owner),
					 .send = on_send,
					 .head = on_head,
					 .data = on_data,
					 .end = on_end,
					 .closed = on_closed,
					 .refused = on_refused};

struct pair {
	struct end client, server;
	size_t step;
};

static struct pair *pair_new(bool http2, size_t step, bool takes)
{
	struct pair *p = calloc(1, sizeof(*p));
	sodns_http_session_options_t o = {.size = sizeof(o),
					  .http2 = http2,
					  .stream_size = sizeof(bool),
					  .takes = takes,
					  .target_max = 200,
					  .head_max = 400};
	p->step = step;
	p->client.peer = &p->server;
	p->server.peer = &p->client;
	p->client.session = http_session_new(&o, &owner, &p->client);
	o.server = true;
	p->server.session = http_session_new(&o, &owner, &p->server);
	assert_non_null(p->client.session);
	assert_non_null(p->server.session);
	return p;
}

static void pair_free(struct pair *p)
{
	http_session_end(p->client.session);
	http_session_end(p->server.session);
	free(p->client.in);
	free(p->server.in);
	free(p);
}

/* True: something was read. */
static bool deliver(struct end *e, size_t step)
{
	bool read = false;
	size_t at = 0;
	while (at < e->in_len) {
		size_t n = e->in_len - at < step ? e->in_len - at : step;
		uint8_t *piece = malloc(n);
		memcpy(piece, e->in + at, n);
		ptrdiff_t used = http_session_receive(e->session, piece, n);
		free(piece);
		if (used < 0)
			used = (ptrdiff_t)n;
		assert_true(used <= (ptrdiff_t)n);
		if (!used)
			break;
		read = true;
		at += (size_t)used;
	}
	e->in_len -= at;
	if (at)
		memmove(e->in, e->in + at, e->in_len);
	return read;
}

static void talk(struct pair *p)
{
	bool moved;
	do {
		moved = deliver(&p->server, p->step);
		moved = deliver(&p->client, p->step) || moved;
	} while (moved);
}

static sodns_http_stream_t *ask(struct pair *p, const char *method, const char *body, bool more)
{
	static const sodns_http_field_t fields[] = {{"X-One", "two", 0, 0}};
	const sodns_http_ask_t a = {.method = method,
				    .scheme = "http",
				    .authority = "h:1",
				    .target = "/t?q",
				    .fields = fields,
				    .field_count = 1,
				    .body = body,
				    .len = body ? strlen(body) : 0,
				    .more = more};
	sodns_http_stream_t *s = http_session_ask(p->client.session, &a);
	if (s) {
		p->client.open++;
		*(bool *)http_stream_state(s) = true;
	}
	return s;
}

/* Every version, in pieces of some sizes. */
static void each(void (*fn)(struct pair *p, bool http2), bool takes)
{
	static const size_t steps[] = {1, 2, 3, 7, 50, 1000, 1 << 20};
	for (unsigned i = 0; i < 2 * sizeof(steps) / sizeof(steps[0]); i++) {
		struct pair *p = pair_new(i % 2, steps[i / 2], takes);
		fn(p, i % 2);
		pair_free(p);
	}
}

static void no_streams_are_left(const struct pair *p)
{
	assert_int_equal(p->client.closed, p->client.open);
	assert_int_equal(p->server.closed, p->server.open);
	assert_null(http_session_next(p->client.session, NULL));
	assert_null(http_session_next(p->server.session, NULL));
}

static void exchanges(struct pair *p, bool http2)
{
	p->server.answer = "hello";
	assert_non_null(ask(p, "GET", NULL, false));
	talk(p);
	assert_non_null(ask(p, "POST", "body", false));
	talk(p);
	assert_non_null(ask(p, "HEAD", NULL, false));
	talk(p);
	assert_string_equal(p->server.heard, "<GET /t?q h:1 x=two><.><POST /t?q h:1 x=two>body<.>"
					     "<HEAD /t?q h:1 x=two><.>");
	assert_string_equal(p->client.heard, "<200 x=1>hello<.><200 x=1>hello<.><200 x=1><.>");
	assert_int_equal(p->client.how, SODNS_HTTP_DONE);
	assert_true(http_session_free(p->client.session));
	assert_false(http_session_over(p->server.session));
	assert_int_equal(p->client.open, 3);
	no_streams_are_left(p);
	http_session_finish(p->server.session);
	talk(p);
	assert_true(http_session_over(p->server.session) || http2);
}

static void test_exchanges(void **state)
{
	(void)state;
	each(exchanges, false);
	each(exchanges, true);
}

/* Both bodies in pieces, their ends with trailers. */
static void streams(struct pair *p, bool http2)
{
	static const sodns_http_field_t trailers[] = {{"x-trailer", "late", 0, 0}};
	sodns_http_stream_t *c = ask(p, "POST", "one", true);
	(void)http2;
	assert_non_null(c);
	talk(p);
	assert_string_equal(p->server.heard, "<POST /t?q h:1 x=two>one");
	assert_true(http_stream_write(c, "two", 3));
	assert_true(http_stream_finish(c, trailers, 1));
	assert_false(http_stream_write(c, "x", 1));
	talk(p);
	assert_string_equal(p->server.heard, "<POST /t?q h:1 x=two>onetwo<.late>");
	sodns_http_stream_t *s = p->server.last;
	assert_true(http_stream_begin(s, 200, NULL, 0));
	assert_false(http_stream_begin(s, 200, NULL, 0));
	talk(p);
	assert_string_equal(p->client.heard, "<200>");
	assert_true(http_stream_write(s, "three", 5));
	talk(p);
	assert_true(http_stream_write(s, "four", 4));
	assert_true(http_stream_finish(s, trailers, 1));
	talk(p);
	assert_string_equal(p->client.heard, "<200>threefour<.late>");
	no_streams_are_left(p);
}

static void test_streams(void **state)
{
	(void)state;
	each(streams, false);
	each(streams, true);
}

/* More than any window. HTTP/2 keeps what does not fit, and gives up no byte of it. */
static void much(struct pair *p, bool http2)
{
	size_t size = 300000;
	char *body = malloc(size + 1);
	memset(body, 'x', size);
	body[size] = 0;
	p->server.answer = body;
	p->client.hold = true;
	ask(p, "POST", body, false);
	talk(p);
	assert_int_equal(p->server.data, size);
	assert_int_equal(p->client.data, http2 ? 65535 : size);
	if (http2) {
		assert_int_equal(http_stream_held(p->server.last), size - 65535);
		p->client.hold = false;
		http_stream_taken(p->client.last, 65535);
		talk(p);
	}
	assert_int_equal(p->client.data, size);
	no_streams_are_left(p);
	assert_true(http_session_held(p->server.session) < 4096);
	free(body);
}

static void test_much(void **state)
{
	(void)state;
	each(much, true);
}

/* A stream that is given up while the client takes nothing leaves the connection its window. */
static void given_up(struct pair *p, bool http2)
{
	char *body = malloc(100001);
	memset(body, 'x', 100000);
	body[100000] = 0;
	p->server.answer = body;
	p->client.hold = true;
	for (unsigned i = 0; i < 3 && http2; i++) {
		p->client.data = 0;
		ask(p, "GET", NULL, false);
		talk(p);
		assert_int_equal(p->client.data, 65535);
		http_stream_reset(p->client.last, i % 2);
		talk(p);
		assert_int_equal(p->client.how, SODNS_HTTP_RESET);
		no_streams_are_left(p);
	}
	free(body);
}

static void test_given_up(void **state)
{
	(void)state;
	each(given_up, true);
}

/* An answer before the request is whole. */
static void early(struct pair *p, bool http2)
{
	p->server.answer = "no";
	p->server.at_once = true;
	sodns_http_stream_t *c = ask(p, "POST", "one", true);
	assert_non_null(c);
	talk(p);
	assert_string_equal(p->client.heard, "<413>no<.>");
	assert_int_equal(http_session_over(p->server.session), !http2);
	assert_int_equal(http_session_over(p->client.session), !http2);
	if (http2) {
		http_stream_finish(c, NULL, 0);
		talk(p);
	}
	no_streams_are_left(p);
}

static void test_early(void **state)
{
	(void)state;
	each(early, false);
}

static void too_large(struct pair *p, bool http2)
{
	char target[300] = "/";
	sodns_http_ask_t a = {
		.method = "GET", .scheme = "http", .authority = "h", .target = target};
	char value[500] = "";
	const sodns_http_field_t field = {"x", value, 0, 0};
	memset(target + 1, 't', sizeof(target) - 2);
	assert_non_null(http_session_ask(p->client.session, &a));
	talk(p);
	assert_string_equal(p->client.heard, "<431><.>");
	assert_int_equal(p->server.refused, 431);
	assert_string_equal(p->server.heard, "");
	if (!http2)
		return;
	/* Others go on. */
	memset(value, 'v', sizeof(value) - 1);
	a.target = "/";
	a.fields = &field;
	a.field_count = 1;
	p->client.len = 0;
	assert_non_null(http_session_ask(p->client.session, &a));
	talk(p);
	assert_string_equal(p->client.heard, "<431><.>");
	p->server.answer = "yes";
	ask(p, "GET", NULL, false);
	talk(p);
	assert_string_equal(p->client.heard, "<431><.><200 x=1>yes<.>");
}

static void test_too_large(void **state)
{
	(void)state;
	each(too_large, false);
}

/* What would break the line it stands in is not sent. */
static void unsound(struct pair *p, bool http2)
{
	const sodns_http_field_t bad[] = {{"x", "a\r\nY: b", 0, 0}, {"x y", "a", 0, 0}};
	(void)http2;
	ask(p, "GET", NULL, false);
	talk(p);
	sodns_http_stream_t *s = p->server.last;
	assert_false(http_stream_answer(s, 200, &bad[0], 1, "", 0));
	assert_false(http_stream_answer(s, 200, &bad[1], 1, "", 0));
	assert_true(http_stream_answer(s, 200, NULL, 0, "", 0));
	talk(p);
	const sodns_http_ask_t asks[] = {
		{.method = "GET", .scheme = "http", .authority = "h", .target = "/ x"},
		{.method = "G T", .scheme = "http", .authority = "h", .target = "/"},
		{.method = "GET", .scheme = "http", .authority = "h\r\nx: y", .target = "/"},
		{.method = "GET",
		 .scheme = "http",
		 .authority = "h",
		 .target = "/",
		 .fields = bad,
		 .field_count = 1},
	};
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		assert_null(http_session_ask(p->client.session, &asks[i]));
	no_streams_are_left(p);
}

static void test_unsound(void **state)
{
	(void)state;
	each(unsound, false);
}

/* Requests behind one that is not answered yet are not read. */
static void test_pipelined(void **state)
{
	static const char three[] = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\n"
				    "Host: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n";
	struct pair *p = pair_new(false, 1, false);
	const uint8_t *bytes = (const uint8_t *)three;
	size_t len = sizeof(three) - 1, third = len / 3;
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(http_session_receive(p->server.session, bytes, len), third);
		assert_true(http_session_waits(p->server.session));
		assert_int_equal(
			http_session_receive(p->server.session, bytes + third, len - third), 0);
		assert_int_equal(http_stream_id(p->server.last), i + 1);
		assert_ptr_equal(http_session_stream(p->server.session, i + 1), p->server.last);
		assert_true(http_stream_answer(p->server.last, 200, NULL, 0, "x", 1));
		assert_null(http_session_stream(p->server.session, i + 1));
		bytes += third;
		len -= third;
	}
	assert_string_equal(p->server.heard, "<GET /1 h><.><GET /2 h><.><GET /3 h><.>");
	pair_free(p);
}

/* The bytes that a server of HTTP/1.1 says to these. */
static const char *said_to(const char *text, const char *answer, bool *over)
{
	static char said[4096];
	struct pair *p = pair_new(false, 1, false);
	p->server.answer = answer;
	p->server.in = malloc(strlen(text));
	p->server.in_len = strlen(text);
	memcpy(p->server.in, text, p->server.in_len);
	deliver(&p->server, 1);
	*over = http_session_over(p->server.session);
	snprintf(said, sizeof(said), "%.*s", (int)p->client.in_len, (const char *)p->client.in);
	pair_free(p);
	return said;
}

static void test_what_a_server_says(void **state)
{
	bool over;
	(void)state;
	assert_string_equal(said_to("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "a", &over),
			    "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 1\r\n\r\na");
	assert_false(over);
	assert_string_equal(
		said_to("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET", "a", &over),
		"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 1\r\n"
		"Connection: close\r\n\r\na");
	assert_true(over);
	assert_string_equal(said_to("GET / HTTP/1.0\r\n\r\n", "a", &over),
			    "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 1\r\n"
			    "Connection: close\r\n\r\na");
	assert_true(over);
	assert_string_equal(said_to("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "a", &over),
			    "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 1\r\n"
			    "Connection: keep-alive\r\n\r\na");
	assert_false(over);
	assert_string_equal(said_to("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "a", &over),
			    "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 1\r\n\r\n");
	assert_string_equal(said_to("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
				    "Content-Length: 1\r\n\r\n",
				    "a", &over),
			    "HTTP/1.1 100 Continue\r\n\r\n");
	assert_string_equal(said_to("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
				    "Content-Length: 0\r\n\r\n",
				    "", &over),
			    "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(said_to("no\r\n\r\n", "a", &over),
			    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
			    "Connection: close\r\n\r\n");
	assert_true(over);
	/* A body that is none ends its request, and is answered for it. */
	assert_string_equal(
		said_to("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"x",
			"a", &over),
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
		"Connection: close\r\n\r\n");
	assert_true(over);
}

/* A client against what a server may do wrong. */
static void test_what_a_client_hears(void **state)
{
	static const struct {
		const char *said;
		bool closes;
		enum sodns_http_closed how;
		const char *heard;
	} cases[] = {
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
		 false, SODNS_HTTP_DONE, "<100><200>a<.>"},
		{"HTTP/1.1 200 OK\r\n\r\nabc", true, SODNS_HTTP_DONE, "<200>abc<.>"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", true, SODNS_HTTP_BROKEN,
		 "<200>abc"},
		{"HTTP/1.1 101 Switching Protocols\r\n\r\n", false, SODNS_HTTP_BROKEN, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		 false, SODNS_HTTP_BROKEN, ""},
		{"220 mail.example ESMTP\r\n", true, SODNS_HTTP_BROKEN, ""},
		{"", true, SODNS_HTTP_BROKEN, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair *p = pair_new(false, 1, false);
		ask(p, "GET", NULL, false);
		on_send(&p->server, (const uint8_t *)cases[i].said, strlen(cases[i].said));
		deliver(&p->client, 1);
		if (cases[i].closes)
			http_session_closed(p->client.session);
		assert_int_equal(p->client.closed, 1);
		assert_int_equal(p->client.how, cases[i].how);
		assert_string_equal(p->client.heard, cases[i].heard);
		pair_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_unsound),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_what_a_server_says),
		cmocka_unit_test(test_what_a_client_hears),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
