/*
 * view: the server block serves a query only if all its expressions are true for it; else the query
 * goes on to the next block of its zone, and then to shorter zones.
 */
#include <string.h>

#include <sodns/ability.h>
#include <sodns/expr.h>
#include <sodns/plugin.h>
#include <sodns/server.h>

struct view {
	const char *name;
	sodns_expr_env_t *env;
	sodns_expr_t **exprs;
	size_t count;
};

static bool filter(void *arg, sodns_query_t *q)
{
	const struct view *v = arg;
	for (size_t i = 0; i < v->count; i++)
		if (!sodns_expr_is_true(v->exprs[i], q, NULL, NULL))
			return false;
	return true;
}

static const char *tell_name(void *arg, sodns_query_t *q)
{
	(void)q;
	return ((const struct view *)arg)->name;
}

static void provide(void *self, sodns_query_t *q)
{
	sodns_metadata_set(q, "view/name", tell_name, self);
}

static const void *ability(void *self, const char *id)
{
	static const sodns_metadata_ability_t metadata = {.size = sizeof(metadata),
							  .provide = provide};
	(void)self;
	return strcmp(id, SODNS_ABILITY_METADATA) ? NULL : &metadata;
}

/* The last place of most chains: a query that comes here has found no plugin to answer it. */
static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	return sodns_next(h, q);
}

static int add(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct view *v = to;
	char err[4096];
	(void)o;
	sodns_expr_t *e = sodns_expr_compile(v->env, word, err, sizeof(err));
	if (!e)
		return sodns_error(s, "%s", err);
	*(sodns_expr_t **)sodns_setup_list_add(s, &v->exprs, &v->count, sizeof(e)) = e;
	return SODNS_OK;
}

static const sodns_option_t args[] = {
	{"NAME", SODNS_OPT_TEXT, SODNS_FIELD(struct view, name), .help = "of the view"},
};
static const sodns_option_t properties[] = {
	{"expr", SODNS_OPT_PARSE, .parse = add, .flags = SODNS_OPT_JOINED, .form = "EXPRESSION",
	 .help = "must be true for the block to serve a query",
	 .says.missing = "unexpected token EOF"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_ONCE,
					.help = "which queries the server block serves"};

static void teardown(void *self)
{
	struct view *v = self;
	for (size_t i = 0; i < v->count; i++)
		sodns_expr_free(v->exprs[i]);
	sodns_expr_env_free(v->env);
}

static int setup(sodns_setup_t *s)
{
	struct view *v = sodns_setup_alloc(s, sizeof(*v));
	char err[512];
	v->env = sodns_expr_env_new(err, sizeof(err));
	if (!v->env)
		return sodns_error(s, "%s", err);
	sodns_expr_add_query_functions(v->env);
	if (sodns_setup_read_all(s, v)) {
		teardown(v);
		return SODNS_EINVAL;
	}
	sodns_server_view(s, v->name, filter, v);
	return sodns_add_handler(s, v);
}

SODNS_PLUGIN(.name = "view", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve, .teardown = teardown, .ability = ability);
