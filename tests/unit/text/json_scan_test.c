/*
 * Passing over JSON by eights finds what a walk byte by byte finds, wherever the bytes are cut.
 */
#include <sodns/json.h>

#include "test.h"

#define SIZE 96u

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

/* Bytes that mean something, and those that only look like them in some bits. */
static void fill(char *text, uint32_t *random)
{
	static const char from[] = "{{{[}]\"\"\\a;:\xfb\xdb\x7f\x02";
	text[0] = next_random(random) & 1 ? '{' : '[';
	for (unsigned i = 1; i < SIZE; i++)
		text[i] = from[next_random(random) % (sizeof(from) - 1)];
}

static const char *byte_by_byte(sodns_json_scan_t *s, const char *p, const char *end, unsigned base)
{
	do
		p = sodns_json_scan(s, p, p + 1, base);
	while (p < end && s->depth != base);
	return p;
}

static void by_eights_as_byte_by_byte(void **unused)
{
	uint32_t random = 1, closed = 0;
	(void)unused;
	for (unsigned round = 0; round < 200000; round++) {
		char text[SIZE];
		fill(text, &random);
		unsigned base = round % 3, cut = next_random(&random) % SIZE;
		sodns_json_scan_t slow = {.depth = base}, fast = slow;
		const char *expected = byte_by_byte(&slow, text, text + SIZE, base);
		const char *p = sodns_json_scan(&fast, text, text + cut, base);
		if (!cut || fast.depth != base)
			p = sodns_json_scan(&fast, p, text + SIZE, base);
		assert_ptr_equal(p, expected);
		assert_int_equal(fast.depth, slow.depth);
		assert_int_equal(fast.in_string, slow.in_string);
		assert_int_equal(fast.escaped, slow.escaped);
		closed += slow.depth == base;
	}
	/* Both ways to end were seen. */
	assert_in_range(closed, 1000, 199000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(by_eights_as_byte_by_byte)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
