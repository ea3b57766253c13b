/*
 * Keys of server blocks: [TRANSPORT://]ZONE[:PORT], where ZONE may be a network and stands for its
 * reverse zones; and which keys may listen beside each other.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/net.h>

#include "corefile/corefile.h"

struct transport {
	const char *name, *port;
};

/* "https3://" before "https://": the longer one first. NULL: the -dns.port flag. */
static const struct transport transports[] = {
	{"tls", "853"},    {"dns", NULL},    {"quic", "853"}, {"grpc", "443"},
	{"https3", "443"}, {"https", "443"}, {"unix", "0"},
};

static const char *take_transport(const char *key, const char *default_port,
				  corefile_address_t *out)
{
	snprintf(out->transport, sizeof(out->transport), "dns");
	snprintf(out->port, sizeof(out->port), "%s", default_port);
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		size_t n = strlen(transports[i].name);
		if (strncmp(key, transports[i].name, n) || strncmp(key + n, "://", 3))
			continue;
		snprintf(out->transport, sizeof(out->transport), "%s", transports[i].name);
		if (transports[i].port)
			snprintf(out->port, sizeof(out->port), "%s", transports[i].port);
		return key + n + 3;
	}
	return key;
}

static int add_zone(corefile_address_t *out, const char *text)
{
	char **zones = realloc(out->zones, (out->zone_count + 1) * sizeof(*zones));
	size_t n = strlen(text);
	if (!zones)
		return -1;
	out->zones = zones;
	char *zone = malloc(n + 2);
	if (!zone)
		return -1;
	for (size_t i = 0; i <= n; i++)
		zone[i] = (char)tolower((unsigned char)text[i]);
	if (!n || zone[n - 1] != '.')
		memcpy(zone + n, ".", 2);
	zones[out->zone_count++] = zone;
	return 0;
}

/* A network whose prefix ends within a label stands for all zones one step further down. */
static int add_network(corefile_address_t *out, const sodns_prefix_t *p)
{
	uint8_t name[SODNS_NAME_MAX];
	char text[SODNS_NAME_TEXT_MAX];
	for (unsigned i = 0, count = 1; i < count; i++) {
		count = sodns_prefix_to_reverse(p, i, name);
		sodns_name_to_text(name, text);
		if (add_zone(out, text))
			return -1;
	}
	return 0;
}

/* "10.0.0.0/8"; -1: it is none. */
static int read_network(const char *s, sodns_prefix_t *out)
{
	char host[64], *end;
	const char *slash = strchr(s, '/');
	if (!slash || (size_t)(slash - s) >= sizeof(host) || !isdigit((unsigned char)slash[1]))
		return -1;
	memcpy(host, s, (size_t)(slash - s));
	host[slash - s] = 0;
	bool v6 = strchr(host, ':');
	unsigned long bits = strtoul(slash + 1, &end, 10);
	*out = (sodns_prefix_t){.address.family = v6 ? 6 : 4, .bits = (uint8_t)bits};
	if (*end || bits > (v6 ? 128u : 32u))
		return -1;
	return inet_pton(v6 ? AF_INET6 : AF_INET, host, out->address.bytes) == 1 ? 0 : -1;
}

static int fail(char *err, size_t err_size, const char *format, const char *arg)
{
	snprintf(err, err_size, format, arg);
	return -1;
}

/* Cuts ":PORT" off; only a number is one. */
static int take_port(char *s, corefile_address_t *out, char *err, size_t err_size)
{
	char *colon = strrchr(s, ':'), *end;
	if (!colon)
		return 0;
	if (!colon[1])
		return fail(err, err_size, "expecting data after last colon: \"%s\"", s);
	long port = strtol(colon + 1, &end, 10);
	if (*end || isspace((unsigned char)colon[1]))
		return 0;
	if (port < 0 || port > 65535)
		return fail(err, err_size, "listen address has an invalid port: \"%s\"", s);
	snprintf(out->port, sizeof(out->port), "%ld", port);
	*colon = 0;
	return 0;
}

static int take_zones(char *s, corefile_address_t *out, char *err, size_t err_size)
{
	uint8_t wire[SODNS_NAME_MAX];
	sodns_prefix_t network;
	if (strlen(s) > 255) {
		snprintf(err, err_size, "specified zone is too long: %zu > 255", strlen(s));
		return -1;
	}
	if (!*s || sodns_name_from_text(s, NULL, wire) < 0)
		return fail(err, err_size, "zone is not a valid domain name: %s", s);
	if (read_network(s, &network))
		return add_zone(out, s);
	if (*s == ':' || (*s == '0' && network.address.family == 6))
		return fail(err, err_size, "invalid CIDR %s", s);
	return add_network(out, &network);
}

int corefile_parse_address(const char *key, const char *default_port, corefile_address_t *out,
			   char *err, size_t err_size)
{
	*out = (corefile_address_t){0};
	char *s = strdup(take_transport(key, default_port, out));
	if (!s)
		return -1;
	int rc = take_port(s, out, err, err_size);
	if (!rc)
		rc = take_zones(s, out, err, err_size);
	free(s);
	if (rc)
		corefile_address_free(out);
	return rc;
}

const char *corefile_odd_zone(const char *zone)
{
	const char *scheme = strstr(zone, "://"), *slash = strchr(zone, '/');
	if (scheme)
		return "this transport is not known: dns, tls, https, quic, grpc and https3 are";
	if (strpbrk(zone, "{}"))
		return "a brace that stands alone on its line, or behind a blank, begins or ends a "
		       "block";
	if (slash && strspn(slash + 1, "0123456789.") == strlen(slash + 1))
		return "a network is an address and a prefix length of up to 32 (IPv4) or 128 "
		       "(IPv6)";
	size_t n = strlen(zone);
	/* Zones of parts of a network have a slash (RFC 2317, 4). */
	bool reverse = n > 6 && !strcmp(zone + n - 6, ".arpa.");
	if (strpbrk(zone, reverse ? ":,;\"'()[]" : "/:,;\"'()[]"))
		return "names of zones have letters, digits, '-', '_' and dots";
	return NULL;
}

void corefile_address_free(corefile_address_t *a)
{
	for (size_t i = 0; i < a->zone_count; i++)
		free(a->zones[i]);
	free(a->zones);
	a->zones = NULL;
	a->zone_count = 0;
}
