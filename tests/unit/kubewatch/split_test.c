/*
 * The splitter: objects come out whole and in order however the bytes are cut.
 */
#include "kubewatch/split.h"

#include "test.h"

struct seen {
	char text[4096];
	unsigned count, stop_at;
};

static bool take(void *arg, const char *json, size_t len)
{
	struct seen *s = arg;
	size_t at = strlen(s->text);
	snprintf(s->text + at, sizeof(s->text) - at, "%.*s|", (int)len, json);
	return ++s->count != s->stop_at;
}

/* Feeds the text in pieces of `step` bytes. */
static bool feed(split_t *s, const char *text, size_t step)
{
	for (size_t len = strlen(text); len;) {
		size_t n = step < len ? step : len;
		if (!split_feed(s, text, n))
			return false;
		text += n;
		len -= n;
	}
	return true;
}

static void splits_lists(void **state)
{
	static const char text[] =
		"{\"kind\":\"List\",\"x\":{\"items\":[{\"no\":1}]},\"metadata\":{"
		"\"resourceVersion\":"
		"\"7\"},\"items\" : [ {\"a\":\"}]\\\"\"},\n{\"b\":[{}]} ,{}], \"end\":true}\n";
	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		split_t s = {0};
		struct seen seen = {0};
		split_begin(&s, SPLIT_LIST, take, &seen);
		assert_true(feed(&s, text, step));
		assert_true(split_complete(&s));
		assert_string_equal(seen.text, "{\"a\":\"}]\\\"\"}|{\"b\":[{}]}|{}|");
		char rest[512];
		snprintf(rest, sizeof(rest), "%.*s", (int)s.rest.len, s.rest.at);
		assert_string_equal(
			rest, "{\"kind\":\"List\",\"x\":{\"items\":[{\"no\":1}]},\"metadata\":{"
			      "\"resourceVersion\":\"7\"},\"items\" : [], \"end\":true}\n");
		split_free(&s);
	}
}

static void splits_events(void **state)
{
	static const char text[] = "{\"type\":\"ADDED\"}\n{\"type\":\"{\"}{}\r\n";
	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		split_t s = {0};
		struct seen seen = {0};
		split_begin(&s, SPLIT_EVENTS, take, &seen);
		assert_true(feed(&s, text, step));
		assert_true(split_complete(&s));
		assert_string_equal(seen.text, "{\"type\":\"ADDED\"}|{\"type\":\"{\"}|{}|");
		split_free(&s);
	}
}

static void stops(void **state)
{
	split_t s = {0};
	struct seen seen = {.stop_at = 2};
	(void)state;
	split_begin(&s, SPLIT_EVENTS, take, &seen);
	assert_false(split_feed(&s, "{}{}{}", 6));
	assert_int_equal(seen.count, 2);
	/* and is used again */
	seen.stop_at = 0;
	split_begin(&s, SPLIT_EVENTS, take, &seen);
	assert_true(split_feed(&s, "{\"cut", 5));
	assert_false(split_complete(&s));
	split_begin(&s, SPLIT_LIST, take, &seen);
	assert_false(split_complete(&s));
	split_free(&s);
}

static void refuses(void **state)
{
	static const char *const lists[] = {"x", "{}]", "{\"items\":[1]}", "{\"items\":[{}]}}"};
	static const char *const events[] = {"x", "[]", "{},{}", "null"};
	split_t s = {0};
	struct seen seen = {0};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		split_begin(&s, SPLIT_LIST, take, &seen);
		assert_false(split_feed(&s, lists[i], strlen(lists[i])));
		split_begin(&s, SPLIT_EVENTS, take, &seen);
		assert_false(split_feed(&s, events[i], strlen(events[i])));
	}
	/* an object without an end */
	char block[65536];
	memset(block, 'x', sizeof(block));
	split_begin(&s, SPLIT_EVENTS, take, &seen);
	assert_true(split_feed(&s, "{\"a\":\"", 6));
	size_t fed = 0;
	while (fed <= SPLIT_OBJECT_MAX && split_feed(&s, block, sizeof(block)))
		fed += sizeof(block);
	assert_true(fed <= SPLIT_OBJECT_MAX);
	split_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_lists),
		cmocka_unit_test(splits_events),
		cmocka_unit_test(stops),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
