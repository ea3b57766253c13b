/*
 * The directive: transfer [ZONES...] { to ADDRESS..., source ADDRESS }.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

#define NOTIFY_PORT 53

/* "192.0.2.1" of "192.0.2.1:53", for the message. */
static size_t host_length(const char *text)
{
	const char *colon = strchr(text, ':');
	return colon && !strchr(colon + 1, ':') ? (size_t)(colon - text) : strlen(text);
}

static int add_target(sodns_setup_t *s, struct rule *r, const char *text)
{
	sodns_address_t address;
	char host[SODNS_ADDRESS_TEXT_MAX];
	if (sodns_endpoint_from_text(text, NOTIFY_PORT, &address))
		return sodns_error(s, "must specify an IP address: `%.*s'", (int)host_length(text),
				   text);
	struct target *t = sodns_setup_alloc(s, sizeof(*t));
	t->address = address;
	sodns_address_to_text(&address, host);
	snprintf(t->text, sizeof(t->text), address.family == 6 ? "[%s]:%u" : "%s:%u", host,
		 address.port);
	t->next = r->targets;
	r->targets = t;
	return SODNS_OK;
}

static int read_to(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct rule *r = to;
	(void)o;
	if (strcmp(word, "*"))
		return add_target(s, r, word);
	r->to_all = true;
	return SODNS_OK;
}

static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct rule, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "that may be transferred"},
};
static const sodns_option_t properties[] = {
	{"to", SODNS_OPT_PARSE, .parse = read_to, .flags = SODNS_OPT_MANY | SODNS_OPT_REQUIRED,
	 .form = "ADDRESS...", .help = "to whom, * for everybody"},
	{"source", SODNS_OPT_ADDRESS, SODNS_FIELD(struct rule, source),
	 SODNS_GIVEN(struct rule, has_source), .flags = SODNS_OPT_ONCE, .form = "ADDRESS",
	 .help = "where NOTIFY is sent from",
	 .says = {.bad = "invalid source address \"{}\"", .again = "source already specified"}},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_EACH,
					.says.unknown = "unknown property \"{}\"",
					.help = "hands zones out, and tells of changes"};

static int setup(sodns_setup_t *s)
{
	struct transfer *t = sodns_setup_alloc(s, sizeof(*t));
	t->rules_end = &t->rules;
	t->origins_end = &t->origins;
	while (sodns_setup_next(s)) {
		struct rule *r = sodns_setup_alloc(s, sizeof(*r));
		if (sodns_setup_read(s, r))
			return SODNS_EINVAL;
		for (struct target *a = r->targets; a; a = a->next)
			a->source = r->has_source ? &r->source : NULL;
		*t->rules_end = r;
		t->rules_end = &r->next;
	}
	notify_init(t);
	return sodns_add_handler(s, t);
}

static void add_origin(void *arg, const sodns_instance_t *i)
{
	struct transfer *t = arg;
	struct origin *o = malloc(sizeof(*o));
	if (!o)
		abort();
	*o = (struct origin){.ability = i->ability, .self = i->self};
	*t->origins_end = o;
	t->origins_end = &o->next;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	sodns_prepare_each(p, SODNS_THIS_BLOCK, SODNS_ABILITY_TRANSFER, add_origin, self);
	return SODNS_OK;
}

/* Secondaries may have missed changes of which they were not told. */
static void start(void *self)
{
	const struct transfer *t = self;
	notify_start(self);
	for (const struct origin *o = t->origins; o; o = o->next)
		if (o->ability->zones)
			o->ability->zones(o->self, notify_zone, self);
}

static void stop(void *self)
{
	notify_stop(self);
}

static void teardown(void *self)
{
	struct transfer *t = self;
	notify_free(t);
	for (struct origin *o = t->origins, *next; o; o = next) {
		next = o->next;
		free(o);
	}
}

static const void *ability(void *self, const char *id)
{
	static const sodns_notify_ability_t notify = {.size = sizeof(notify),
						      .notify = notify_zone};
	(void)self;
	return strcmp(id, SODNS_ABILITY_NOTIFY) ? NULL : &notify;
}

SODNS_PLUGIN(.name = "transfer", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = transfer_serve, .prepare = prepare, .start = start, .stop = stop,
	     .teardown = teardown, .ability = ability);
