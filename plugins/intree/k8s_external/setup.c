/*
 * The directive, and finding the plugin that knows the services.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_external.h"

#define REFRESH 7200u
#define RETRY 1800u
#define EXPIRE 86400u

static int check_apex(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	const struct external *x = to;
	uint8_t name[SODNS_NAME_MAX];
	size_t len = strlen(x->apex);
	(void)o;
	(void)word;
	/* CoreDNS takes these, and then has no SOA that can be sent. */
	if (!len || x->apex[len - 1] == '.' || sodns_name_from_text(x->apex, NULL, name) < 0)
		return sodns_error(s, "apex '%s' is not a name without its final dot", x->apex);
	return SODNS_OK;
}

static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct external, names, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "that are served"},
};
static const sodns_option_t properties[] = {
	{"apex", SODNS_OPT_TEXT, SODNS_FIELD(struct external, apex), .fallback = "dns",
	 .flags = SODNS_OPT_IGNORES_MORE, .check = check_apex, .form = "APEX",
	 .help = "the label that the zone's server is below"},
	{"ttl", SODNS_OPT_SECONDS, SODNS_FIELD(struct external, ttl), .max = 3600, .fallback = "5",
	 .flags = SODNS_OPT_IGNORES_MORE, .help = "of addresses, PTR, SOA and NS",
	 .says.bad = SODNS_SAYS_ATOI},
	{"headless", SODNS_OPT_FLAG, SODNS_FIELD(struct external, headless),
	 .flags = SODNS_OPT_LEAVES_MORE, .help = "endpoints of services without addresses"},
	{"fallthrough", SODNS_OPT_FALLTHROUGH, SODNS_FIELD(struct external, fallthrough),
	 .help = "passes names that do not exist on"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.help = "a cluster's services by their external addresses"};

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
	if (sodns_setup_read_all(s, x))
		return SODNS_EINVAL;
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
	     .options = &options, .serve_dns = external_serve, .prepare = prepare,
	     .ability = ability);
