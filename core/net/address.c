/*
 * Addresses: text, prefixes, and the system's form of them.
 */

#include <sodns/net.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <sodns/text.h>

void sodns_address_from_sockaddr(const struct sockaddr *sa, sodns_address_t *out)
{
	memset(out, 0, sizeof(*out));
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)sa;
		out->family = 4;
		memcpy(out->bytes, &v4->sin_addr, 4);
		out->port = ntohs(v4->sin_port);
		return;
	}
	if (sa->sa_family != AF_INET6)
		return;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)sa;
	out->port = ntohs(v6->sin6_port);
	out->family = 6;
	memcpy(out->bytes, &v6->sin6_addr, 16);
	out->scope = v6->sin6_scope_id;
	sodns_address_unmap(out);
}

unsigned sodns_address_to_sockaddr(const sodns_address_t *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
		v4->sin_family = AF_INET;
		v4->sin_port = htons(a->port);
		memcpy(&v4->sin_addr, a->bytes, 4);
		return sizeof(*v4);
	}
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(a->port);
	v6->sin6_scope_id = a->scope;
	memcpy(&v6->sin6_addr, a->bytes, 16);
	return sizeof(*v6);
}

/* inet_ntop() takes a printf for this. */
static size_t ipv4_to_text(const uint8_t *bytes, char *out)
{
	char *p = out;
	for (unsigned i = 0; i < 4; i++) {
		unsigned b = bytes[i];
		if (b >= 100)
			*p++ = (char)('0' + b / 100);
		if (b >= 10)
			*p++ = (char)('0' + b / 10 % 10);
		*p++ = (char)('0' + b % 10);
		*p++ = i < 3 ? '.' : 0;
	}
	return (size_t)(p - 1 - out);
}

size_t sodns_address_to_text(const sodns_address_t *a, char out[SODNS_ADDRESS_TEXT_MAX])
{
	char zone[IF_NAMESIZE];
	*out = 0;
	if (!a->family)
		return 0;
	if (a->family == 4)
		return ipv4_to_text(a->bytes, out);
	inet_ntop(AF_INET6, a->bytes, out, SODNS_ADDRESS_TEXT_MAX);
	size_t n = strlen(out);
	if (a->scope && if_indextoname(a->scope, zone))
		n += (size_t)snprintf(out + n, SODNS_ADDRESS_TEXT_MAX - n, "%%%s", zone);
	return n;
}

/* An interface by its name or its number (RFC 4007, 11.2); 0: there is none. */
static unsigned zone_index(const char *text)
{
	char name[IF_NAMESIZE];
	unsigned index = if_nametoindex(text);
	uint64_t number;
	if (index || sodns_uint_from_text(text, strlen(text), 10, INT32_MAX, &number))
		return index;
	return if_indextoname((unsigned)number, name) ? (unsigned)number : 0;
}

int sodns_address_from_text(const char *text, sodns_address_t *out)
{
	char plain[SODNS_ADDRESS_TEXT_MAX];
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, out->bytes) == 1) {
		out->family = 4;
		return SODNS_OK;
	}
	const char *zone = strchr(text, '%');
	size_t n = zone ? (size_t)(zone - text) : strlen(text);
	if (n >= sizeof(plain))
		return SODNS_EINVAL;
	memcpy(plain, text, n);
	plain[n] = 0;
	if (inet_pton(AF_INET6, plain, out->bytes) != 1)
		return SODNS_EINVAL;
	out->family = 6;
	if (zone && !(out->scope = zone_index(zone + 1)))
		return SODNS_EINVAL;
	return SODNS_OK;
}

bool sodns_address_is_malformed(const char *text)
{
	sodns_address_t a;
	struct in_addr old;
	if (!sodns_address_from_text(text, &a))
		return false;
	return (*text && !text[strspn(text, "0123456789.")]) || inet_aton(text, &old);
}

static int port_from_text(const char *text, uint16_t *out)
{
	uint64_t v;
	if (sodns_uint_from_text(text, strlen(text), 10, UINT16_MAX, &v))
		return SODNS_EINVAL;
	*out = (uint16_t)v;
	return SODNS_OK;
}

int sodns_endpoint_from_text(const char *text, uint16_t default_port, sodns_address_t *out)
{
	char host[SODNS_ADDRESS_TEXT_MAX];
	const char *colon = strrchr(text, ':');
	if (!sodns_address_from_text(text, out)) {
		out->port = default_port;
		return SODNS_OK;
	}
	if (!colon)
		return SODNS_EINVAL;
	size_t n = (size_t)(colon - text);
	if (*text == '[' && n > 2 && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return SODNS_EINVAL;
	memcpy(host, text, n);
	host[n] = 0;
	if (sodns_address_from_text(host, out))
		return SODNS_EINVAL;
	return port_from_text(colon + 1, &out->port);
}

bool sodns_address_equal(const sodns_address_t *a, const sodns_address_t *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16);
}

int sodns_prefix_from_text(const char *text, sodns_prefix_t *out)
{
	char host[SODNS_ADDRESS_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	uint16_t bits = 0;
	if (n >= sizeof(host))
		return SODNS_EINVAL;
	memcpy(host, text, n);
	host[n] = 0;
	if (sodns_address_from_text(host, &out->address))
		return SODNS_EINVAL;
	unsigned all = out->address.family == 4 ? 32 : 128;
	if (slash && (port_from_text(slash + 1, &bits) || bits > all))
		return SODNS_EINVAL;
	out->bits = (uint8_t)(slash ? bits : all);
	return SODNS_OK;
}

bool sodns_prefix_contains(const sodns_prefix_t *p, const sodns_address_t *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;
	if (p->address.family != a->family || memcmp(p->address.bytes, a->bytes, whole))
		return false;
	if (!rest)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return !((p->address.bytes[whole] ^ a->bytes[whole]) & mask);
}
