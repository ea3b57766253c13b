/*
 * printf of templates against what Go made of the same templates (data/printf.txt, made by
 * data/printf.go): flags, widths and precisions of every verb with values of every kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../plugins/intree/template/node.h"

static char memory[1 << 22];
static size_t used;

static void *take(void *from, size_t size)
{
	(void)from;
	/* The end is where the sanitizer looks. */
	assert_true(used + size + 16 <= sizeof(memory));
	void *p = memory + used;
	used += (size + 31) & ~(size_t)15;
	return memset(p, 0, size);
}

static void element(run_t *r, const void *data, size_t i, value_t *out)
{
	(void)r;
	(void)data;
	*out = value_string(i ? "b" : "a", 1);
}

static size_t count(const void *data)
{
	(void)data;
	return 1;
}

static void entry(run_t *r, const void *data, size_t i, value_t *key, value_t *out)
{
	(void)r;
	(void)data;
	(void)i;
	*key = value_string("k", 1);
	*out = value_string("v", 1);
}

static const type_t list_type = {.name = "[]string", .at = element};
static const type_t map_type = {.name = "map[string]string", .count = count, .entry = entry};

static void get_u8(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)object;
	(void)arg;
	*out = value_uint(200, 8);
}

static void get_u64(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)object;
	(void)arg;
	*out = value_uint(UINT64_MAX, 64);
}

static void get_i64(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)object;
	(void)arg;
	*out = (value_t){.kind = INT, .bits = 64, .i = -5};
}

static void get_list(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)arg;
	*out = value_list(&list_type, object, 2);
}

static void get_map(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)arg;
	*out = value_map(&map_type, object);
}

static const field_t fields[] = {
	{.name = "U8", .get = get_u8},   {.name = "U64", .get = get_u64},
	{.name = "I64", .get = get_i64}, {.name = "List", .get = get_list},
	{.name = "Map", .get = get_map}, {.name = NULL},
};
static const type_t root_type = {.name = "*data", .fields = fields};

/* What the template makes; the length, or -1. */
static long make(const char *text, const char **out)
{
	static run_t run;
	static char err[ERROR_MAX];
	const memory_t m = {take, NULL};
	used = 0;
	tree_t *t = tree_parse("t", text, &root_type, m, err);
	if (!t) {
		printf("%s: %s\n", text, err);
		return -1;
	}
	if (!tree_execute(t, &root_type, &run, m, NULL)) {
		printf("%s: %s\n", text, run.error);
		return -1;
	}
	*out = run.out;
	return (long)run.len;
}

static void as_go(void **state)
{
	(void)state;
	static char line[100000], wanted[100000];
	const char *path = getenv("PRINTF_TABLE") ? getenv("PRINTF_TABLE")
						  : TEST_DATA "/printf.txt";
	FILE *f = fopen(path, "r");
	unsigned lines = 0, wrong = 0;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char *tab = strchr(line, '\t');
		const char *got = "";
		size_t len;
		assert_non_null(tab);
		*tab = 0;
		const slice_t quoted = {tab + 1, strcspn(tab + 1, "\n")};
		assert_true(unquote(quoted, wanted, &len));
		long n = make(line, &got);
		lines++;
		if (n >= 0 && (size_t)n == len && !memcmp(got, wanted, len))
			continue;
		if (wrong++ < 20)
			printf("%s\n  gives  %.*s\n  wanted %.*s\n", line, (int)(n < 0 ? 0 : n),
			       got, (int)len, wanted);
	}
	fclose(f);
	assert_int_equal(wrong, 0);
	assert_true(lines > 2000);
}

/* Numbers in a template, and what Go's text/template says of them. */
static void constants(void **state)
{
	static const struct {
		const char *text, *expected;
	} all[] = {
		{"0", "0"},
		{"017", "15"},
		{"08", "integer overflow: \"08\""},
		{"0x1F", "31"},
		{"0X1f", "31"},
		{"0b101", "5"},
		{"0B2", "bad number syntax: \"0B2\""},
		{"0o17", "15"},
		{"1_000", "1000"},
		{"1__0", "illegal number syntax: \"1__0\""},
		{"1_", "illegal number syntax: \"1_\""},
		{"0x_1f", "31"},
		{"0_7", "7"},
		{"1e3", "1000"},
		{"1E-2", "0.01"},
		{"5.", "5"},
		{"0x1p-2", "0.25"},
		{"0x1.8p1", "3"},
		{"0x1.8", "illegal number syntax: \"0x1.8\""},
		{"1e", "illegal number syntax: \"1e\""},
		{"1e+", "illegal number syntax: \"1e+\""},
		{"1e400", "illegal number syntax: \"1e400\""},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"-9223372036854775809", "integer overflow: \"-9223372036854775809\""},
		{"+7", "7"},
		{"-0", "0"},
		{"-1.5", "-1.5"},
		{"1_0.5", "10.5"},
		{"0xfffffffffffffffff", "illegal number syntax: \"0xfffffffffffffffff\""},
		{"12ab", "bad number syntax: \"12a\""},
		{"0x", "illegal number syntax: \"0x\""},
		{"0b", "illegal number syntax: \"0b\""},
		{"1e3_0", "1e+30"},
		{"1p3", "bad number syntax: \"1p\""},
	};
	static run_t run;
	char err[ERROR_MAX], text[100], expected[100];
	const memory_t m = {take, NULL};
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		used = 0;
		snprintf(text, sizeof(text), "{{%s}}", all[i].text);
		tree_t *t = tree_parse("t", text, &root_type, m, err);
		if (t && tree_execute(t, &root_type, &run, m, NULL)) {
			assert_int_equal(run.len, strlen(all[i].expected));
			assert_memory_equal(run.out, all[i].expected, run.len);
		} else {
			assert_null(t);
			snprintf(expected, sizeof(expected), "template: t:1: %s", all[i].expected);
			assert_string_equal(err, expected);
		}
	}
}

/* Beyond what an answer may hold: an end, whatever it is asked for. */
static void too_much(void **state)
{
	(void)state;
	static const char *const many[] = {
		"%70000d",  "%.70000d", "%070000d",   "%.70000f",           "%70000s", "%.70000U",
		"%-70000q", "%999999x", "%.1000000b", "%#1000000.1000000o", "%70000v"};
	static run_t run;
	char err[ERROR_MAX], text[100];
	const memory_t m = {take, NULL};
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		for (unsigned k = 0; k < 3; k++) {
			static const char *const args[] = {"5", "2.5", "`x`"};
			used = 0;
			snprintf(text, sizeof(text), "{{ printf `%s` %s }}", many[i], args[k]);
			tree_t *t = tree_parse("t", text, &root_type, m, err);
			assert_non_null(t);
			if (tree_execute(t, &root_type, &run, m, NULL))
				assert_true(run.len <= OUTPUT_MAX);
			else
				assert_non_null(strstr(run.error, "output exceeds"));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_go), cmocka_unit_test(constants),
					   cmocka_unit_test(too_much)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
