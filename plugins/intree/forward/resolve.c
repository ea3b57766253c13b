/*
 * From destinations to upstreams: host names are looked up once, at start, and every address is
 * taken once.
 */
#include "forward.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/message.h>

#define UPSTREAMS_MAX 255u
#define LOOKUP (2 * SODNS_SECOND)

struct found {
	struct target *targets;
	size_t count, room;
};

static bool same(const struct target *a, const struct target *b)
{
	return sodns_address_equal(&a->address, &b->address) &&
	       a->address.port == b->address.port && a->address.scope == b->address.scope;
}

static bool add(struct found *found, const struct target *t)
{
	for (size_t i = 0; i < found->count; i++)
		if (same(&found->targets[i], t))
			return true;
	if (found->count == found->room) {
		size_t room = found->room ? found->room * 2 : 16;
		struct target *more = realloc(found->targets, room * sizeof(*more));
		if (!more)
			return false;
		found->targets = more;
		found->room = room;
	}
	found->targets[found->count++] = *t;
	return true;
}

static bool from_system(struct found *found, const struct target *t, char *why, size_t size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *all;
	int rc = getaddrinfo(t->hostname, NULL, &hints, &all);
	if (rc) {
		snprintf(why, size, "lookup %s: %s", t->hostname,
			 rc == EAI_NONAME ? "no such host" : gai_strerror(rc));
		return false;
	}
	for (const struct addrinfo *a = all; a; a = a->ai_next) {
		struct target one = *t;
		one.hostname = NULL;
		sodns_address_from_sockaddr(a->ai_addr, &one.address);
		one.address.port = t->address.port;
		add(found, &one);
	}
	freeaddrinfo(all);
	return true;
}

/* A record of an answer. The SDK reads no further behind a malformed one, which is passed over here. */
struct record {
	uint8_t owner[SODNS_NAME_MAX];
	uint16_t type, rclass;
	size_t data, len, next; /* offsets of its RDATA and of the next record */
};

static bool read_record(const uint8_t *m, size_t len, size_t at, struct record *out)
{
	at = sodns_name_from_message(m, len, at, out->owner);
	if (!at || len - at < 10)
		return false;
	const uint8_t *f = m + at;
	out->type = (uint16_t)(f[0] << 8 | f[1]);
	out->rclass = (uint16_t)(f[2] << 8 | f[3]);
	out->len = (size_t)(f[8] << 8 | f[9]);
	out->data = at + 10;
	out->next = out->data + out->len;
	return out->next <= len;
}

/* Adds the addresses of the name that was asked for, or of what it is an alias of; nothing else that
 * stands there. */
static unsigned take_addresses(struct found *found, const struct target *t, uint16_t type,
			       const uint8_t *m, size_t len)
{
	uint8_t name[SODNS_NAME_MAX];
	struct record r;
	size_t at = sodns_name_from_message(m, len, 12, name),
	       bytes = type == SODNS_TYPE_A ? 4 : 16;
	unsigned records = (unsigned)(m[6] << 8 | m[7]), taken = 0;
	if (!at || m[3] & 15)
		return 0;
	for (at += 4; records && at < len && read_record(m, len, at, &r); records--, at = r.next) {
		if (r.rclass != SODNS_CLASS_IN || !sodns_name_equal(r.owner, name))
			continue;
		if (r.type == SODNS_TYPE_CNAME &&
		    sodns_name_from_message(m, r.next, r.data, name) != r.next)
			break;
		if (r.type != type || r.len != bytes)
			continue;
		struct target one = *t;
		one.hostname = NULL;
		one.address.family = type == SODNS_TYPE_A ? 4 : 6;
		memcpy(one.address.bytes, m + r.data, bytes);
		taken += add(found, &one);
	}
	return taken;
}

static bool from_resolver(struct found *found, const struct target *t,
			  const sodns_address_t *resolver)
{
	static const uint16_t types[] = {SODNS_TYPE_A, SODNS_TYPE_AAAA};
	uint8_t name[SODNS_NAME_MAX], query[SODNS_MESSAGE_QUERY_MAX], answer[4096];
	unsigned taken = 0;
	sodns_name_from_text(t->hostname, NULL, name);
	for (int i = 0; i < 2; i++) {
		size_t len = sodns_message_query(query, SODNS_RD, name, types[i], SODNS_CLASS_IN);
		int n = sodns_exchange_udp(resolver, query, len, answer, sizeof(answer), LOOKUP);
		if (n > 0 && answer[2] & 2)
			n = sodns_exchange_tcp(resolver, query, len, answer, sizeof(answer),
					       LOOKUP);
		if (n >= 12)
			taken += take_addresses(found, t, types[i], answer, (size_t)n);
	}
	return taken;
}

