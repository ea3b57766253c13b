/*
 * The client and the server on loopback: what they say to each other, plain and over TLS, and how the client's
 * requests end, in time, when a server does not do its part.
 */
#include <sodns/http_client.h>
#include <sodns/listen.h>

#include "test.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/table.h"

#define SECONDS(n) ((n)*SODNS_SECOND)

static char why[512];

static sodns_http_response_t *fetch(sodns_http_client_t *c, const char *url, uint64_t patience)
{
	const sodns_http_request_t ask = {.size = sizeof(ask), .url = url, .patience = patience};
	*why = 0;
	return http_client_fetch(c, &ask, why, sizeof(why));
}

/* A server whose every connection hears something, waits for the request, and says a text. */
struct canned {
	int fd;
	uint16_t port;
	const char *says; /* NULL: nothing, and it does not close either */
	unsigned connections, wanted;
	pthread_t thread;
};

static void *serve_canned(void *arg)
{
	struct canned *s = arg;
	int open[16] = {0};
	char text[4096];
	for (s->connections = 0; s->connections < s->wanted; s->connections++) {
		int fd = open[s->connections] = accept(s->fd, NULL, NULL);
		if (fd < 0 || recv(fd, text, sizeof(text), 0) <= 0)
			continue;
		if (s->says)
			(void)!write(fd, s->says, strlen(s->says));
		if (s->says)
			close(fd);
	}
	/* Until the client has gone. */
	for (unsigned i = 0; i < s->wanted && !s->says; i++) {
		while (recv(open[i], text, sizeof(text), 0) > 0)
			;
		close(open[i]);
	}
	return NULL;
}

static int listener(uint16_t *port)
{
	sodns_address_t at = {.family = 4, .bytes = {127, 0, 0, 1}};
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	int fd = sodns_listen_open(&at, 0);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&bound, &len), 0);
	*port = ntohs(((struct sockaddr_in *)(void *)&bound)->sin_port);
	return fd;
}

static void canned_begin(struct canned *s, const char *says, unsigned connections)
{
	int flags = 0;
	*s = (struct canned){.says = says, .wanted = connections};
	s->fd = listener(&s->port);
	assert_int_equal(listen(s->fd, 16), 0);
	/* accept() blocks here. */
	assert_int_equal(ioctl(s->fd, FIONBIO, &flags), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve_canned, s), 0);
}

