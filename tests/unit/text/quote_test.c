/*
 * Strings in quotes. The table holds what Go's strconv.Quote and QuoteToASCII say.
 */
#include <sodns/text.h>

#include "test.h"

static const struct {
	const char *text;
	size_t len;
	const char *quoted, *ascii;
} quotes[] = {
	{"", 0, "\"\"", "\"\""},
	{"a", 1, "\"a\"", "\"a\""},
	{"a\"b\\c'", 6, "\"a\\\"b\\\\c'\"", "\"a\\\"b\\\\c'\""},
	{"\x07\x08\x0c\x0a\x0d\x09\x0b", 7, "\"\\a\\b\\f\\n\\r\\t\\v\"",
	 "\"\\a\\b\\f\\n\\r\\t\\v\""},
	{"\x00\x01\x7f", 3, "\"\\x00\\x01\\x7f\"", "\"\\x00\\x01\\x7f\""},
	{"\xc2\xb5s", 3, "\"\xc2\xb5s\"", "\"\\u00b5s\""},
	{"\xc2\xad", 2, "\"\\u00ad\"", "\"\\u00ad\""},
	{"\xe2\x80\xa8x", 4, "\"\\u2028x\"", "\"\\u2028x\""},
	{"\xef\xbb\xbf", 3, "\"\\ufeff\"", "\"\\ufeff\""},
	{"\xee\x80\x80", 3, "\"\\ue000\"", "\"\\ue000\""},
	{"\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\"", "\"\\U0001f600\""},
	{"\xf3\xa0\x80\x81", 4, "\"\\U000e0001\"", "\"\\U000e0001\""},
	{"\xff", 1, "\"\\xff\"", "\"\\xff\""},
	{"a\xc3", 2, "\"a\\xc3\"", "\"a\\xc3\""},
	{"\xed\xa0\x80", 3, "\"\\xed\\xa0\\x80\"", "\"\\xed\\xa0\\x80\""},
	{"\xf4\x90\x80\x80", 4, "\"\\xf4\\x90\\x80\\x80\"", "\"\\xf4\\x90\\x80\\x80\""},
	{"\xef\xbf\xbd", 3, "\"\xef\xbf\xbd\"", "\"\\ufffd\""},
	{"\xc2\xa0", 2, "\"\\u00a0\"", "\"\\u00a0\""},
	{"\xe6\x97\xa5\xe6\x9c\xac", 6, "\"\xe6\x97\xa5\xe6\x9c\xac\"", "\"\\u65e5\\u672c\""},
};

static void check(size_t i, bool ascii, const char *expected)
{
	size_t room = SODNS_QUOTE_ROOM(quotes[i].len);
	char *text = malloc(quotes[i].len ? quotes[i].len : 1), *out = malloc(room);
	memcpy(text, quotes[i].text, quotes[i].len);
	size_t n = sodns_quote(text, quotes[i].len, ascii, out, room);
	assert_string_equal(out, expected);
	assert_int_equal(n, strlen(expected));
	/* With less room whole escapes and characters only: what stands there is the beginning. */
	for (room = 0; room <= n; room++) {
		char *cut = malloc(room ? room : 1);
		size_t less = sodns_quote(text, quotes[i].len, ascii, cut, room);
		if (room) {
			assert_in_range(less, 0, room - 1);
			assert_memory_equal(cut, expected, less);
			assert_true(sodns_utf8_valid(cut, less));
			assert_int_equal(cut[less], 0);
		}
		free(cut);
	}
	free(text);
	free(out);
}

static void strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		check(i, false, quotes[i].quoted);
		check(i, true, quotes[i].ascii);
	}
}

static void characters(void **state)
{
	static const struct {
		uint32_t c;
		bool ascii;
		const char *quoted;
	} all[] = {{'a', false, "'a'"},
		   {'\'', false, "'\\''"},
		   {'"', false, "'\"'"},
		   {0, false, "'\\x00'"},
		   {0xe4, false, "'\xc3\xa4'"},
		   {0xe4, true, "'\\u00e4'"},
		   {0x1f600, true, "'\\U0001f600'"},
		   {0x10ffff, false, "'\\U0010ffff'"},
		   {0xd800, false, "'\xef\xbf\xbd'"},
		   {0x110000, false, "'\xef\xbf\xbd'"},
		   {UINT32_MAX, true, "'\\ufffd'"}};
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *out = malloc(16);
		assert_int_equal(sodns_quote_character(all[i].c, all[i].ascii, out),
				 strlen(all[i].quoted));
		assert_string_equal(out, all[i].quoted);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(strings), cmocka_unit_test(characters)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
