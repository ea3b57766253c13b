/*
 * A plugin that uses the interface as broadly as it can: it is built once for each version of the
 * ABI, kept as a binary, and has to do the same with every later daemon.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/log.h>
#include <sodns/server.h>

#include "probe.h"

static const struct {
	const char *name;
	probe_f run;
} probes[] = {
	{"names.", probe_names},
	{"records.", probe_records},
	{"net.", probe_net},
	{"json.", probe_json},
	{"language.", probe_language},
	{"query.", probe_query},
	{"derived.", probe_derived},
	{"edited.", probe_edited},
	{"image.", probe_image},
	{"asked.", probe_asked},
	{"failed.", probe_failed},
	{"observed.", probe_observed},
	{"metadata.", probe_metadata},
	{"www.zone.", probe_zone},
	{"find.", probe_find},
	{"sleep.", probe_sleep},
	{"exchange.", probe_exchange},
	{"upstream.", probe_upstream},
	{"elsewhere.", probe_elsewhere},
	{"shared.", probe_shared},
};

static sodns_reply_t *say(sodns_query_t *q, const char *text)
{
	sodns_reply_t *r = sodns_reply(q);
	uint8_t *rdata = sodns_alloc(q, 256);
	rdata[0] = (uint8_t)strnlen(text, 255);
	memcpy(rdata + 1, text, rdata[0]);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_TXT, 0, rdata,
			       (uint16_t)(rdata[0] + 1));
	return r;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct probe *p = h->self;
	char name[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(sodns_query_name(q), name);
	sodns_metric_add(p->counter, 1);
	if (sodns_query_match(q, p->zones, p->zone_count) < 0)
		return sodns_next(h, q);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (!strcmp(probes[i].name, name)) {
			sodns_reply_t *r = NULL;
			const char *text = probes[i].run(p, h, q, &r);
			return r ? r : say(q, text);
		}
	return sodns_next(h, q);
}

static int call(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	struct probe *p = to;
	size_t count;
	const char *const *words = sodns_setup_args(s, &count);
	(void)o;
	if (count != 2)
		return sodns_error_args(s);
	p->called = words[1];
	return 0;
}

static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct probe, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES},
};
static const sodns_option_t properties[] = {
	{"flag", SODNS_OPT_FLAG, SODNS_FIELD(struct probe, flag)},
	{"bool", SODNS_OPT_BOOL, SODNS_FIELD(struct probe, boolean)},
	{"number", SODNS_OPT_NUMBER, SODNS_FIELD(struct probe, number), .min = 1, .max = 9},
	{"duration", SODNS_OPT_DURATION, SODNS_FIELD(struct probe, duration)},
	{"string", SODNS_OPT_TEXT, SODNS_FIELD(struct probe, string)},
	{"call", SODNS_OPT_CALL, .call = call, .form = "WORD WORD"},
	{"fallthrough", SODNS_OPT_FALLTHROUGH, SODNS_FIELD(struct probe, fall)},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties)};

static bool twice(sodns_expr_call_t *c)
{
	c->result = sodns_value_int(2 * c->args[0].integer);
	return true;
}

static int compile(sodns_setup_t *s, struct probe *p)
{
	char err[256];
	p->env = sodns_expr_env_new(err, sizeof(err));
	if (!p->env)
		return sodns_error(s, "%s", err);
	sodns_expr_add_query_functions(p->env);
	sodns_expr_add_function(p->env, &(sodns_expr_function_t){.name = "twice",
								 .result = SODNS_EXPR_INT,
								 .params = {SODNS_EXPR_INT},
								 .call = twice});
	sodns_expr_add_variable(p->env, "n", SODNS_EXPR_INT);
	p->expression = sodns_expr_compile(p->env, "type() + '/' + string(twice(n))", err,
					   sizeof(err));
	if (!p->expression)
		return sodns_error(s, "%s", err);
	p->regex = sodns_regex_new("^(?P<host>[a-z]+)\\.([a-z]+)$", err, sizeof(err));
	return p->regex ? 0 : sodns_error(s, "%s", err);
}

static void count(struct probe *p)
{
	static const char *const labels[] = {"kind", NULL}, *const values[] = {"asked"};
	static const double buckets[] = {1, 2};
	p->counter = sodns_metric(
		&(sodns_family_t){.name = "probe_total", .help = "Queries.", .labels = labels},
		values);
	p->gauge = sodns_metric(
		&(sodns_family_t){.name = "probe_gauge", .help = "Is 2.", .kind = SODNS_GAUGE},
		NULL);
	p->histogram = sodns_metric(&(sodns_family_t){.name = "probe_histogram",
						      .help = "Has 1.5.",
						      .kind = SODNS_HISTOGRAM,
						      .buckets = buckets,
						      .bucket_count = 2},
				    NULL);
	sodns_metric_set(p->gauge, 1);
	sodns_metric_change(p->gauge, 1);
	sodns_metric_observe(p->histogram, 1.5);
}

static int setup(sodns_setup_t *s)
{
	struct probe *p = sodns_setup_alloc(s, sizeof(*p));
	while (sodns_setup_next(s))
		if (sodns_setup_read(s, p))
			return SODNS_EINVAL;
	count(p);
	sodns_server_metadata(s, p->zones, p->zone_count);
	int rc = compile(s, p);
	return rc ? rc : sodns_add_handler(s, p);
}

static void seen(void *arg, const sodns_instance_t *i)
{
	*(bool *)arg |= !strcmp(i->plugin, "probe") && i->in_chain && i->ability;
}

static int prepare(void *self, sodns_prepare_t *pr)
{
	struct probe *p = self;
	bool found = false;
	sodns_prepare_each(pr, SODNS_THIS_BLOCK, SODNS_ABILITY_READY, seen, &found);
	if (!found)
		return sodns_prepare_error(pr, "does not find itself");
	p->inherited = sodns_inherit(pr, "number", 1);
	if (!p->inherited) {
		p->inherited = calloc(1, sizeof(*p->inherited));
		sodns_bequeath(pr, "number", 1, p->inherited, free);
	}
	sodns_address_t address;
	sodns_endpoint_from_text("192.0.2.7", 53, &address);
	p->upstream = sodns_upstream_new(&(sodns_upstream_options_t){
		.size = sizeof(sodns_upstream_options_t), .address = address});
	p->tls = sodns_tls_new(
		&(sodns_tls_options_t){.size = sizeof(sodns_tls_options_t), .insecure = true});
	probe_zone_fill(p);
	return 0;
}

static void service(void *arg)
{
	struct probe *p = arg;
	do
		__atomic_add_fetch(&p->runs, 1, __ATOMIC_RELAXED);
	while (sodns_sleep(SODNS_SECOND) != SODNS_ECANCELLED);
}

static void start(void *self)
{
	struct probe *p = self;
	p->service = sodns_service_start("probe", service, p);
	sodns_publish(&p->shared, strdup("first"));
	sodns_retire(sodns_publish(&p->shared, strdup("second")), free);
	sodns_log(SODNS_LOG_INFO, "probe", "started with %u", p->number);
}

static void stop(void *self)
{
	(void)self;
	sodns_log(SODNS_LOG_INFO, "probe", "stopped");
}

static void teardown(void *self)
{
	struct probe *p = self;
	sodns_service_stop(p->service);
	free(sodns_publish(&p->shared, NULL));
	sodns_upstream_free(p->upstream);
	sodns_tls_release(p->tls);
	sodns_zone_free(p->zone);
	sodns_expr_free(p->expression);
	sodns_expr_env_free(p->env);
	sodns_regex_free(p->regex);
}

static const char *value(void *arg, sodns_query_t *q)
{
	return sodns_printf(q, "%s of type %u", (const char *)arg, sodns_query_type(q));
}

static void provide(void *self, sodns_query_t *q)
{
	(void)self;
	sodns_metadata_set(q, "probe/value", value, "a query");
}

static bool ready(void *self)
{
	return self != NULL;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_metadata_ability_t metadata = {sizeof(metadata), provide};
	static const sodns_ready_ability_t is_ready = {sizeof(is_ready), ready};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_METADATA))
		return &metadata;
	return strcmp(id, SODNS_ABILITY_READY) ? NULL : &is_ready;
}

SODNS_PLUGIN(.name = "probe", .version = "1", .setup = setup, .options = &options,
	     .serve_dns = serve, .prepare = prepare, .start = start, .stop = stop,
	     .teardown = teardown, .ability = ability);