static void canned_end(struct canned *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* What a request to a server that says this comes to. */
static void ends_with(const char *says, const char *reason)
{
	struct canned s;
	char url[64];
	sodns_http_client_t *c = http_client_new(NULL);
	canned_begin(&s, says, 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", s.port);
	uint64_t began = sodns_now();
	sodns_http_response_t *r = fetch(c, url, says ? SECONDS(60) : SODNS_SECOND / 5);
	assert_true(sodns_now() - began < SECONDS(30));
	if (reason)
		assert_null(r);
	if (reason)
		assert_string_equal(why, reason);
	else
		assert_non_null(r);
	if (r)
		http_response_free(r);
	http_client_free(c);
	canned_end(&s);
}

static void test_servers_that_fail(void **state)
{
	(void)state;
	ends_with("HTTP/1.1 200 OK\r\n\r\nto the end", NULL);
	ends_with("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", NULL);
	ends_with(NULL, "no answer within 200ms");
	ends_with("", "the connection was closed");
	ends_with("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
		  "no HTTP: the connection ended within a message");
	ends_with("220 mail.example ESMTP\r\n\r\n",
		  "no HTTP: a first line that is none of a response");
}

static void test_nobody_there(void **state)
{
	char url[64], reason[128];
	uint16_t port;
	int fd = listener(&port);
	sodns_http_client_t *c = http_client_new(NULL);
	(void)state;
	/* Bound, and nobody listens. */
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	snprintf(reason, sizeof(reason), "dial tcp 127.0.0.1:%u: connect: connection refused",
		 port);
	assert_null(fetch(c, url, SECONDS(30)));
	assert_string_equal(why, reason);
	assert_null(fetch(c, "http://1.2.3/", SECONDS(30)));
	assert_string_equal(why, "lookup 1.2.3: no such host");
	http_client_free(c);
	close(fd);
}

static void test_urls_that_are_none(void **state)
{
	static const struct {
		const char *url, *reason;
	} cases[] = {
		{"ftp://h/", "unsupported protocol scheme in \"ftp://h/\""},
		{"h:80", "unsupported protocol scheme in \"h:80\""},
		{"http://", "invalid URL \"http://\""},
		{"http:///x", "invalid URL \"http:///x\""},
		{"http://h:0/", "invalid URL \"http://h:0/\""},
		{"http://h:65536/", "invalid URL \"http://h:65536/\""},
		{"http://h:/", "invalid URL \"http://h:/\""},
		{"http://h:8x/", "invalid URL \"http://h:8x/\""},
		{"http://[::1/", "invalid URL \"http://[::1/\""},
		{"http://[::1]8/", "invalid URL \"http://[::1]8/\""},
		{"http://u@h/", "invalid URL \"http://u@h/\""},
		{"http://h/a b", "invalid URL \"http://h/a b\""},
		{"http://h/a\r\nX: y", "invalid URL \"http://h/a\r\nX: y\""},
		{"https://h/", "https://h:443: no TLS was set up for it"},
	};
	sodns_http_client_t *c = http_client_new(NULL);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(fetch(c, cases[i].url, SECONDS(1)));
		assert_string_equal(why, cases[i].reason);
	}
	http_client_free(c);
}

static void answer(void *arg, sodns_http_exchange_t *x)
{
	char text[256];
	const char *custom = http_header(x, "X-CUSTOM");
	(void)arg;
	int n = snprintf(text, sizeof(text), "%s %s %s", http_method(x), http_path(x),
			 custom ? custom : "-");
	http_status(x, 201);
	http_add_header(x, "X-Answer", "yes");
	http_add_header(x, "X-Bad", "a\r\nInjected: b");
	http_write(x, text, (size_t)n);
}

static void gives(sodns_http_client_t *c, const sodns_http_request_t *ask, unsigned status,
		  const char *body)
{
	size_t len;
	sodns_http_response_t *r = http_client_fetch(c, ask, why, sizeof(why));
	if (!r)
		fail_msg("%s", why);
	assert_int_equal(http_response_status(r), status);
	assert_string_equal(http_response_body(r, &len), body);
	assert_int_equal(len, strlen(body));
	assert_null(http_response_field(r, "injected"));
	http_response_free(r);
}

static sodns_http_t *serve(const http_tls_t *tls, char *url, size_t size)
{
	char place[32];
	sodns_address_t at;
	/* The port stays ours when the server leaves it for a while. */
	listener(&at.port);
	snprintf(place, sizeof(place), "127.0.0.1:%u", at.port);
	sodns_http_t *h = http_open(place, tls, why, sizeof(why));
	if (!h)
		fail_msg("%s", why);
	http_serve(h, "/a path", answer, h);
	http_address(h, &at);
	snprintf(url, size, "%s://127.0.0.1:%u/a%%20path?query", tls->cert ? "https" : "http",
		 at.port);
	return h;
}

static void test_both(void **state)
{
	static const sodns_http_field_t fields[] = {{"x-custom", "here", 0, 0}};
	const http_tls_t none = {0};
	char url[96], big[70000], other[96];
	sodns_http_t *h = serve(&none, url, sizeof(url));
	sodns_http_client_t *c = http_client_new(NULL);
	sodns_http_request_t ask = {.size = sizeof(ask), .url = url, .patience = SECONDS(60)};
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		gives(c, &ask, 201, "GET /a path -");
	ask.fields = fields;
	ask.field_count = 1;
	ask.body = "body";
	ask.len = 4;
	gives(c, &ask, 201, "POST /a path here");
	ask.method = "HEAD";
	ask.len = 0;
	gives(c, &ask, 201, "");
	ask.method = "PUT";
	ask.body = memset(big, 'x', sizeof(big));
	ask.len = sizeof(big);
	gives(c, &ask, 413, "");
	snprintf(other, sizeof(other), "%.*s/other", (int)(strchr(url + 8, '/') - url), url);
	ask = (sodns_http_request_t){.size = sizeof(ask), .url = other};
	gives(c, &ask, 404, "404 page not found\n");
	/* One that was kept from before, and has been closed meanwhile, is made anew. */
	http_remove(h, "/a path", h);
	assert_null(fetch(c, url, SECONDS(60)));
	assert_non_null(strstr(why, "connection refused"));
	http_serve(h, "/a path", answer, h);
	ask.url = url;
	gives(c, &ask, 201, "GET /a path -");
	ask.max = 5;
	assert_null(http_client_fetch(c, &ask, why, sizeof(why)));
	assert_string_equal(why, "the answer has more than 5 bytes");
	http_client_free(c);
	http_close(h);
}

static bool take_some(void *arg, const uint8_t *bytes, size_t len)
{
	size_t *seen = arg;
	(void)bytes;
	*seen += len;
	return *seen < 100000;
}

static void write_much(void *arg, sodns_http_exchange_t *x)
{
	static char text[4000];
	(void)arg;
	for (unsigned i = 0; i < 1000; i++)
		http_write(x, text, sizeof(text));
}

static void test_as_it_comes(void **state)
{
	const http_tls_t none = {0};
	char url[96];
	size_t seen = 0;
	sodns_http_t *h = serve(&none, url, sizeof(url));
	sodns_http_client_t *c = http_client_new(NULL);
	const sodns_http_request_t ask = {
		.size = sizeof(ask), .url = url, .data = take_some, .arg = &seen};
	(void)state;
	http_serve(h, "/a path", write_much, h);
	gives(c, &ask, 200, "");
	assert_in_range(seen, 100000, 4000000);
	http_client_free(c);
	http_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers_that_fail),  cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_urls_that_are_none), cmocka_unit_test(test_both),
		cmocka_unit_test(test_as_it_comes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
