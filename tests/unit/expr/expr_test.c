/*
 * Expressions, against what the oracle makes of them: a table of lines EXPRESSION, tab, RESULT, in
 * which a result is "= KIND VALUE", "! ERROR" of the compilation (its first line, with the place), or
 * "fails" for an evaluation. The query is a TXT query of class IN for r.test. from 127.0.0.1 over UDP.
 * tests/data/expr/record writes the results anew.
 */
#include "test.h"

#include "expr/table.h"
#include "system/seam.h"

static sodns_expr_env_t *new_environment(void)
{
	char err[256] = "";
	sodns_expr_env_t *env = sodns_expr_env_new(err, sizeof(err));
	if (!env)
		fail_msg("%s", err);
	return env;
}

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
	sodns_expr_env_t *env = new_environment();
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

/* ---- what plugins add */

struct data {
	unsigned calls;
};

static bool add_to(sodns_expr_call_t *c)
{
	((struct data *)c->data)->calls++;
	if (c->args[0].integer < 0)
		return false;
	c->result = sodns_value_float((double)c->args[0].integer + c->args[1].number +
				      *(const double *)c->arg);
	return true;
}

static void own_names(void **state)
{
	static double third = 100;
	char err[512];
	struct test_query t;
	struct data data = {0};
	sodns_value_t v, variables[2] = {sodns_value_int(5), sodns_value_text("x")};
	const char *why = NULL;
	sodns_expr_env_t *env = new_environment();
	(void)state;
	sodns_expr_add_function(
		env, &(sodns_expr_function_t){.name = "add_to",
					      .result = SODNS_EXPR_FLOAT,
					      .params = {SODNS_EXPR_INT, SODNS_EXPR_FLOAT},
					      .call = add_to,
					      .arg = &third});
	assert_int_equal(sodns_expr_add_variable(env, "num", SODNS_EXPR_INT), 0);
	assert_int_equal(sodns_expr_add_variable(env, "any_thing", SODNS_EXPR_ANY), 1);
	assert_false(sodns_expr_name_is_free(env, "num"));
	assert_false(sodns_expr_name_is_free(env, "add_to"));
	assert_false(sodns_expr_name_is_free(env, "len"));
	assert_false(sodns_expr_name_is_free(env, "not"));
	assert_false(sodns_expr_name_is_free(env, "nil"));
	assert_false(sodns_expr_name_is_free(env, "1a"));
	assert_false(sodns_expr_name_is_free(env, ""));
	assert_true(sodns_expr_name_is_free(env, "a1"));
	test_query_make(&t, "r.test", SODNS_TYPE_TXT);

	/* An integer is taken where a float is wanted. */
	sodns_expr_t *e = sodns_expr_compile(env, "add_to(num, 2)", err, sizeof(err));
	assert_non_null(e);
	assert_int_equal(sodns_expr_type(e), SODNS_EXPR_FLOAT);
	assert_int_equal(sodns_expr_eval(e, &t.q, variables, &data, &v, NULL), 0);
	assert_int_equal(v.kind, SODNS_VALUE_FLOAT);
	assert_true(v.number == 107);
	assert_int_equal(data.calls, 1);
	variables[0] = sodns_value_int(-1);
	assert_int_equal(sodns_expr_eval(e, &t.q, variables, &data, &v, &why), SODNS_EINVAL);
	assert_string_equal(why, "a function failed");
	assert_false(sodns_expr_is_true(e, &t.q, variables, &data));
	sodns_expr_free(e);

	e = sodns_expr_compile(env, "any_thing == 'x'", err, sizeof(err));
	assert_non_null(e);
	assert_true(sodns_expr_is_true(e, &t.q, variables, NULL));
	variables[1] = sodns_value_int(1);
	assert_false(sodns_expr_is_true(e, &t.q, variables, NULL));
	sodns_expr_free(e);

	assert_null(sodns_expr_compile(env, "1 +\n\tadd_to(num)", err, sizeof(err)));
	assert_string_equal(err, "not enough arguments to call add_to (2:2)\n"
				 " |  add_to(num)\n"
				 " | .^");
	assert_null(sodns_expr_compile(env, "len(add_to)", err, sizeof(err)));
	assert_string_equal(err,
			    "invalid argument for len (type func(int, float64) float64) (1:1)\n"
			    " | len(add_to)\n"
			    " | ^");
	assert_null(sodns_expr_compile(env, "name()", err, sizeof(err)));
	test_query_free(&t);
	sodns_expr_env_free(env);
}

