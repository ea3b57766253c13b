/*
 * The JSON writer: what is escaped, what is no UTF-8, and members that do not fit.
 */
#include <string.h>

#include <sodns/json.h>

#include "test.h"

static void is_written(const char *text, size_t len, const char *wanted)
{
	char buf[256];
	sodns_json_out_t o;
	sodns_json_out(&o, buf, sizeof(buf));
	assert_true(sodns_json_put_string(&o, "k", text, len));
	*o.at = 0;
	assert_string_equal(buf, wanted);
}

static void escapes(void **state)
{
	(void)state;
	is_written("", 0, "\"k\":\"\"");
	is_written("plain text of some length", 25, "\"k\":\"plain text of some length\"");
	is_written("a\"b\\c\n\x01\x7f", 8, "\"k\":\"a\\\"b\\\\c\\n\\u0001\x7f\"");
	is_written("1234567\x1f"
		   "9",
		   9, "\"k\":\"1234567\\u001f9\"");
	is_written("a\0b", 3, "\"k\":\"a\\u0000b\"");
}

#define NO "\xef\xbf\xbd"
static void utf8(void **state)
{
	(void)state;
	is_written("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
		   "\"k\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	is_written("\xff"
		   "a",
		   2, "\"k\":\"" NO "a\"");
	is_written("\xc0\x80", 2, "\"k\":\"" NO NO "\"");               /* overlong */
	is_written("\xed\xa0\x80", 3, "\"k\":\"" NO NO NO "\"");        /* a surrogate */
	is_written("\xf4\x90\x80\x80", 4, "\"k\":\"" NO NO NO NO "\""); /* beyond the last */
	is_written("\xe2\x82", 2, "\"k\":\"" NO NO "\"");               /* cut off */
	is_written("\xe2\x82"
		   "\"",
		   3, "\"k\":\"" NO NO "\\\"\"");
	is_written("\x80", 1, "\"k\":\"" NO "\"");
}

static void put_all(sodns_json_out_t *o)
{
	sodns_json_put_string(o, "name", "a\"\xff", 3);
	sodns_json_put_integer(o, "n", -42);
	sodns_json_put_integer(o, "big", INT64_MIN);
	sodns_json_put_boolean(o, "yes", true);
	if (sodns_json_open(o, "in\"side")) {
		sodns_json_put_raw(o, "null", "null", 4);
		sodns_json_put_integer(o, "m", 0);
		sodns_json_close(o);
	}
	if (sodns_json_open(o, "empty"))
		sodns_json_close(o);
	sodns_json_put_beginning(o, "text", "words and \xe2\x82\xac", 13);
}

static void kinds(void **state)
{
	char buf[512];
	sodns_json_out_t o;
	(void)state;
	sodns_json_out(&o, buf, sizeof(buf));
	put_all(&o);
	*o.at = 0;
	assert_false(o.cut);
	assert_string_equal(buf, "\"name\":\"a\\\"" NO "\",\"n\":-42,\"big\":-9223372036854775808,"
				 "\"yes\":true,\"in\\\"side\":{\"null\":null,\"m\":0},\"empty\":{},"
				 "\"text\":\"words and \xe2\x82\xac\"");
}

/* Whatever the limit, it is an object, and nothing is written behind the limit. */
static void limits(void **state)
{
	char buf[512];
	sodns_json_out_t o;
	(void)state;
	sodns_json_out(&o, buf, sizeof(buf));
	put_all(&o);
	const size_t whole = (size_t)(o.at - buf);
	for (size_t size = 0; size < whole + 50; size++) {
		sodns_json_t j;
		sodns_json_text_t key;
		memset(buf, '#', sizeof(buf));
		buf[0] = '{';
		sodns_json_out(&o, buf + 1, size);
		put_all(&o);
		assert_true(o.at <= buf + 1 + size && o.end == buf + 1 + size);
		assert_int_equal(buf[1 + size], '#');
		*o.at = '}';
		sodns_json_begin(&j, buf, sizeof(buf));
		assert_true(sodns_json_object(&j));
		while (sodns_json_member(&j, &key))
			;
		assert_false(sodns_json_failed(&j));
		assert_ptr_equal(j.at, o.at + 1);
		assert_int_equal(o.cut, size < whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(escapes), cmocka_unit_test(utf8),
					   cmocka_unit_test(kinds), cmocka_unit_test(limits)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
