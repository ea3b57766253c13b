/*
 * Destinations: addresses, files in the manner of resolv.conf, and host names.
 */
#include "forward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *prefix;
	uint16_t port;
	bool taken;
	enum transport transport;
} transports[] = {
	{"tls://", 853, true, TRANSPORT_TLS},
	{"dns://", 53, true, TRANSPORT_DNS},
	{"https://", 443, true, TRANSPORT_HTTPS},
	{"quic://", 853, false, 0},
	{"grpc://", 443, false, 0},
	{"https3://", 443, false, 0},
	{"unix://", 0, false, 0},
	{"", 53, true, TRANSPORT_DNS},
};

/* A word taken apart: [TRANSPORT://]HOST[%NAME][:PORT]. */
struct word {
	const char *whole, *rest; /* rest: behind the transport */
	unsigned kind;            /* in the table */
	char host[300];           /* with its port, without %NAME */
	char name[256];           /* "" without */
};

/* "[::1]" without a port. */
static void unwrap(char *host)
{
	size_t n = strlen(host);
	if (n < 2 || *host != '[' || host[n - 1] != ']')
		return;
	memmove(host, host + 1, n - 2);
	host[n - 2] = 0;
}

/* Whether all of it is an address, with an interface behind its '%'. Only addresses of a link need one
 * (fe80::/10, RFC 4007): behind others stands a server's name. */
static bool has_zone(const struct word *w)
{
	char host[sizeof(w->host)];
	sodns_address_t a;
	strcpy(host, w->rest);
	unwrap(host);
	return !sodns_endpoint_from_text(host, 1, &a) && a.family == 6 && a.bytes[0] == 0xfe &&
	       (a.bytes[1] & 0xc0) == 0x80;
}

/* The name behind the last '%' is cut out; a port behind it stays. */
static bool split(struct word *w)
{
	const char *percent = strrchr(w->rest, '%'), *colon;
	if (strlen(w->rest) >= sizeof(w->host))
		return false;
	w->name[0] = 0;
	if (!percent || has_zone(w)) {
		strcpy(w->host, w->rest);
		unwrap(w->host);
		return true;
	}
	colon = strrchr(percent, ':');
	size_t n = colon ? (size_t)(colon - percent - 1) : strlen(percent + 1);
	if (n && percent[n] == ']')
		n--;
	if (n >= sizeof(w->name))
		return false;
	memcpy(w->name, percent + 1, n);
	w->name[n] = 0;
	bool open = *w->rest == '[' && !memchr(w->rest, ']', (size_t)(percent - w->rest));
	snprintf(w->host, sizeof(w->host), "%.*s%s%s", (int)(percent - w->rest), w->rest,
		 open ? "]" : "", colon ? colon : "");
	unwrap(w->host);
	return true;
}

static struct target *add(sodns_setup_t *s, struct forward *f)
{
	struct target *all = sodns_setup_alloc(s, (f->target_count + 1) * sizeof(*all));
	if (f->target_count)
		memcpy(all, f->targets, f->target_count * sizeof(*all));
	f->targets = all;
	return &all[f->target_count++];
}

static const char *keep(sodns_setup_t *s, const char *text)
{
	size_t n = strlen(text) + 1;
	return *text ? memcpy(sodns_setup_alloc(s, n), text, n) : NULL;
}

/* "nameserver ADDRESS" lines; what is no address is passed over. Port 53. */
static void read_lines(sodns_setup_t *s, struct forward *f, const char *path, FILE *file)
{
	char *line = NULL, *save;
	size_t room = 0;
	while (getline(&line, &room, file) >= 0) {
		const char *word = strtok_r(line, " \t\r\n", &save);
		char *address = word ? strtok_r(NULL, " \t\r\n", &save) : NULL;
		sodns_address_t a;
		if (!address || strcmp(word, "nameserver"))
			continue;
		if (sodns_address_from_text(address, &a)) {
			sodns_log(SODNS_LOG_WARNING, "forward", "%s: not an address: %s", path,
				  address);
			continue;
		}
		a.port = 53;
		*add(s, f) = (struct target){.transport = TRANSPORT_DNS, .address = a};
	}
	free(line);
}

