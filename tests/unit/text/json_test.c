/*
 * The JSON reader: values of every kind, what is passed over, and what is no JSON.
 */
#include <stdio.h>

#include <sodns/json.h>

#include "test.h"

static void reads_values(void **state)
{
	static const char text[] =
		"{ \"a\" : \"x\", \"list\":[1, -2 ,{\"skip\":[[]]}, "
		"true],\"n\":null,\"yes\":true,\n"
		"\"big\":9223372036854775807,\"low\":-9223372036854775808} behind";
	sodns_json_t j;
	sodns_json_text_t key, a = {0};
	int64_t n, sum = 0, big = 0, low = 0;
	bool yes = false, null_seen = false;
	(void)state;
	sodns_json_begin(&j, text, sizeof(text) - 1);
	assert_true(sodns_json_object(&j));
	while (sodns_json_member(&j, &key)) {
		if (sodns_json_is(&key, "a"))
			assert_true(sodns_json_string(&j, &a));
		else if (sodns_json_is(&key, "list")) {
			assert_true(sodns_json_array(&j));
			while (sodns_json_item(&j))
				if (sodns_json_integer(&j, &n))
					sum += n;
		} else if (sodns_json_is(&key, "n"))
			null_seen = !sodns_json_string(&j, &a);
		else if (sodns_json_is(&key, "yes"))
			assert_true(sodns_json_boolean(&j, &yes));
		else if (sodns_json_is(&key, "big"))
			assert_true(sodns_json_integer(&j, &big));
		else if (sodns_json_is(&key, "low"))
			assert_true(sodns_json_integer(&j, &low));
	}
	assert_false(sodns_json_failed(&j));
	assert_true(sodns_json_is(&a, "x"));
	assert_int_equal(sum, -1);
	assert_true(yes && null_seen);
	assert_true(big == INT64_MAX && low == INT64_MIN);
	assert_string_equal(j.at, " behind");
}

static void passes_over(void **state)
{
	static const char text[] =
		"{\"x\":{\"}\":\"]\\\"}\"},\"y\":[{},[],\"\\\\\"],\"z\":-1.5e+3,\"end\":7}";
	sodns_json_t j;
	sodns_json_text_t key, raw = {0};
	int64_t end = 0;
	(void)state;
	sodns_json_begin(&j, text, sizeof(text) - 1);
	assert_true(sodns_json_object(&j));
	while (sodns_json_member(&j, &key)) {
		if (sodns_json_is(&key, "end"))
			assert_true(sodns_json_integer(&j, &end));
		else if (sodns_json_is(&key, "y"))
			assert_true(sodns_json_raw(&j, &raw));
		else if (sodns_json_is(&key, "z"))
			assert_false(sodns_json_integer(&j, &end));
	}
	assert_false(sodns_json_failed(&j));
	assert_int_equal(end, 7);
	assert_true(sodns_json_is(&raw, "[{},[],\"\\\\\"]"));
}

static void resolves_escapes(void **state)
{
	static const char text[] = "\"a\\\"\\\\\\/\\n\\u00e4\\u20ac\\ud83d\\ude00\\ud800x\"";
	sodns_json_t j;
	sodns_json_text_t t;
	char out[64];
	(void)state;
	sodns_json_begin(&j, text, sizeof(text) - 1);
	assert_true(sodns_json_string(&j, &t));
	assert_true(t.escaped);
	size_t n = sodns_json_copy(&t, out, sizeof(out));
	static const char expected[] = "a\"\\/\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbdx";
	assert_int_equal(n, sizeof(expected) - 1);
	assert_string_equal(out, expected);
	assert_true(sodns_json_equal(&t, expected, sizeof(expected) - 1));
	assert_false(sodns_json_is(&t, "a"));
	assert_int_equal(sodns_json_copy(&t, out, 4), n);
	assert_string_equal(out, "a\"\\");
}

/* Walks over everything there is. */
static bool walk(const char *text)
{
	sodns_json_t j;
	sodns_json_text_t key;
	sodns_json_begin(&j, text, strlen(text));
	if (sodns_json_object(&j))
		while (sodns_json_member(&j, &key))
			sodns_json_skip(&j);
	return !sodns_json_failed(&j);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",           "{",
		"{\"a\"}",    "{\"a\":}",
		"{\"a\":1,}", "{\"a\":1 \"b\":2}",
		"{a:1}",      "{\"a\":01}",
		"{\"a\":1.}", "{\"a\":tru}",
		"{\"a\":[}",  "{\"a\":[{]}",
		"{\"a\":\"x", "{\"a\":\"\\",
		"{\"a\":-}",  "{\"a\":1e}",
		"{,}",        "{\"a\":nulll}",
		"nope",       "{\"a\":[[[[\"}",
	};
	char deep[2 * SODNS_JSON_DEPTH];
	unsigned depth = 0;
	sodns_json_t j;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (walk(bad[i]))
			fail_msg("accepted: %s", bad[i]);
	memset(deep, '[', sizeof(deep));
	sodns_json_begin(&j, deep, sizeof(deep));
	while (sodns_json_array(&j) && sodns_json_item(&j))
		depth++;
	assert_true(sodns_json_failed(&j));
	assert_int_equal(depth, SODNS_JSON_DEPTH);
	assert_true(walk("{\"a\":0,\"b\":-0.5E-2,\"c\":[],\"d\":{}}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values),
		cmocka_unit_test(passes_over),
		cmocka_unit_test(resolves_escapes),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
