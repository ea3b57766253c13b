/* Names: text and wire form, order, hashes. */
#include "test.h"

#include "message/name.h"

static void texts(void **state)
{
	(void)state;
	static const char *const same[] = {
		".",          "a.",   "www.example.org.",  "a\\.b.c.", "\\001\\255.x.", "a\\\\b.",
		"\\\"q\\\".", "*.x.", "_sip._tcp.example."};
	char text[SODNS_NAME_TEXT_MAX];
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(sodns_name_to_text(test_wire(same[i]), text), strlen(same[i]));
		assert_string_equal(text, same[i]);
	}
	uint8_t out[SODNS_NAME_MAX];
	assert_int_equal(sodns_name_from_text("a", test_wire("b.c."), out), 7);
	sodns_name_to_text(out, text);
	assert_string_equal(text, "a.b.c.");
	assert_int_equal(sodns_name_from_text("a\\046b.", NULL, out), 5);
	assert_memory_equal(out,
			    "\x03"
			    "a.b",
			    5);
}

static void bad_texts(void **state)
{
	(void)state;
	uint8_t out[SODNS_NAME_MAX];
	char label64[70], long_name[300] = "";
	memset(label64, 'x', 64);
	strcpy(label64 + 64, ".");
	for (int i = 0; i < 128; i++)
		strcat(long_name, "a.");
	static const char *const bad[] = {"..", "a..b.", ".a.", "a\\25.", "a\\256.", "a\\"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sodns_name_from_text(bad[i], NULL, out), SODNS_EINVAL);
	assert_int_equal(sodns_name_from_text(label64, NULL, out), SODNS_EINVAL);
	assert_int_equal(sodns_name_from_text(long_name, NULL, out), SODNS_EINVAL);
	long_name[254] = 0;
	assert_int_equal(sodns_name_from_text(long_name, NULL, out), 255);
}

/* RFC 4034, 6.1. */
static void canonical_order(void **state)
{
	(void)state;
	static const char *const sorted[] = {
		"example.",         "a.example.",      "yljkjljk.a.example.",
		"Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
		"\\001.z.example.", "*.z.example.",    "\\200.z.example."};
	for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++)
		for (size_t k = 0; k < sizeof(sorted) / sizeof(sorted[0]); k++) {
			int c = sodns_name_compare(test_wire(sorted[i]), test_wire(sorted[k]));
			assert_int_equal(c < 0 ? -1 : c > 0, i < k ? -1 : i > k);
		}
}

static void relations(void **state)
{
	(void)state;
	assert_true(sodns_name_is_below(test_wire("a.B.c."), test_wire("b.C.")));
	assert_true(sodns_name_is_below(test_wire("b.c."), test_wire("b.c.")));
	assert_false(sodns_name_is_below(test_wire("ab.c."), test_wire("b.c.")));
	assert_true(sodns_name_is_below(test_wire("x."), test_wire(".")));
	assert_int_equal(sodns_name_labels(test_wire("a.b.c.")), 3);
	assert_true(sodns_name_equal(sodns_name_parent(test_wire("a.b.c."), 2), test_wire("C.")));
	const uint8_t *zones[] = {test_wire("."), test_wire("b.c."), test_wire("c.")};
	assert_ptr_equal(sodns_name_match(test_wire("a.b.c."), zones, 3), zones[1]);
	assert_ptr_equal(sodns_name_match(test_wire("x."), zones + 1, 2), NULL);
}

/* The hash of a name is that of its labels put in front one by one, and differs by letter. */
static void hashes(void **state)
{
	(void)state;
	name_labels_t a, b;
	const uint8_t *x = test_wire("www.some-longer-label-than-sixteen.example."),
		      *y = test_wire("wwv.some-longer-label-than-sixteen.example.");
	name_split(x, &a);
	name_split(y, &b);
	assert_int_equal(a.count, 3);
	assert_true(name_hash(x, &a, 0) != name_hash(y, &b, 0));
	assert_true(name_hash(x, &a, 1) == name_hash(y, &b, 1));
	assert_true(name_hash_child(y, &b, 1, x) == name_hash(x, &a, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),           cmocka_unit_test(bad_texts),
		cmocka_unit_test(canonical_order), cmocka_unit_test(relations),
		cmocka_unit_test(hashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
