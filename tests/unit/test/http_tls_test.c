/*
 * The HTTP server and the client over TLS: certificates that are good, and those that are not.
 */
#include <sodns/http.h>
#include <sodns/http_client.h>
#include <sodns/test.h>

#include <stdio.h>
#include <string.h>

static char why[512];

static void answer(void *arg, sodns_http_exchange_t *x)
{
	(void)arg;
	sodns_http_write(x, "sealed", 6);
}

static sodns_tls_t *context(const char *cert, const char *ca)
{
	const sodns_tls_options_t options = {
		.size = sizeof(options), .cert = cert, .key = cert ? KEY : NULL, .ca = ca};
	sodns_tls_t *t = sodns_tls_new(&options);
	if (sodns_tls_load(t, why, sizeof(why)) < 0)
		fprintf(stderr, "%s\n", why);
	return t;
}

/* What a client with this certificate and these authorities gets: the body, or the reason for none. */
static const char *gets(const char *url, const char *cert, const char *ca)
{
	static char said[512];
	sodns_tls_t *tls = context(cert, ca);
	sodns_http_client_t *c = sodns_http_client_new(tls);
	const sodns_http_request_t ask = {.size = sizeof(ask), .url = url};
	snprintf(said, sizeof(said), "-");
	/* The second one finds the connection kept. */
	for (unsigned i = 0; i < 2; i++) {
		sodns_http_response_t *r = sodns_http_client_fetch(c, &ask, why, sizeof(why));
		snprintf(said, sizeof(said), "%s", r ? sodns_http_response_body(r, NULL) : why);
		sodns_http_response_free(r);
	}
	sodns_http_client_free(c);
	sodns_tls_release(tls);
	return said;
}

static sodns_http_t *serve(const char *ca, char *url, size_t size, const char *host)
{
	sodns_address_t at;
	sodns_http_t *h = sodns_http_open_tls(NULL, "127.0.0.1:0", CERT, KEY, ca);
	if (!h)
		return NULL;
	sodns_http_serve(h, "/", answer, h);
	sodns_http_address(h, &at);
	snprintf(url, size, "https://%s:%u/", host, at.port);
	return h;
}

int main(void)
{
	char url[64], other[64];
	sodns_http_t *open = serve(NULL, url, sizeof(url), "127.0.0.1");
	SODNS_CONTAINS(gets(url, NULL, CERT), "sealed");
	SODNS_CONTAINS(gets(url, NULL, NULL), "tls: self-signed certificate");
	/* The certificate is for 127.0.0.1, and for no other address. */
	sodns_http_t *any = sodns_http_open_tls(NULL, ":0", CERT, KEY, NULL);
	sodns_address_t at;
	sodns_http_serve(any, "/", answer, any);
	sodns_http_address(any, &at);
	snprintf(other, sizeof(other), "https://127.0.0.2:%u/", at.port);
	SODNS_CONTAINS(gets(other, NULL, CERT), "tls: IP address mismatch");
	sodns_http_close(any);
	sodns_http_close(open);
	/* Clients whose certificate the authority has signed, alone. */
	sodns_http_t *closed = serve(CERT, url, sizeof(url), "localhost");
	SODNS_CONTAINS(gets(url, CERT, CERT), "sealed");
	SODNS_CONTAINS(gets(url, NULL, CERT), "tls: ");
	/* Plain HTTP to it. */
	snprintf(other, sizeof(other), "http%s", url + 5);
	const char *said = gets(other, NULL, CERT);
	SODNS_CONTAINS(strstr(said, "sealed") ? "sealed" : "not sealed", "not sealed");
	sodns_http_close(closed);
	return sodns_test_result();
}
