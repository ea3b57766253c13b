/*
 * Lines of the log as JSON: the time, and messages at their limit.
 */
#include <string.h>
#include <time.h>

#include <sodns/json.h>

#include "runtime/log.h"
#include "test.h"

static void seconds(void **state)
{
	(void)state;
	for (int64_t at = -100000000000; at < 250000000000; at += 12345677) {
		char text[LOG_SECOND_LEN + 1] = "", wanted[64];
		time_t t = at;
		struct tm tm;
		if (!gmtime_r(&t, &tm) || tm.tm_year + 1900 < 1 || tm.tm_year + 1900 > 9999)
			continue;
		strftime(wanted, sizeof(wanted), "-%m-%dT%H:%M:%S", &tm);
		log_json_second(at, text);
		assert_string_equal(text + 4, wanted);
		assert_int_equal(strtol(text, NULL, 10), tm.tm_year + 1900);
	}
}

/* The message of a line, which must be one object and a newline. */
static size_t message_of(const char *line, size_t n, char *out, size_t size)
{
	sodns_json_t j;
	sodns_json_text_t key, value = {0};
	size_t seen = 0, len = 0;
	assert_int_equal(line[n - 1], '\n');
	assert_null(memchr(line, '\n', n - 1));
	sodns_json_begin(&j, line, n);
	assert_true(sodns_json_object(&j));
	for (; sodns_json_member(&j, &key); seen++)
		if (sodns_json_is(&key, "message") && sodns_json_string(&j, &value))
			len = sodns_json_copy(&value, out, size);
	assert_false(sodns_json_failed(&j));
	assert_ptr_equal(j.at, line + n - 1);
	assert_true(seen >= 3);
	return len;
}

static void messages(void **state)
{
	static char text[10000], out[10000];
	char line[LOG_JSON_MAX];
	(void)state;
	size_t n = log_json_message(SODNS_LOG_ERROR, "x", "a\nb", 3, line);
	assert_int_equal(message_of(line, n, out, sizeof(out)), 3);
	assert_string_equal(out, "a\nb");
	memset(text, '"', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len += 7) {
		n = log_json_message(SODNS_LOG_WARNING, "plugin", text, len, line);
		assert_true(n <= LOG_JSON_MAX);
		size_t kept = message_of(line, n, out, sizeof(out));
		assert_true(kept == len || (kept < len && n > LOG_JSON_MAX - 4));
	}
	memset(text, 'p', 500);
	text[500] = 0;
	n = log_json_message(SODNS_LOG_INFO, text, "m", 1, line);
	assert_int_equal(message_of(line, n, out, sizeof(out)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(seconds), cmocka_unit_test(messages)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
