/*
 * The directive, and finding who knows the services.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_external.h"

#define APEX_DEFAULT "dns"
#define TTL_DEFAULT 5
#define TTL_MAX 3600
#define REFRESH 7200u
#define RETRY 1800u
#define EXPIRE 86400u

/* A number as Go's strconv reads it. */
static int read_ttl(sodns_setup_t *s, void *to)
{
	struct external *x = to;
	size_t count;
	char *end;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	errno = 0;
	long ttl = strtol(args[0], &end, 10);
	if (errno || *end || !*args[0] || strchr(" \t\n\v\f\r", *args[0]))
		return sodns_error(s, "strconv.Atoi: parsing \"%s\": %s", args[0],
				   errno ? "value out of range" : "invalid syntax");
	if (ttl < 0 || ttl > TTL_MAX)
		return sodns_error(s, "ttl must be in range [0, 3600]: %ld", ttl);
	x->ttl = (uint32_t)ttl;
	return SODNS_OK;
}

static int read_apex(sodns_setup_t *s, void *to)
{
	struct external *x = to;
	uint8_t name[SODNS_NAME_MAX];
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	size_t len = strlen(args[0]);
	/* CoreDNS takes these, and then has no SOA that can be sent. */
	if (!len || args[0][len - 1] == '.' || sodns_name_from_text(args[0], NULL, name) < 0)
		return sodns_error(s, "apex '%s' is not a name without its final dot", args[0]);
	x->apex = args[0];
	return SODNS_OK;
}

static int read_headless(sodns_setup_t *s, void *to)
{
	(void)s;
	((struct external *)to)->headless = true;
	return SODNS_OK;
}

static int read_fallthrough(sodns_setup_t *s, void *to)
{
	return sodns_setup_fallthrough(s, &((struct external *)to)->fallthrough);
}

static int read_property(sodns_setup_t *s, struct external *x)
{
	static const struct {
		const char *name;
		int (*read)(sodns_setup_t *s, void *to);
	} all[] = {
		{"ttl", read_ttl},
		{"apex", read_apex},
		{"headless", read_headless},
		{"fallthrough", read_fallthrough},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(sodns_setup_value(s), all[i].name))
			return all[i].read(s, x);
	return sodns_error_property(s);
}

/* Labels of a text in front of a name; NULL if that is too long to be one. */
static const uint8_t *name_of(sodns_setup_t *s, const char *text, const uint8_t *zone)
{
	uint8_t *name = sodns_setup_alloc(s, SODNS_NAME_MAX);
	return sodns_name_from_text(text, zone, name) < 0 ? NULL : name;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	const uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				  (uint8_t)v};
	return (uint8_t *)memcpy(p, bytes, sizeof(bytes)) + sizeof(bytes);
}

static void make_soa(sodns_setup_t *s, const struct external *x, struct zone *z,
		     const uint8_t *mailbox)
{
	size_t ns = sodns_name_length(z->ns), box = sodns_name_length(mailbox);
	uint8_t *soa = sodns_setup_alloc(s, SOA_MAX), *p = soa + ns + box;
	memcpy(soa, z->ns, ns);
	memcpy(soa + ns, mailbox, box);
	p = put32(p, 0);
	p = put32(p, REFRESH);
	p = put32(p, RETRY);
	p = put32(p, EXPIRE);
	p = put32(p, x->ttl);
	z->soa = soa;
	z->soa_len = (uint16_t)(p - soa);
}

/* The names in a zone that never change. In the root zone the servers' are looked for as a service's,
 * as with CoreDNS. */
static int make_zone(sodns_setup_t *s, const struct external *x, struct zone *z)
{
	static const char *const front[] = {"hostmaster.", "ns1.", ""};
	const uint8_t *name[3];
	for (int i = 0; i < 3; i++) {
		char text[SODNS_NAME_TEXT_MAX + 16];
		snprintf(text, sizeof(text), "%s%s", front[i], x->apex);
		name[i] = name_of(s, text, z->name);
		if (!name[i]) {
			sodns_name_to_text(z->name, text);
			return sodns_error(s, "the name %s%s is too long in %s", front[i], x->apex,
					   text);
		}
	}
	z->ns = name[1];
	if (*z->name) {
		uint8_t *servers = sodns_setup_alloc(s, SODNS_NAME_MAX);
		sodns_name_lower(name[2], servers);
		z->servers = servers;
	}
	make_soa(s, x, z, name[0]);
	return SODNS_OK;
}

static int make_zones(sodns_setup_t *s, struct external *x)
{
	char text[SODNS_NAME_TEXT_MAX + 16];
	x->zones = sodns_setup_alloc(s, (x->zone_count + 1) * sizeof(*x->zones));
	for (size_t i = 0; i < x->zone_count; i++) {
		x->zones[i].name = x->names[i];
		int rc = make_zone(s, x, &x->zones[i]);
		if (rc)
			return rc;
	}
	snprintf(text, sizeof(text), "ns1.%s", x->apex);
	x->front_len = (size_t)sodns_name_from_text(text, NULL, x->front) - 1;
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct external *x = sodns_setup_alloc(s, sizeof(*x));
	x->apex = APEX_DEFAULT;
	x->ttl = TTL_DEFAULT;
	while (sodns_setup_next(s)) {
		x->names = sodns_setup_zone_args(s, &x->zone_count);
		if (!x->names)
			return SODNS_EINVAL;
		while (sodns_setup_block(s)) {
			int rc = read_property(s, x);
			if (rc)
				return rc;
		}
	}
	int rc = make_zones(s, x);
	return rc ? rc : sodns_add_handler(s, x);
}

struct finding {
	struct external *x;
	bool kubernetes;
};

static void look(void *arg, const sodns_instance_t *i)
{
	struct finding *f = arg;
	f->kubernetes |= !strcmp(i->plugin, "kubernetes");
	if (!i->ability || f->x->ability)
		return;
	f->x->ability = i->ability;
	f->x->provider = i->self;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct finding f = {.x = self};
	sodns_prepare_each(p, SODNS_THIS_BLOCK, KUBERNETES_EXTERNAL, look, &f);
	if (f.x->ability)
		return SODNS_OK;
	sodns_prepare_each(p, SODNS_THIS_BLOCK, NULL, look, &f);
	return sodns_prepare_error(p, "%s",
				   f.kubernetes ? "kubernetes plugin does not implement the "
						  "Externaler interface"
						: "kubernetes plugin not loaded");
}

static const void *ability(void *self, const char *id)
{
	(void)self;
	return strcmp(id, SODNS_ABILITY_TRANSFER) ? NULL : &external_transfer;
}

SODNS_PLUGIN(.name = "k8s_external", .version = SODNS_SDK_VERSION, .setup = setup,
	     .serve_dns = external_serve, .prepare = prepare, .ability = ability);
