/*
 * Reducing objects: a walk over each, picking what is wanted.
 */
#include "reduce.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define PARTS_MAX 60000u /* of ports and external addresses of one object, in bytes */

void bytes_add(struct bytes *b, const void *bytes, size_t len)
{
	if (b->len + len > b->room) {
		size_t room = b->room ? b->room : 256;
		while (room < b->len + len)
			room *= 2;
		b->at = realloc(b->at, room);
		if (!b->at)
			abort();
		b->room = room;
	}
	if (len)
		memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

void object_free(struct object *o)
{
	free(o->meta.labels.at);
	free(o->a4.at);
	free(o->a6.at);
	free(o->ports.at);
	free(o->external.at);
	free(o->rdata.at);
	free(o->names.at);
	free(o->zones.at);
}

bool address_read(const char *text, size_t len, struct address *out)
{
	sodns_address_t a;
	char copy[64];
	if (!len || len >= sizeof(copy) || memchr(text, '%', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = 0;
	if (sodns_address_from_text(copy, &a))
		return false;
	sodns_address_unmap(&a);
	out->size = a.family == 4 ? 4 : 16;
	memcpy(out->bytes, a.bytes, out->size);
	return true;
}

size_t address_dashed(const uint8_t *bytes, unsigned size, char out[48])
{
	inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, out, 46);
	size_t len = strlen(out);
	for (size_t i = 0; i < len; i++)
		if (out[i] == '.' || out[i] == ':')
			out[i] = '-';
	if (size == 16 && out[len - 1] == '-') {
		out[len++] = '0';
		out[len] = 0;
	}
	return len;
}

static void add_rdata(struct bytes *b, const struct address *a)
{
	const uint8_t length[2] = {0, a->size};
	bytes_add(b, length, 2);
	bytes_add(b, a->bytes, a->size);
}

/* A string into a buffer, lower case if it is to be looked up; "" if it is too long. */
static void take_text(sodns_json_t *j, char *out, size_t size)
{
	sodns_json_text_t t;
	*out = 0;
	if (sodns_json_string(j, &t) && sodns_json_copy(&t, out, size) >= size)
		*out = 0;
}

static void take_lower(sodns_json_t *j, char *out, size_t size)
{
	take_text(j, out, size);
	for (; *out; out++)
		*out = (char)tolower((unsigned char)*out);
}

static bool take_address(sodns_json_t *j, struct address *out)
{
	char text[64];
	take_text(j, text, sizeof(text));
	return address_read(text, strlen(text), out);
}

static void read_labels(struct meta *m, bool all, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (!sodns_json_object(j))
		return;
	while (sodns_json_member(j, &key)) {
		if (all) {
			char text[384];
			size_t n = sodns_json_copy(&key, text, sizeof(text)) + 1;
			if (n > sizeof(text) || m->labels.len > PARTS_MAX)
				continue;
			bytes_add(&m->labels, text, n);
			take_text(j, text, sizeof(text));
			bytes_add(&m->labels, text, strlen(text) + 1);
		} else if (sodns_json_is(&key, "kubernetes.io/service-name")) {
			take_lower(j, m->service, sizeof(m->service));
		} else if (sodns_json_is(&key, "multicluster.kubernetes.io/service-name")) {
			take_lower(j, m->import, sizeof(m->import));
		} else if (sodns_json_is(&key, "multicluster.kubernetes.io/source-cluster")) {
			take_lower(j, m->cluster, sizeof(m->cluster));
		}
	}
}

static void read_annotations(struct meta *m, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (!sodns_json_object(j))
		return;
	while (sodns_json_member(j, &key))
		if (sodns_json_is(&key, "endpoints.kubernetes.io/last-change-trigger-time"))
			take_text(j, m->trigger, sizeof(m->trigger));
}

static void read_meta(struct meta *m, bool labels, sodns_json_t *j)
{
	sodns_json_text_t key, t;
	if (!sodns_json_object(j))
		return;
	while (sodns_json_member(j, &key)) {
		if (sodns_json_is(&key, "name"))
			take_lower(j, m->name, sizeof(m->name));
		else if (sodns_json_is(&key, "namespace"))
			take_lower(j, m->namespace, sizeof(m->namespace));
		else if (sodns_json_is(&key, "labels"))
			read_labels(m, labels, j);
		else if (sodns_json_is(&key, "annotations"))
			read_annotations(m, j);
		else if (sodns_json_is(&key, "deletionTimestamp"))
			m->ends = sodns_json_string(j, &t) && t.len;
	}
}

static enum protocol protocol_of(const sodns_json_text_t *t)
{
	return sodns_json_is(t, "TCP")    ? PROTOCOL_TCP
	       : sodns_json_is(t, "UDP")  ? PROTOCOL_UDP
	       : sodns_json_is(t, "SCTP") ? PROTOCOL_SCTP
					  : PROTOCOL_NONE;
}

static void add_port(struct bytes *b, int64_t number, uint8_t protocol, const char *name)
{
	if (b->len > PARTS_MAX)
		return;
	const uint8_t head[4] = {(uint8_t)(number >> 8), (uint8_t)number, protocol,
				 (uint8_t)strlen(name)};
	bytes_add(b, head, sizeof(head));
	bytes_add(b, name, head[3]);
}

/* Ports of services, slices and imports; a sentinel where there are none. */
static void read_ports(struct object *o, sodns_json_t *j)
{
	if (!sodns_json_array(j))
		return;
	while (sodns_json_item(j)) {
		sodns_json_text_t key, protocol = {0};
		int64_t number = -1;
		char name[64] = "";
		if (!sodns_json_object(j))
			continue;
		while (sodns_json_member(j, &key)) {
			if (sodns_json_is(&key, "port"))
				sodns_json_integer(j, &number);
			else if (sodns_json_is(&key, "name"))
				take_lower(j, name, sizeof(name));
			else if (sodns_json_is(&key, "protocol"))
				sodns_json_string(j, &protocol);
		}
		bool none = number < 0 || number > 65535;
		add_port(&o->ports, none ? 0 : number,
			 protocol_of(&protocol) | (none ? PORT_NONE : 0), name);
	}
}

static void read_ips(struct object *o, sodns_json_t *j)
{
	struct address a;
	sodns_json_text_t t;
	if (!sodns_json_array(j))
		return;
	while (sodns_json_item(j)) {
		if (!sodns_json_string(j, &t))
			continue;
		if (sodns_json_is(&t, "None"))
			o->flags |= SERVICE_HEADLESS;
		else if (address_read(t.at, t.len, &a) && o->a4.len + o->a6.len < PARTS_MAX)
			add_rdata(a.size == 4 ? &o->a4 : &o->a6, &a);
	}
}

/* An address, or a host name; what is neither is left out. */
static void add_external(struct object *o, sodns_json_t *j)
{
	char text[256];
	uint8_t name[SODNS_NAME_MAX];
	struct address a;
	take_text(j, text, sizeof(text));
	if (!*text || o->external.len > PARTS_MAX)
		return;
	bool numeric = address_read(text, strlen(text), &a);
	int len = numeric ? a.size : sodns_name_from_text(text, NULL, name);
	if (len <= 0)
		return;
	const uint8_t head[EXTERNAL_HEAD] = {numeric ? a.size : 0, 0, (uint8_t)len};
	bytes_add(&o->external, head, sizeof(head));
	bytes_add(&o->external, numeric ? a.bytes : name, (size_t)len);
}

static void read_alias(struct object *o, sodns_json_t *j)
{
	char text[256];
	struct address a;
	take_text(j, text, sizeof(text));
	int n = *text ? sodns_name_from_text(text, NULL, o->alias) : SODNS_EINVAL;
	o->alias_len = n > 0 ? (uint8_t)n : 0;
	/* An address is no name, and nothing is served for it. */
	if (n <= 0 || address_read(text, strlen(text), &a))
		o->flags |= SERVICE_ODD_ALIAS;
}

static void read_service_spec(struct object *o, sodns_json_t *j)
{
	sodns_json_text_t key, type = {0}, single = {0};
	bool many = false;
	struct address a;
	if (!sodns_json_object(j))
		return;
	while (sodns_json_member(j, &key)) {
		if (sodns_json_is(&key, "type"))
			sodns_json_string(j, &type);
		else if (sodns_json_is(&key, "externalName"))
			read_alias(o, j);
		else if (sodns_json_is(&key, "clusterIP"))
			sodns_json_string(j, &single);
		else if (sodns_json_is(&key, "clusterIPs")) {
			read_ips(o, j);
			many = o->a4.len || o->a6.len || (o->flags & SERVICE_HEADLESS);
		} else if (sodns_json_is(&key, "ports"))
			read_ports(o, j);
		else if (sodns_json_is(&key, "externalIPs") && sodns_json_array(j))
			while (sodns_json_item(j))
				add_external(o, j);
	}
	if (!many && sodns_json_is(&single, "None"))
		o->flags |= SERVICE_HEADLESS;
	else if (!many && address_read(single.at, single.len, &a))
		add_rdata(a.size == 4 ? &o->a4 : &o->a6, &a);
	if (sodns_json_is(&type, "ExternalName"))
		o->flags |= SERVICE_ALIAS;
	else
		o->alias_len = 0;
}

static void read_ingress(struct object *o, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (!sodns_json_array(j))
		return;
	while (sodns_json_item(j)) {
		size_t before = o->external.len;
		if (sodns_json_object(j))
			while (sodns_json_member(j, &key))
				/* An address goes before a name; the API writes it first. */
				if (sodns_json_is(&key, "ip") ||
				    (sodns_json_is(&key, "hostname") && o->external.len == before))
					add_external(o, j);
	}
}

static void read_service_status(struct object *o, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (!sodns_json_object(j))
		return;
	while (sodns_json_member(j, &key)) {
		if (!sodns_json_is(&key, "loadBalancer") || !sodns_json_object(j))
			continue;
		while (sodns_json_member(j, &key))
			if (sodns_json_is(&key, "ingress"))
				read_ingress(o, j);
	}
}

static void read_import_spec(struct object *o, sodns_json_t *j)
{
	sodns_json_text_t key, type = {0};
	if (!sodns_json_object(j))
		return;
	while (sodns_json_member(j, &key)) {
		if (sodns_json_is(&key, "type"))
			sodns_json_string(j, &type);
		else if (sodns_json_is(&key, "ips"))
			read_ips(o, j);
		else if (sodns_json_is(&key, "ports"))
			read_ports(o, j);
	}
	o->flags &= (uint8_t)~SERVICE_HEADLESS;
	if (sodns_json_is(&type, "Headless"))
		o->flags |= SERVICE_HEADLESS;
}

/* An endpoint as it is read; its parts come in any order. */
struct endpoint {
	sodns_json_t addresses;
	char name[256], pod[256], zone[64];
	bool ready, has_addresses;
};

static void read_target(struct endpoint *e, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (sodns_json_object(j))
		while (sodns_json_member(j, &key))
			if (sodns_json_is(&key, "name"))
				take_lower(j, e->pod, sizeof(e->pod));
}

/* Only `ready` counts; what does not say is ready. */
static void read_conditions(struct endpoint *e, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (sodns_json_object(j))
		while (sodns_json_member(j, &key))
			if (sodns_json_is(&key, "ready"))
				sodns_json_boolean(j, &e->ready);
}

static void add_name(struct bytes *b, const char *text)
{
	uint8_t len = (uint8_t)strlen(text);
	bytes_add(b, &len, 1);
	bytes_add(b, text, len);
}

/* How the endpoint is called; "" for after its address. A text that is not the address's usual one
 * names it as it stands. */
static const char *name_of(const struct store *s, const struct endpoint *e, const char *text,
			   const struct address *a, char dashed[64])
{
	char usual[48];
	size_t len = strlen(text);
	if (*e->name)
		return e->name;
	if (s->pod_names && *e->pod && strlen(e->pod) <= LABEL_MAX)
		return e->pod;
	/* IPv4 has one way to be written, or it would not have been read. */
	if (!memchr(text, ':', len))
		return "";
	for (size_t i = 0; i <= len; i++)
		dashed[i] = text[i] == '.' || text[i] == ':'
				    ? '-'
				    : (char)tolower((unsigned char)text[i]);
	if (len && dashed[len - 1] == '-')
		memcpy(dashed + len, "0", 2);
	address_dashed(a->bytes, a->size, usual);
	return strcmp(usual, dashed) ? dashed : "";
}

static void add_addresses(struct object *o, const struct store *s, struct endpoint *e)
{
	if (!sodns_json_array(&e->addresses))
		return;
	while (sodns_json_item(&e->addresses)) {
		struct address a;
		char text[64], dashed[64];
		take_text(&e->addresses, text, sizeof(text) - 1);
		if (!address_read(text, strlen(text), &a) || a.size + 2u != o->size)
			continue;
		const char *name = name_of(s, e, text, &a, dashed);
		add_rdata(&o->rdata, &a);
		add_name(&o->names, name);
		o->named |= *name != 0;
		add_name(&o->zones, s->zones ? e->zone : "");
		o->zoned |= s->zones && *e->zone;
		o->count++;
	}
}

static void read_endpoints(struct object *o, const struct store *s, sodns_json_t *j)
{
	sodns_json_text_t key, raw;
	if (!sodns_json_array(j))
		return;
	while (sodns_json_item(j)) {
		struct endpoint e = {.ready = true};
		if (!sodns_json_object(j))
			continue;
		while (sodns_json_member(j, &key)) {
			if (sodns_json_is(&key, "addresses")) {
				if (!sodns_json_raw(j, &raw))
					continue;
				sodns_json_begin(&e.addresses, raw.at, raw.len);
				e.has_addresses = true;
			} else if (sodns_json_is(&key, "conditions"))
				read_conditions(&e, j);
			else if (sodns_json_is(&key, "hostname"))
				take_lower(j, e.name, sizeof(e.name));
			else if (sodns_json_is(&key, "targetRef"))
				read_target(&e, j);
			else if (sodns_json_is(&key, "zone"))
				take_lower(j, e.zone, sizeof(e.zone));
		}
		if (e.ready && e.has_addresses)
			add_addresses(o, s, &e);
	}
}

/* A slice's addresses are all of one family, which stands before or behind them. */
static bool read_slice(struct object *o, const struct store *s, sodns_json_t *j)
{
	sodns_json_text_t key, type = {0}, raw = {0};
	sodns_json_t endpoints;
	if (!sodns_json_object(j))
		return false;
	while (sodns_json_member(j, &key)) {
		if (sodns_json_is(&key, "metadata"))
			read_meta(&o->meta, false, j);
		else if (sodns_json_is(&key, "addressType"))
			sodns_json_string(j, &type);
		else if (sodns_json_is(&key, "ports"))
			read_ports(o, j);
		else if (sodns_json_is(&key, "endpoints"))
			sodns_json_raw(j, &raw);
	}
	o->size = sodns_json_is(&type, "IPv4")   ? A4_SIZE
		  : sodns_json_is(&type, "IPv6") ? A6_SIZE
						 : 0;
	if (raw.at && o->size) {
		sodns_json_begin(&endpoints, raw.at, raw.len);
		read_endpoints(o, s, &endpoints);
	}
	return !sodns_json_failed(j);
}

static bool read_service(struct object *o, bool import, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (!sodns_json_object(j))
		return false;
	while (sodns_json_member(j, &key)) {
		if (sodns_json_is(&key, "metadata"))
			read_meta(&o->meta, false, j);
		else if (sodns_json_is(&key, "spec") && import)
			read_import_spec(o, j);
		else if (sodns_json_is(&key, "spec"))
			read_service_spec(o, j);
		else if (sodns_json_is(&key, "status") && !import)
			read_service_status(o, j);
	}
	return !sodns_json_failed(j);
}

static bool read_pod(struct object *o, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (!sodns_json_object(j))
		return false;
	while (sodns_json_member(j, &key)) {
		if (sodns_json_is(&key, "metadata"))
			read_meta(&o->meta, true, j);
		else if (sodns_json_is(&key, "status") && sodns_json_object(j))
			while (sodns_json_member(j, &key))
				if (sodns_json_is(&key, "podIP") && !take_address(j, &o->pod))
					o->pod.size = 0;
	}
	return !sodns_json_failed(j);
}

static bool read_plain(struct object *o, bool labels, sodns_json_t *j)
{
	sodns_json_text_t key;
	if (!sodns_json_object(j))
		return false;
	while (sodns_json_member(j, &key))
		if (sodns_json_is(&key, "metadata"))
			read_meta(&o->meta, labels, j);
	return !sodns_json_failed(j);
}

static void reset(struct object *o)
{
	struct bytes *const all[] = {&o->meta.labels, &o->a4,    &o->a6,    &o->ports,
				     &o->external,    &o->rdata, &o->names, &o->zones};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		all[i]->len = 0;
	*o->meta.name = *o->meta.namespace = *o->meta.service = 0;
	*o->meta.import = *o->meta.cluster = *o->meta.trigger = 0;
	o->meta.ends = o->named = o->zoned = false;
	o->alias_len = o->flags = o->size = 0;
	o->count = 0;
	o->pod.size = 0;
}

bool reduce(struct object *o, const struct store *s, int collection, bool gone, sodns_json_t *j)
{
	bool good;
	reset(o);
	if (gone)
		good = read_plain(o, false, j);
	else if (collection == SLICES || collection == IMPORTED_SLICES)
		good = read_slice(o, s, j);
	else if (collection == SERVICES || collection == IMPORTS)
		good = read_service(o, collection == IMPORTS, j);
	else if (collection == PODS)
		good = read_pod(o, j);
	else
		good = read_plain(o, false, j);
	/* Imports alone may have no ports, and are then not served. */
	if (!o->ports.len && collection != IMPORTS)
		add_port(&o->ports, 0, PORT_NONE, "");
	if (!o->named)
		o->names.len = 0;
	if (!o->zoned)
		o->zones.len = 0;
	return good && *o->meta.name;
}

size_t key_make(uint8_t out[2 * (LABEL_MAX + 1)], const char *service, const char *namespace)
{
	size_t a = strlen(service), b = strlen(namespace);
	if (!a || !b || a > LABEL_MAX || b > LABEL_MAX)
		return 0;
	out[0] = (uint8_t)a;
	memcpy(out + 1, service, a);
	out[a + 1] = (uint8_t)b;
	memcpy(out + a + 2, namespace, b);
	return a + b + 2;
}
