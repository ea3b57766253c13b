/*
 * Expressions, against what the oracle makes of them: a table of lines EXPRESSION, tab, RESULT, in
 * which a result is "= KIND VALUE", "! ERROR" of the compilation (its first line, with the place), or
 * "fails" for an evaluation. The query is a TXT query of class IN for r.test. from 127.0.0.1 over UDP.
 */
#include "test.h"

#include "expr/expr.h"

static const char *kind_text(uint32_t kind)
{
	static const char *const kinds[] = {"nil",   "bool",  "int", "float", "string",
					    "bytes", "array", "map", "func"};
	return kinds[kind];
}

static void evaluate(const sodns_expr_t *e, char *out, size_t size)
{
	struct test_query t;
	sodns_value_t v;
	test_query_make(&t, "r.test", SODNS_TYPE_TXT);
	t.peer = (sodns_address_t){.family = 4, .bytes = {127, 0, 0, 1}, .port = 5300};
	t.local = (sodns_address_t){.family = 6, .port = 53};
	if (sodns_expr_eval(e, &t.q, NULL, NULL, &v, NULL))
		snprintf(out, size, "fails");
	else
		snprintf(out, size, "= %s %s", kind_text(v.kind), sodns_value_to_text(&t.q, &v));
	test_query_free(&t);
}

static void result_of(sodns_expr_env_t *env, const char *text, char *out, size_t size)
{
	char err[4096];
	sodns_expr_t *e = sodns_expr_compile(env, text, err, sizeof(err));
	if (e)
		evaluate(e, out, size);
	else
		snprintf(out, size, "! %.*s", (int)strcspn(err, "\n"), err);
	sodns_expr_free(e);
}

static void as_the_oracle(void **state)
{
	char line[8192], got[8192];
	unsigned wrong = 0, count = 0;
	FILE *f = fopen(TEST_DATA "/expr/oracle", "re");
	sodns_expr_env_t *env = sodns_expr_env_new();
	(void)state;
	assert_non_null(f);
	sodns_expr_add_query_functions(env);
	while (fgets(line, sizeof(line), f)) {
		char *tab = strchr(line, '\t');
		if (*line == '\n' || !tab)
			continue;
		*tab = 0;
		line[strlen(tab + 1) + (size_t)(tab - line)] = 0;
		result_of(env, line, got, sizeof(got));
		count++;
		if (!strcmp(got, tab + 1))
			continue;
		wrong++;
		print_error("%s\n  oracle: %s\n  here:   %s\n", line, tab + 1, got);
	}
	fclose(f);
	sodns_expr_env_free(env);
	print_message("%u expressions\n", count);
	assert_true(count > 700);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_oracle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
