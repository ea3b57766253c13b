/*
 * Reading URLs.
 */
#include "url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

/* Behind the host, at ':' or at the end. NULL: it is none. */
static const char *read_host(const char *at, const char *end, http_url_t *out)
{
	bool brackets = *at == '[';
	const char *stop = brackets ? memchr(at, ']', (size_t)(end - at))
				    : memchr(at, ':', (size_t)(end - at));
	if (brackets && !stop)
		return NULL;
	stop = stop ? stop : end;
	at += brackets;
	size_t len = (size_t)(stop - at);
	if (!len || len >= sizeof(out->host))
		return NULL;
	memcpy(out->host, at, len);
	out->host[len] = 0;
	return stop + brackets;
}

static bool read_port(const char *at, const char *end, http_url_t *out)
{
	unsigned port = 0;
	if (at == end)
		return true;
	if (*at++ != ':' || at == end)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9' || (port = port * 10 + (unsigned)(*at - '0')) > 65535)
			return false;
	}
	out->port = (uint16_t)port;
	return port;
}

bool http_url_parse(const char *text, http_url_t *out, char *err, size_t err_size)
{
	*out = (http_url_t){.target = ""};
	out->tls = !strncmp(text, "https://", 8);
	if (!out->tls && strncmp(text, "http://", 7)) {
		snprintf(err, err_size, "unsupported protocol scheme in \"%s\"", text);
		return false;
	}
	const char *at = text + (out->tls ? 8 : 7), *end = at + strcspn(at, "/?#");
	unsigned own = out->port = out->tls ? 443 : 80;
	const char *behind = read_host(at, end, out);
	bool good = behind && read_port(behind, end, out) && !strpbrk(out->host, "@ \t\r\n");
	out->target = *end == '#' ? "" : end;
	if (!good || *end == '?' || (*out->target && !http1_is_target(out->target))) {
		snprintf(err, err_size, "invalid URL \"%s\"", text);
		return false;
	}
	bool six = strchr(out->host, ':');
	snprintf(out->place, sizeof(out->place), six ? "[%s]:%u" : "%s:%u", out->host, out->port);
	snprintf(out->authority, sizeof(out->authority), six ? "[%s]" : "%s", out->host);
	if (out->port != own)
		snprintf(out->authority, sizeof(out->authority), "%s", out->place);
	return true;
}
