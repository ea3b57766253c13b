/*
 * Patterns: what they match, and that one which would run away is given up and counted.
 */
#include <sodns/metrics.h>
#include <sodns/regex.h>

#include "text/regex.h"

#include "test.h"

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

static void append(void *arg, const char *text, size_t len)
{
	char *shown = arg;
	strncat(shown, text, len < 200 ? len : 200);
}

static void given_up(void **state)
{
	char err[256], text[64], shown[65536] = "";
	(void)state;
	sodns_regex_t *r = sodns_regex_new("^(a|aa)+$", err, sizeof(err));
	assert_non_null(r);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	const uint64_t before = regex_given_up();
	assert_int_equal(sodns_regex_match(r, text, sizeof(text), NULL, 0), 0);
	assert_int_equal(regex_given_up(), before + 1);
	assert_int_equal(sodns_regex_match(r, "aaa", 3, NULL, 0), 2);
	assert_int_equal(regex_given_up(), before + 1);
	sodns_metrics_write(append, shown);
	snprintf(text, sizeof(text), "sodns_regex_limit_total %llu\n",
		 (unsigned long long)regex_given_up());
	assert_non_null(strstr(shown, text));
	sodns_regex_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(regexes), cmocka_unit_test(given_up)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
