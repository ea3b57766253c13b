/*
 * URLs of the client, as far as it needs them (RFC 3986): scheme, host, port, and what is asked there.
 */
#ifndef SODNS_LIB_HTTP_URL_H
#define SODNS_LIB_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_url {
	bool tls;
	char host[256]; /* without brackets */
	uint16_t port;
	char authority[280]; /* as in Host: the port only where it is not the scheme's own */
	char place[280];     /* "host:port", with brackets where they are needed */
	const char *target;  /* points into the text; "" stands for "/" */
} http_url_t;

/* False: the reason is in err, worded as Go's net/url words it. */
bool http_url_parse(const char *text, http_url_t *out, char *err, size_t err_size);

#endif