static bool look_up(const struct forward *f, struct found *found, const struct target *t, char *why,
		    size_t size)
{
	if (sodns_address_is_malformed(t->hostname)) {
		snprintf(why, size,
			 "lookup %s: no such host: an IPv4 address has four numbers in "
			 "range [0, 255], without leading zeros",
			 t->hostname);
		return false;
	}
	if (!f->resolver_count)
		return from_system(found, t, why, size);
	for (size_t i = 0; i < f->resolver_count; i++)
		if (from_resolver(found, t, &f->resolvers[i]))
			return true;
	snprintf(why, size, "no addresses found for \"%s\"", t->hostname);
	return false;
}

static int find_all(const struct forward *f, sodns_prepare_t *p, struct found *found)
{
	for (size_t i = 0; i < f->target_count; i++) {
		const struct target *t = &f->targets[i];
		char why[512];
		if (!t->hostname && !add(found, t))
			return sodns_prepare_error(p, "no memory");
		if (t->hostname && !look_up(f, found, t, why, sizeof(why)))
			return sodns_prepare_error(p, "failed to resolve \"%s\": %s", t->hostname,
						   why);
	}
	if (found->count > UPSTREAMS_MAX)
		return sodns_prepare_error(p, "more than %u upstream addresses", UPSTREAMS_MAX);
	return SODNS_OK;
}

static int make(struct forward *f, sodns_prepare_t *p, struct upstream *u, const struct target *t)
{
	char text[SODNS_ADDRESS_TEXT_MAX];
	sodns_upstream_options_t o = {.size = sizeof(o),
				      .address = t->address,
				      .source = f->source,
				      .expire = f->expire,
				      .max_age = f->max_age,
				      .max_idle = f->max_idle};
	if (!o.expire)
		o.expire = SODNS_MS;
	sodns_address_to_text(&t->address, text);
	snprintf(u->text, sizeof(u->text), t->address.family == 6 ? "[%s]:%u" : "%s:%u", text,
		 t->address.port);
	u->forward = f;
	u->index = f->count;
	manners_begin(u);
	u->transport = t->transport;
	u->server_name = t->server_name;
	/* Without a name the certificate must be for the address, which is the same on any link. */
	if (t->transport != TRANSPORT_DNS) {
		text[strcspn(text, "%")] = 0;
		o.tls = f->tls;
		o.tls_name = t->server_name ? t->server_name : text;
	}
	if (t->transport == TRANSPORT_HTTPS)
		o.http_method = f->http_method;
	u->up = sodns_upstream_new(&o);
	return u->up ? SODNS_OK : sodns_prepare_error(p, "no upstream can be made of %s", u->text);
}

/* CA; CERT KEY; CERT KEY CA: as many files as were given. */
static int make_tls(struct forward *f, sodns_prepare_t *p)
{
	char why[512];
	bool pair = f->tls_file_count > 1;
	bool wanted = f->tls_wanted;
	for (size_t i = 0; i < f->target_count; i++)
		wanted |= f->targets[i].transport != TRANSPORT_DNS;
	if (!wanted)
		return SODNS_OK;
	const sodns_tls_options_t o = {.size = sizeof(o),
				       .cert = pair ? f->tls_files[0] : NULL,
				       .key = pair ? f->tls_files[1] : NULL,
				       .ca = f->tls_file_count == 1   ? f->tls_files[0]
					     : f->tls_file_count == 3 ? f->tls_files[2]
								      : NULL};
	f->tls = sodns_tls_new(&o);
	if (sodns_tls_load(f->tls, why, sizeof(why)) < 0)
		return sodns_prepare_error(p, "%s", why);
	return SODNS_OK;
}

int upstreams_make(struct forward *f, sodns_prepare_t *p)
{
	struct found found = {NULL, 0, 0};
	int rc = make_tls(f, p);
	if (!rc)
		rc = find_all(f, p, &found);
	if (!rc && !(f->upstreams = calloc(found.count ? found.count : 1, sizeof(*f->upstreams))))
		rc = sodns_prepare_error(p, "no memory");
	for (size_t i = 0; !rc && i < found.count; i++, f->count++)
		rc = make(f, p, &f->upstreams[i], &found.targets[i]);
	free(found.targets);
	return rc;
}
