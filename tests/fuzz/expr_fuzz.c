/*
 * Expressions: the input is the text; what compiles is evaluated for a query.
 */
#include <stdlib.h>
#include <string.h>

#include "expr/table.h"
#include "fuzz.h"
#include "message/query.h"
#include "query.h"
#include "system/seam.h"

static uint8_t packet[] = {0,   1, 1,   0,   0,   1,   0,   0,   0,   0, 0, 0, 3, 'w', 'w',
			   'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

static void evaluate(const sodns_expr_t *e)
{
	static sodns_query_t q;
	static query_shared_t shared;
	static sodns_address_t peer = {.family = 4, .bytes = {127, 0, 0, 1}}, local = {.family = 6};
	sodns_value_t v;
	query_begin(&q, &shared, SODNS_UDP);
	q.peer = &peer;
	q.local = &local;
	if (query_parse(&q, packet, sizeof(packet)) != PARSE_OK)
		abort();
	sodns_value_t variable = sodns_value_text("value");
	if (!sodns_expr_eval(e, &q, &variable, NULL, &v, NULL))
		sodns_value_to_text(&q, &v);
	arena_reset(&shared.arena);
}

/* The engine is in this program. */
static const sodns_library_head_t *own_engine(const char *name)
{
	return strcmp(name, "expr") ? NULL : &sodns_expr_library.head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char err[1024], text[4096];
	if (len >= sizeof(text))
		return 0;
	memcpy(text, data, len);
	text[len] = 0;
	seam.library = own_engine;
	sodns_expr_env_t *env = sodns_expr_env_new(err, sizeof(err));
	sodns_expr_add_query_functions(env);
	sodns_expr_add_variable(env, "v", SODNS_EXPR_ANY);
	sodns_expr_t *e = sodns_expr_compile(env, text, err, sizeof(err));
	if (e)
		evaluate(e);
	sodns_expr_free(e);
	sodns_expr_env_free(env);
	return 0;
}