/* Only what can be read as a file is one. */
static bool read_file(sodns_setup_t *s, struct forward *f, const char *path)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool readable = fgetc(file) != EOF || !ferror(file);
	rewind(file);
	if (readable)
		read_lines(s, f, path, file);
	fclose(file);
	return readable;
}

/* HOST[:PORT] of a name; false if that is no domain name. */
static bool split_hostname(char *host, uint16_t *port)
{
	uint8_t name[SODNS_NAME_MAX];
	char *colon = strrchr(host, ':'), *end;
	if (colon) {
		unsigned long v = strtoul(colon + 1, &end, 10);
		if (*end || colon[1] < '0' || colon[1] > '9' || !v || v > 65535)
			return false;
		*port = (uint16_t)v;
		*colon = 0;
	}
	return *host && !strchr(host, ':') && !strchr(host, '/') &&
	       sodns_name_from_text(host, NULL, name) > 0;
}

static int add_target(sodns_setup_t *s, struct forward *f, struct word *w)
{
	struct target t = {.transport = transports[w->kind].transport};
	uint16_t port = transports[w->kind].port;
	if (sodns_endpoint_from_text(w->host, port, &t.address)) {
		/* Files have no transport of their own: plain DNS. */
		if (read_file(s, f, sodns_setup_path(s, w->rest)))
			return SODNS_OK;
		if (!split_hostname(w->host, &port))
			return sodns_error(s, "not an IP address, file, or valid domain: \"%s\"",
					   w->whole);
		t.hostname = keep(s, w->host);
		t.address.port = port;
	}
	if (t.transport == TRANSPORT_DNS && *w->name)
		return sodns_error(s, "no network interface has the name or number \"%s\": \"%s\"",
				   w->name, w->whole);
	if (t.transport == TRANSPORT_TLS && *w->name && f->server_name)
		return sodns_error(s,
				   "both forward ('%s') and proxy level ('%s') TLS servernames are "
				   "set for upstream proxy '%s%s'",
				   f->server_name, w->name, transports[w->kind].prefix, w->host);
	if (t.transport == TRANSPORT_TLS)
		t.server_name = *w->name ? keep(s, w->name) : f->server_name;
	if (t.transport == TRANSPORT_HTTPS)
		t.server_name = f->server_name;
	*add(s, f) = t;
	return SODNS_OK;
}

/* An address is named with its port, as CoreDNS does; what is none as it is. */
static int refuse_transport(sodns_setup_t *s, const struct word *w)
{
	const char *prefix = transports[w->kind].prefix;
	char port[8] = "";
	sodns_address_t a;
	bool bare = !sodns_address_from_text(w->host, &a), six = bare && a.family == 6;
	if (bare)
		snprintf(port, sizeof(port), ":%u", transports[w->kind].port);
	return sodns_error(
		s, "'%.*s' is not supported as a destination protocol in forward: %s%s%s%s%s",
		(int)strlen(prefix) - 3, prefix, prefix, six ? "[" : "", bare ? w->host : w->rest,
		six ? "]" : "", port);
}

int to_read(sodns_setup_t *s, struct forward *f, const char *word)
{
	struct word w = {.whole = word};
	f->words++;
	while (strncmp(word, transports[w.kind].prefix, strlen(transports[w.kind].prefix)))
		w.kind++;
	w.rest = word + strlen(transports[w.kind].prefix);
	if (!*w.rest)
		return sodns_error(s, "invalid address: \"%s\"", word);
	if (!split(&w))
		return sodns_error(s, "not an IP address, file, or valid domain: \"%s\"", word);
	if (!transports[w.kind].taken)
		return refuse_transport(s, &w);
	if (transports[w.kind].transport == TRANSPORT_HTTPS && strchr(w.rest, '/'))
		return sodns_error(s,
				   "paths are not allowed in HTTPS upstream addresses (the "
				   "/dns-query path is used by default): %s",
				   word);
	return add_target(s, f, &w);
}
