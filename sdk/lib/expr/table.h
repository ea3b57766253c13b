/*
 * What the face and the library agree on: the functions of sodns/expr.h.
 */
#ifndef SODNS_LIB_EXPR_TABLE_H
#define SODNS_LIB_EXPR_TABLE_H

#include <sodns/expr.h>
#include <sodns/library.h>

#define EXPR_ID "sodns.expr"
#define EXPR_VERSION 1

typedef struct expr_table {
	sodns_library_head_t head;
	sodns_expr_env_t *(*env_new)(void);
	void (*env_free)(sodns_expr_env_t *env);
	void (*add_query_functions)(sodns_expr_env_t *env);
	void (*add_function)(sodns_expr_env_t *env, const sodns_expr_function_t *f);
	int (*add_variable)(sodns_expr_env_t *env, const char *name, enum sodns_expr_type type);
	bool (*name_is_free)(const sodns_expr_env_t *env, const char *name);
	sodns_expr_t *(*compile)(sodns_expr_env_t *env, const char *text, char *err,
				 size_t err_size);
	void (*free)(sodns_expr_t *e);
	enum sodns_expr_type (*type)(const sodns_expr_t *e);
	int (*eval)(const sodns_expr_t *e, sodns_query_t *q, const sodns_value_t *variables,
		    void *data, sodns_value_t *result, const char **why);
	const char *(*value_to_text)(sodns_query_t *q, const sodns_value_t *v);
} expr_table_t;

SODNS_EXPORT extern const expr_table_t sodns_expr_library;

#endif