/* ---- limits */

static char *repeated(const char *before, const char *middle, const char *after, unsigned count)
{
	char *text = malloc((strlen(before) + strlen(after)) * count + strlen(middle) + 1),
	     *o = text;
	assert_non_null(text);
	for (unsigned i = 0; i < count; i++)
		o = stpcpy(o, before);
	o = stpcpy(o, middle);
	for (unsigned i = 0; i < count; i++)
		o = stpcpy(o, after);
	return text;
}

static void expect_result(const char *text, const char *result)
{
	char got[8192];
	sodns_expr_env_t *env = new_environment();
	sodns_expr_add_query_functions(env);
	result_of(env, text, got, sizeof(got));
	sodns_expr_env_free(env);
	if (strncmp(got, result, strlen(result)) != 0) {
		print_error("%.80s\n  wanted: %s\n  got:    %.200s\n", text, result, got);
		fail();
	}
}

static void expect_repeated(const char *before, const char *middle, const char *after,
			    unsigned count, const char *result)
{
	char *text = repeated(before, middle, after, count);
	expect_result(text, result);
	free(text);
}

static void nesting(void **state)
{
	static const char deep[] = "! expression is nested too deeply";
	(void)state;
	expect_repeated("(", "1", ")", 90, "= int 1");
	expect_repeated("(", "1", ")", 101, deep);
	expect_repeated("[", "", "]", 60000 / 2, deep);
	expect_repeated("!", "true", "", 60000, deep);
	expect_repeated("", "[0]", "[0]", 5000, deep);
	expect_repeated("true ? ", "1", " : 2", 5000, deep);
	expect_repeated("let a = (", "1", "); a", 5000, deep);
	expect_repeated("", "'a'", " | upper()", 250, "= string A");
	expect_repeated("", "'a'", " | upper()", 5000, deep);
	expect_repeated("if true { ", "1", " } else { 2 }", 2000, deep);
	/* Side by side there is no depth, only a number. */
	expect_repeated("", "true", " && true", 4000, "= bool true");
	expect_repeated("", "type() == 'A'", " or type() == 'TXT'", 1500, "= bool true");
	expect_repeated("", "1", " + 1", 4000, "= int 4001");
	expect_repeated("", "true", " && true", 6000,
			"! compilation failed: expression exceeds maximum allowed nodes");
	expect_repeated("1 < (", "1", " < 2 ? 1 : 0)", 40, "! expression is too large");
	expect_repeated(" ", "1", "", 70000, "! expression is too large");
}

static void spending(void **state)
{
	(void)state;
	expect_result("len(1..999999)", "fails");
	expect_result("len(1..99999)", "= int 99999");
	expect_result("all(1..9999, all(1..9999, # > 0))", "fails");
	expect_result("reduce(1..60, #acc + #acc, 'x')", "fails");
	/* Arrays that share their parts look exponential, or bottomless. */
	expect_result("let a = reduce(1..60, [#acc, #acc], 1); a == reduce(1..60, [#acc, #acc], 1)",
		      "fails");
	expect_result("string(reduce(1..60, [#acc, #acc], 1))", "fails");
	expect_result("flatten(reduce(1..60, [#acc, #acc], 1))", "fails");
	expect_result("string(reduce(1..5000, [#acc], 1))", "fails");
	expect_result("toJSON(reduce(1..5000, [#acc], 1))", "fails");
	expect_result("max(reduce(1..5000, [#acc], 1))", "fails");
	expect_result("fromJSON(repeat('[', 5000))", "fails");
	expect_result("repeat('a', 999999) + 'b'", "fails");
}

/* The engine is in this program. */
static const sodns_library_head_t *own_engine(const char *name)
{
	return strcmp(name, "expr") ? NULL : &sodns_expr_library.head;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_oracle),
		cmocka_unit_test(own_names),
		cmocka_unit_test(nesting),
		cmocka_unit_test(spending),
	};
	seam.library = own_engine;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
