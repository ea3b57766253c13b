/* Durations, addresses, networks, patterns: small values in and out of text. */
#include "test.h"

#include <sodns/regex.h>
#include <sodns/setup.h>

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {{"0", 0},
		    {"1s", 1000000000},
		    {"1h15m", 4500000000000},
		    {"300ms", 300000000},
		    {"1.5s", 1500000000},
		    {"-2m", -120000000000},
		    {"1us", 1000},
		    {"10ns", 10}};
	static const char *const bad[] = {"", "1", "s", "1x", "1 s", "5m3", "9999999999h"};
	int64_t ns;
	char text[40];
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(sodns_duration_from_text(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sodns_duration_from_text(bad[i], &ns), SODNS_EINVAL);
	sodns_duration_to_text(4500000000000, text);
	assert_string_equal(text, "1h15m0s");
	sodns_duration_to_text(1500000, text);
	assert_string_equal(text, "1.5ms");
}

static void addresses(void **state)
{
	sodns_address_t a;
	sodns_prefix_t p;
	char text[SODNS_ADDRESS_TEXT_MAX];
	(void)state;
	assert_int_equal(sodns_endpoint_from_text("[2001:db8::1]:5353", 53, &a), 0);
	assert_int_equal(a.port, 5353);
	sodns_address_to_text(&a, text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(sodns_endpoint_from_text("192.0.2.1", 53, &a), 0);
	assert_int_equal(a.port, 53);
	assert_int_equal(sodns_prefix_from_text("192.0.0.0/21", &p), 0);
	assert_true(sodns_prefix_contains(&p, &a));
	assert_int_equal(sodns_prefix_from_text("192.0.8.0/21", &p), 0);
	assert_false(sodns_prefix_contains(&p, &a));
	assert_int_equal(sodns_prefix_from_text("10.0.0.0/33", &p), SODNS_EINVAL);
	assert_int_equal(sodns_address_from_text("1.2.3", &a), SODNS_EINVAL);
	assert_int_equal(sodns_endpoint_from_text("1.2.3.4:70000", 53, &a), SODNS_EINVAL);
}

static void regexes(void **state)
{
	char err[256] = "";
	sodns_span_t groups[3];
	(void)state;
	sodns_regex_t *r = sodns_regex_new("^(a+)-(b)?c$", err, sizeof(err));
	assert_int_equal(sodns_regex_match(r, "aaa-c", 5, groups, 3), 2);
	assert_int_equal(groups[1].len, 3);
	assert_null(groups[2].at);
	assert_int_equal(sodns_regex_match(r, "b-c", 3, groups, 3), 0);
	sodns_regex_free(r);
	assert_null(sodns_regex_new("(", err, sizeof(err)));
	assert_non_null(strstr(err, "missing closing parenthesis"));
	/* One that would run for ages is no match. */
	r = sodns_regex_new("^(a|aa)+$", err, sizeof(err));
	assert_int_equal(sodns_regex_match(r, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
					   49, NULL, 0),
			 0);
	sodns_regex_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(addresses),
		cmocka_unit_test(regexes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
