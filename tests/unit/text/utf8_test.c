/*
 * UTF-8: every character there and back, every sequence of two bytes, and what RFC 3629 forbids.
 */
#include <sodns/text.h>

#include "test.h"

static bool is_character(uint32_t c)
{
	return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static void all_characters(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110100; c++) {
		char text[4];
		uint32_t back;
		size_t n = sodns_utf8_write(c, text);
		assert_int_equal(sodns_utf8_read(text, n, &back), n);
		assert_int_equal(back, is_character(c) ? c : SODNS_UTF8_BAD);
		assert_int_equal(sodns_utf8_length(text, n), n);
		/* Cut off anywhere it is none. */
		for (size_t cut = 1; cut < n; cut++) {
			assert_int_equal(sodns_utf8_length(text, cut), 0);
			assert_int_equal(sodns_utf8_read(text, cut, &back), 1);
			assert_int_equal(back, SODNS_UTF8_BAD);
		}
	}
}

static void two_bytes(void **state)
{
	(void)state;
	for (unsigned a = 0x80; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			const char text[2] = {(char)a, (char)b};
			bool good = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
			uint32_t c;
			assert_int_equal(sodns_utf8_length(text, 2), good ? 2 : 0);
			assert_int_equal(sodns_utf8_read(text, 2, &c), good ? 2 : 1);
			assert_int_equal(c, good ? (a & 0x1f) << 6 | (b & 0x3f) : SODNS_UTF8_BAD);
		}
}

/* Overlong forms, halves of surrogates, beyond the last character, five and six bytes. */
static void forbidden(void **state)
{
	static const char *const bad[] = {"\xc0\x80",
					  "\xc1\xbf",
					  "\xe0\x80\x80",
					  "\xe0\x9f\xbf",
					  "\xf0\x80\x80\x80",
					  "\xf0\x8f\xbf\xbf",
					  "\xed\xa0\x80",
					  "\xed\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xf8\x88\x80\x80",
					  "\xfc\x84\x80\x80\x80\x80",
					  "\xff",
					  "\x80",
					  "\xe2\x28\xa1",
					  "\xe2\x82\x28",
					  "\xf0\x9f\x98\x28"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t c;
		size_t len = strlen(bad[i]);
		assert_int_equal(sodns_utf8_length(bad[i], len), 0);
		assert_int_equal(sodns_utf8_read(bad[i], len, &c), 1);
		assert_int_equal(c, SODNS_UTF8_BAD);
		assert_false(sodns_utf8_valid(bad[i], len));
	}
}

static void whole_texts(void **state)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\0z";
	static const bool ends[] = {1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1};
	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		/* Memory of its own, so that nothing behind it is read unseen. */
		char *copy = malloc(len ? len : 1);
		memcpy(copy, text, len);
		assert_int_equal(sodns_utf8_valid(copy, len), ends[len]);
		free(copy);
	}
	assert_int_equal(sodns_utf8_length("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_characters),
		cmocka_unit_test(two_bytes),
		cmocka_unit_test(forbidden),
		cmocka_unit_test(whole_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
