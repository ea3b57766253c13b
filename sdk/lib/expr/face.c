/*
 * The SDK's expressions (sodns/expr.h): the library beside libsodns is opened with the first
 * environment, which all else comes out of, and has the rest.
 */
#include <sodns/expr.h>

#include <stdatomic.h>

#include "table.h"

static const sodns_library_t library = {.size = sizeof(library),
					.name = "expr",
					.what = "expressions",
					.id = EXPR_ID,
					.version = EXPR_VERSION,
					.table_size = sizeof(expr_table_t)};
static _Atomic(const expr_table_t *) table; /* there before any environment is */

static const expr_table_t *use(void)
{
	return atomic_load_explicit(&table, memory_order_relaxed);
}

sodns_expr_env_t *sodns_expr_env_new(char *err, size_t err_size)
{
	const expr_table_t *t = sodns_library_open(&library, err, err_size);
	if (!t)
		return NULL;
	atomic_store(&table, t);
	return t->env_new();
}

void sodns_expr_env_free(void *env)
{
	if (env)
		use()->env_free(env);
}

void sodns_expr_add_query_functions(sodns_expr_env_t *env)
{
	use()->add_query_functions(env);
}

void sodns_expr_add_function(sodns_expr_env_t *env, const sodns_expr_function_t *f)
{
	use()->add_function(env, f);
}

int sodns_expr_add_variable(sodns_expr_env_t *env, const char *name, enum sodns_expr_type type)
{
	return use()->add_variable(env, name, type);
}

bool sodns_expr_name_is_free(const sodns_expr_env_t *env, const char *name)
{
	return use()->name_is_free(env, name);
}

sodns_expr_t *sodns_expr_compile(sodns_expr_env_t *env, const char *text, char *err,
				 size_t err_size)
{
	return use()->compile(env, text, err, err_size);
}

void sodns_expr_free(void *e)
{
	if (e)
		use()->free(e);
}

enum sodns_expr_type sodns_expr_type(const sodns_expr_t *e)
{
	return use()->type(e);
}

int sodns_expr_eval(const sodns_expr_t *e, sodns_query_t *q, const sodns_value_t *variables,
		    void *data, sodns_value_t *result, const char **why)
{
	return use()->eval(e, q, variables, data, result, why);
}

bool sodns_expr_is_true(const sodns_expr_t *e, sodns_query_t *q, const sodns_value_t *variables,
			void *data)
{
	sodns_value_t v;
	return !sodns_expr_eval(e, q, variables, data, &v, NULL) && v.kind == SODNS_VALUE_BOOL &&
	       v.boolean;
}

const char *sodns_value_to_text(sodns_query_t *q, const sodns_value_t *v)
{
	return use()->value_to_text(q, v);
}
