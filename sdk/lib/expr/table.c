/*
 * What the library gives its face.
 */
#include "engine.h"

SODNS_LIBRARY(expr, expr_table_t) = {
	.head = {.id = EXPR_ID, .version = EXPR_VERSION, .size = sizeof(expr_table_t)},
	.env_new = expr_env_new,
	.env_free = expr_env_free,
	.add_query_functions = expr_add_query_functions,
	.add_function = expr_add_function,
	.add_variable = expr_add_variable,
	.name_is_free = expr_name_is_free,
	.compile = expr_compile,
	.free = expr_free,
	.type = expr_type,
	.eval = expr_eval,
	.value_to_text = expr_value_to_text,
};
