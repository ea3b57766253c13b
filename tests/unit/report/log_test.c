/*
 * Lines of the log: as JSON, the time and messages at their limit; plain, what they may hold.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodns/json.h>

#include "report/log.h"
#include "report/log_text.h"
#include "system/seam.h"
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

/* What a text becomes in a plain line. */
static size_t plain_line(const char *text, size_t len, char *out)
{
	size_t n = 0, more;
	for (;;) {
		size_t plain = log_text_plain(text, len);
		memcpy(out + n, text, plain);
		n += plain;
		text += plain;
		len -= plain;
		if (!len)
			return n;
		size_t used = log_text_escape(text, len, out + n, &more);
		assert_in_range(used, 1, len);
		assert_in_range(more, 1, LOG_TEXT_MAX);
		n += more;
		text += used;
		len -= used;
	}
}

static void check_plain(const char *text, size_t len, const char *wanted)
{
	char out[256];
	size_t n = plain_line(text, len, out);
	assert_int_equal(n, strlen(wanted));
	assert_memory_equal(out, wanted, n);
	assert_int_equal(log_text_length(text, len), n);
}

static void texts(void **state)
{
	(void)state;
	check_plain("", 0, "");
	check_plain("plain \\ text, \"quoted\" and\ttabs",
		    sizeof("plain \\ text, \"quoted\" and\ttabs") - 1,
		    "plain \\ text, \"quoted\" and\ttabs");
	check_plain("a\x1b[2Jb\rc\nd", 10, "a\\x1b[2Jb\\x0dc d");
	check_plain("\0\x7f", 2, "\\x00\\x7f");
	check_plain("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82", 15,
		    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82");
	check_plain("\xc2\x9b"
		    "2J",
		    4, "\\xc2\\x9b2J");
	check_plain("\x9b"
		    "2J",
		    3, "\\x9b2J");
	check_plain("\xe2\x80\xaetxt", 6, "\\xe2\\x80\\xaetxt");
	check_plain("\xe2\x82", 2, "\\xe2\\x82");
	check_plain("seven b\x1b", 8, "seven b\\x1b");
	check_plain("eight by\x1b", 9, "eight by\\x1b");
}

/* Whatever it was, a line is one line of characters that move nothing; and what is all right is left
 * alone. */
static void random_texts(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		char text[40], out[sizeof(text) * 4 + LOG_TEXT_MAX];
		size_t len = (size_t)rand() % sizeof(text);
		bool good = true;
		for (size_t i = 0; i < len; i++) {
			text[i] = (char)(rand() % 16 ? ' ' + rand() % 95 : rand());
			good &= text[i] >= ' ' && text[i] < 0x7f;
		}
		size_t n = plain_line(text, len, out);
		assert_true(n <= len * 4);
		assert_int_equal(n, log_text_length(text, len));
		assert_int_equal(log_text_plain(out, n), n);
		assert_true(!good || (n == len && !memcmp(out, text, n)));
		for (size_t i = 0; i < n; i++)
			assert_true((uint8_t)out[i] >= ' ' || out[i] == '\t');
	}
}

/* What is written to a descriptor meanwhile, of 400 bytes at most. */
static size_t written(int fd, void (*write_it)(void), char *out, size_t size)
{
	FILE *f = tmpfile();
	assert_non_null(f);
	fflush(stdout);
	int before = dup(fd);
	assert_true(dup2(fileno(f), fd) == fd);
	write_it();
	log_flush();
	dup2(before, fd);
	close(before);
	ssize_t n = pread(fileno(f), out, size, 0);
	fclose(f);
	assert_true(n >= 0);
	return (size_t)n;
}

static void log_all(void)
{
	sodns_log(SODNS_LOG_WARNING, "x", "%s", "a\x1b[0m\r\nb");
	sodns_log_text(SODNS_LOG_INFO, "c\x1b\n[ERROR] d", 12);
	log_plain("e\x07%s", "f");
}

static void last_words(void)
{
	log_last_words("g\x1b%s", "\rh");
}

/* Every way into the log. */
static void lines(void **state)
{
	(void)state;
	static const char all[] = "[WARNING] plugin/x: a\\x1b[0m\\x0d b\n"
				  "[INFO] c\\x1b [ERROR] d\ne\\x07f\n",
			  last[] = "g\\x1b\\x0dh\n";
	char out[400];
	size_t n = written(STDOUT_FILENO, log_all, out, sizeof(out));
	assert_int_equal(n, sizeof(all) - 1);
	assert_memory_equal(out, all, n);
	n = written(STDERR_FILENO, last_words, out, sizeof(out));
	assert_int_equal(n, sizeof(last) - 1);
	assert_memory_equal(out, last, n);
}

static void log_again(void)
{
	assert_true(sodns_log_once(SODNS_LOG_ERROR, "x", "zone a", 60 * SODNS_SECOND, "a is %s",
				   "late"));
	for (int i = 0; i < 5; i++)
		assert_false(
			sodns_log_once(SODNS_LOG_ERROR, "x", "zone a", 60 * SODNS_SECOND, "a"));
	assert_true(sodns_log_once(SODNS_LOG_ERROR, "y", "zone a", 0, "a, another's"));
	assert_true(sodns_log_once(SODNS_LOG_ERROR, "x", "zone b", 60 * SODNS_SECOND, "b"));
	assert_false(sodns_log_once(SODNS_LOG_DEBUG, "x", "zone c", 60 * SODNS_SECOND, "c"));
	seam.clock += 60000000000u;
	assert_true(sodns_log_once(SODNS_LOG_ERROR, "x", "zone a", 60 * SODNS_SECOND, "a"));
	assert_true(sodns_log_once(SODNS_LOG_ERROR, "x", "zone b", 60 * SODNS_SECOND, "b"));
	assert_false(sodns_log_once(SODNS_LOG_ERROR, "y", "zone a", 0, "a, another's"));
}

/* More keys than there is room for: the lines come, more often at worst. */
static void log_many(void)
{
	char key[32];
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		assert_true(sodns_log_once(SODNS_LOG_ERROR, NULL, key, 60 * SODNS_SECOND, "%s",
					   i ? "" : "x"));
	}
}

static void once(void **state)
{
	(void)state;
	static const char all[] = "[ERROR] plugin/x: a is late\n[ERROR] plugin/y: a, another's\n"
				  "[ERROR] plugin/x: b\n[ERROR] plugin/x: a (5 more)\n"
				  "[ERROR] plugin/x: b\n";
	static char out[100000];
	seam.clock = 1000000000000000000u;
	size_t n = written(STDOUT_FILENO, log_again, out, sizeof(out));
	assert_int_equal(n, sizeof(all) - 1);
	assert_memory_equal(out, all, n);
	assert_true(written(STDOUT_FILENO, log_many, out, sizeof(out)) > 3000);
	seam.clock = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds),      cmocka_unit_test(messages), cmocka_unit_test(texts),
		cmocka_unit_test(random_texts), cmocka_unit_test(lines),    cmocka_unit_test(once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
