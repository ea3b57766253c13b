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
	size_t count, room;
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

/* The last place of most chains: a query that comes here has found nobody to answer it. */
static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	return sodns_next(h, q);
}

/* The words of the line with single blanks between them, as the oracle joins them. */
static char *join(sodns_setup_t *s)
{
	size_t count, len = 0;
	const char *const *words = sodns_setup_args(s, &count);
	for (size_t i = 0; i < count; i++)
		len += strlen(words[i]) + 1;
	char *text = sodns_setup_alloc(s, len + 1), *at = text;
	for (size_t i = 0; i < count; i++) {
		at = stpcpy(at, words[i]);
		*at++ = ' ';
	}
	if (count)
		at[-1] = 0;
	return text;
}

static int add(sodns_setup_t *s, struct view *v)
{
	char err[4096];
	sodns_expr_t *e = sodns_expr_compile(v->env, join(s), err, sizeof(err));
	if (!e)
		return sodns_error(s, "%s", err);
	if (v->count == v->room) {
		v->room = v->room ? v->room * 2 : 4;
		sodns_expr_t **more = sodns_setup_alloc(s, v->room * sizeof(*more));
		if (v->count)
			memcpy(more, v->exprs, v->count * sizeof(*more));
		v->exprs = more;
	}
	v->exprs[v->count++] = e;
	return SODNS_OK;
}

static int read_block(sodns_setup_t *s, struct view *v)
{
	while (sodns_setup_block(s)) {
		if (strcmp(sodns_setup_value(s), "expr"))
			return sodns_error_property(s);
		if (add(s, v))
			return SODNS_EINVAL;
	}
	return SODNS_OK;
}

static void teardown(void *self)
{
	struct view *v = self;
	for (size_t i = 0; i < v->count; i++)
		sodns_expr_free(v->exprs[i]);
	sodns_expr_env_free(v->env);
}

static int setup(sodns_setup_t *s)
{
	size_t count;
	char err[512];
	sodns_setup_next(s);
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1)
		return sodns_error_args(s);
	struct view *v = sodns_setup_alloc(s, sizeof(*v));
	v->name = args[0];
	v->env = sodns_expr_env_new(err, sizeof(err));
	if (!v->env)
		return sodns_error(s, "%s", err);
	sodns_expr_add_query_functions(v->env);
	int rc = read_block(s, v);
	if (!rc && sodns_setup_next(s))
		rc = sodns_error(s, "this plugin can only be used once per Server Block");
	if (rc) {
		teardown(v);
		return rc;
	}
	sodns_server_view(s, v->name, filter, v);
	return sodns_add_handler(s, v);
}

SODNS_PLUGIN(.name = "view", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve,
	     .teardown = teardown, .ability = ability);
