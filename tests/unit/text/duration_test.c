/*
 * Durations in and out of text. The table holds what Go's time.ParseDuration and String say.
 */
#include <sodns/text.h>

#include "test.h"

static const struct {
	const char *text;
	int64_t ns;
	const char *error, *printed;
} durations[] = {
	{"0", 0, "", "0s"},
	{"+0", 0, "", "0s"},
	{"-0", 0, "", "0s"},
	{"1s", 1000000000, "", "1s"},
	{"1h15m", 4500000000000, "", "1h15m0s"},
	{"300ms", 300000000, "", "300ms"},
	{"1.5s", 1500000000, "", "1.5s"},
	{"-2m", -120000000000, "", "-2m0s"},
	{"+2m", 120000000000, "", "2m0s"},
	{"1us", 1000, "", "1\xc2\xb5s"},
	{"1\xc2\xb5s", 1000, "", "1\xc2\xb5s"},
	{"1\xce\xbcs", 1000, "", "1\xc2\xb5s"},
	{"10ns", 10, "", "10ns"},
	{"1.5h", 5400000000000, "", "1h30m0s"},
	{".5s", 500000000, "", "500ms"},
	{"1.s", 1000000000, "", "1s"},
	{"0.000000001s", 1, "", "1ns"},
	{"0.9999999999ns", 0, "", "0s"},
	{"9223372036854775807ns", 9223372036854775807, "", "2562047h47m16.854775807s"},
	{"-9223372036854775808ns", INT64_MIN, "", "-2562047h47m16.854775808s"},
	{"2562047h47m16.854775807s", 9223372036854775807, "", "2562047h47m16.854775807s"},
	{"1h1h", 7200000000000, "", "2h0m0s"},
	{"0.1000000000000000000000001s", 100000000, "", "100ms"},
	{"9007199254.740993s", 9007199254740993000, "", "2501999h47m34.740993s"},
	{"", 0, "time: invalid duration \"\"", ""},
	{"-", 0, "time: invalid duration \"-\"", ""},
	{"1", 0, "time: missing unit in duration \"1\"", ""},
	{"s", 0, "time: invalid duration \"s\"", ""},
	{".s", 0, "time: invalid duration \".s\"", ""},
	{"1x", 0, "time: unknown unit \"x\" in duration \"1x\"", ""},
	{"1 s", 0, "time: unknown unit \" s\" in duration \"1 s\"", ""},
	{"5m3", 0, "time: missing unit in duration \"5m3\"", ""},
	{"1.2.3s", 0, "time: missing unit in duration \"1.2.3s\"", ""},
	{"9999999999h", 0, "time: invalid duration \"9999999999h\"", ""},
	{"9223372036854775808ns", 0, "time: invalid duration \"9223372036854775808ns\"", ""},
	{"-9223372036854775809ns", 0, "time: invalid duration \"-9223372036854775809ns\"", ""},
	{"1d", 0, "time: unknown unit \"d\" in duration \"1d\"", ""},
	{"1\"s", 0, "time: unknown unit \"\\\"s\" in duration \"1\\\"s\"", ""},
	{"1\xffs", 0, "time: unknown unit \"\\xffs\" in duration \"1\\xffs\"", ""},
	{"--1s", 0, "time: invalid duration \"--1s\"", ""},
	{"3000000h", 0, "time: invalid duration \"3000000h\"", ""},
	{"99999999999999999999s", 0, "time: invalid duration \"99999999999999999999s\"", ""},
	{"1h99999999999h", 0, "time: invalid duration \"1h99999999999h\"", ""},
};

static void reads_and_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		char text[256];
		int64_t ns = 7;
		bool good = !*durations[i].error;
		int rc = sodns_duration_from_text(durations[i].text, &ns);
		if (rc != (good ? SODNS_OK : SODNS_EINVAL) || ns != (good ? durations[i].ns : 7))
			fail_msg("'%s': %d, %lld", durations[i].text, rc, (long long)ns);
		if (good) {
			assert_int_equal(sodns_duration_to_text(ns, text),
					 strlen(durations[i].printed));
			assert_string_equal(text, durations[i].printed);
		} else {
			sodns_duration_error(durations[i].text, text, sizeof(text));
			assert_string_equal(text, durations[i].error);
		}
	}
}

/* What is wrong is said in the room there is. */
static void long_texts(void **state)
{
	char text[2000], error[40];
	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = '1';
	text[sizeof(text) - 1] = 0;
	sodns_duration_error(text, error, sizeof(error));
	assert_memory_equal(error, "time: unknown unit \"xxx", 22);
	memset(text, '9', sizeof(text) - 1);
	sodns_duration_error(text, error, sizeof(error));
	assert_memory_equal(error, "time: invalid duration \"999", 26);
	sodns_duration_error("1", error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads_and_writes),
					   cmocka_unit_test(long_texts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
