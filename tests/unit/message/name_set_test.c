/* Sets of names: what an entry stands for, which one counts, many of them. */
#include "test.h"

#include <sodns/name_set.h>
#include <sodns/random.h>

static void add(sodns_name_set_t *s, const char *name, enum sodns_name_scope scope, uint32_t value)
{
	assert_int_equal(sodns_name_set_add(s, test_wire(name), scope, value), 0);
}

/* The entry that stands for the name, as text, and its value. */
static void matches(const sodns_name_set_t *s, const char *name, const char *entry, uint32_t value)
{
	char text[SODNS_NAME_TEXT_MAX] = "";
	uint32_t got = 0;
	const uint8_t *found = sodns_name_set_match(s, test_wire(name), &got);
	if (found)
		sodns_name_to_text(found, text);
	assert_string_equal(text, entry);
	assert_int_equal(got, value);
}

static void scopes(void **state)
{
	(void)state;
	sodns_name_set_t *s = sodns_name_set_new();
	add(s, "Itself.example.", SODNS_NAME_ITSELF, 1);
	add(s, "below.example.", SODNS_NAME_BELOW, 2);
	add(s, "tree.example.", SODNS_NAME_TREE, UINT32_MAX);
	add(s, "deep.tree.example.", SODNS_NAME_ITSELF, 200);
	assert_null(sodns_name_set_match(s, test_wire("itself.example."), NULL));
	assert_int_equal(sodns_name_set_freeze(s), 0);
	assert_int_equal(sodns_name_set_freeze(s), 0);
	assert_int_equal(sodns_name_set_add(s, test_wire("late."), SODNS_NAME_TREE, 0),
			 SODNS_EBUSY);
	assert_int_equal(sodns_name_set_count(s), 4);
	matches(s, "itself.example.", "itself.example.", 1);
	matches(s, "x.itself.example.", "", 0);
	matches(s, "below.example.", "", 0);
	matches(s, "x.y.below.example.", "below.example.", 2);
	matches(s, "tree.example.", "tree.example.", UINT32_MAX);
	matches(s, "x.tree.example.", "tree.example.", UINT32_MAX);
	matches(s, "deep.tree.example.", "deep.tree.example.", 200);
	matches(s, "x.deep.tree.example.", "tree.example.", UINT32_MAX);
	matches(s, "xtree.example.", "", 0);
	matches(s, "example.", "", 0);
	matches(s, ".", "", 0);
	uint32_t value;
	assert_true(sodns_name_set_has(s, test_wire("below.example."), &value));
	assert_int_equal(value, 2);
	assert_false(sodns_name_set_has(s, test_wire("x.below.example."), NULL));
	sodns_name_set_free(s);
}

/* The one that was added last, for each of what it stands for. */
static void last_counts(void **state)
{
	(void)state;
	sodns_name_set_t *s = sodns_name_set_new();
	add(s, "a.", SODNS_NAME_TREE, 1);
	add(s, "A.", SODNS_NAME_ITSELF, 2);
	add(s, "b.", SODNS_NAME_ITSELF, 1);
	add(s, "b.", SODNS_NAME_BELOW, 2);
	add(s, "b.", SODNS_NAME_TREE, 3);
	add(s, "c.", SODNS_NAME_BELOW, 1000);
	add(s, "c.", SODNS_NAME_ITSELF, 1);
	add(s, "c.", SODNS_NAME_BELOW, 2);
	for (unsigned i = 0; i < 100; i++)
		add(s, "d.", SODNS_NAME_TREE, i);
	assert_int_equal(sodns_name_set_freeze(s), 0);
	matches(s, "a.", "a.", 2);
	matches(s, "x.a.", "a.", 1);
	matches(s, "b.", "b.", 3);
	matches(s, "x.b.", "b.", 3);
	matches(s, "c.", "c.", 1);
	matches(s, "x.c.", "c.", 2);
	matches(s, "x.d.", "d.", 99);
	assert_int_equal(sodns_name_set_count(s), 2 + 1 + 2 + 1);
	sodns_name_set_free(s);
}

static void corners(void **state)
{
	(void)state;
	char longest[300] = "", label63[80];
	for (int i = 0; i < 127; i++)
		strcat(longest, "a.");
	memset(label63, 'x', 63);
	strcpy(label63 + 63, ".");
	sodns_name_set_t *s = sodns_name_set_new();
	assert_int_equal(sodns_name_set_freeze(s), 0);
	assert_null(sodns_name_set_match(s, test_wire("a."), NULL));
	assert_int_equal(sodns_name_set_count(s), 0);
	sodns_name_set_free(s);
	sodns_name_set_free(NULL);
	assert_null(sodns_name_set_match(NULL, test_wire("a."), NULL));
	assert_false(sodns_name_set_has(NULL, test_wire("a."), NULL));
	s = sodns_name_set_new();
	add(s, ".", SODNS_NAME_BELOW, 7);
	add(s, longest, SODNS_NAME_ITSELF, 8);
	add(s, label63, SODNS_NAME_TREE, 9);
	assert_int_equal(sodns_name_set_freeze(s), 0);
	matches(s, ".", "", 0);
	matches(s, "a.", ".", 7);
	matches(s, longest, longest, 8);
	matches(s, longest + 2, ".", 7);
	matches(s, label63, label63, 9);
	sodns_name_set_free(s);
}

/* What a list of many names takes, and that it has them all and no others. */
static void many(void **state)
{
	(void)state;
	const unsigned count = 100000;
	char text[64];
	sodns_name_set_t *s = sodns_name_set_new();
	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "host%u.ads%u.example.", i, i % 1000);
		add(s, text, SODNS_NAME_TREE, i % 4);
	}
	assert_int_equal(sodns_name_set_freeze(s), 0);
	assert_int_equal(sodns_name_set_count(s), count);
	for (unsigned i = 0; i < count; i++) {
		uint32_t value;
		snprintf(text, sizeof(text), "host%u.ads%u.example.", i, i % 1000);
		assert_non_null(sodns_name_set_match(s, test_wire(text), &value));
		assert_int_equal(value, i % 4);
		snprintf(text, sizeof(text), "host%u.ads%u.example.", i, (i + 1) % 1000);
		assert_null(sodns_name_set_match(s, test_wire(text), NULL));
	}
	/* Names of 26 bytes on average. */
	assert_true(sodns_name_set_memory(s) < 3600000);
	sodns_name_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes),
		cmocka_unit_test(last_counts),
		cmocka_unit_test(corners),
		cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
