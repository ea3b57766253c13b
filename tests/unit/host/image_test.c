/*
 * A Corefile as bytes: what is read back is what was read, and what is cut off anywhere is refused.
 */
#include "test.h"

#include "corefile/corefile.h"

static corefile_t *parse(const char *text)
{
	char err[512];
	corefile_t *c = corefile_parse("Corefile", text, strlen(text), NULL, NULL, err,
				       sizeof(err));
	assert_non_null(c);
	return c;
}

static void same_tokens(const corefile_token_t *a, size_t n, const corefile_token_t *b, size_t m)
{
	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(a[i].text, b[i].text);
		assert_string_equal(a[i].file, b[i].file);
		assert_int_equal(a[i].line, b[i].line);
		/* What follows on a line is told by that. */
		if (i)
			assert_int_equal(a[i].file == a[i - 1].file, b[i].file == b[i - 1].file);
	}
}

static void same(const corefile_t *a, const corefile_t *b)
{
	assert_int_equal(a->file_count, b->file_count);
	for (size_t i = 0; i < a->file_count; i++)
		assert_string_equal(a->files[i], b->files[i]);
	assert_int_equal(a->block_count, b->block_count);
	for (size_t i = 0; i < a->block_count; i++) {
		const corefile_block_t *x = &a->blocks[i], *y = &b->blocks[i];
		same_tokens(x->keys, x->key_count, y->keys, y->key_count);
		assert_int_equal(x->directive_count, y->directive_count);
		for (size_t k = 0; k < x->directive_count; k++) {
			assert_string_equal(x->directives[k].name, y->directives[k].name);
			same_tokens(x->directives[k].tokens, x->directives[k].count,
				    y->directives[k].tokens, y->directives[k].count);
		}
	}
}

static char *bytes;
static size_t length;

static void save(const corefile_t *c)
{
	FILE *f = open_memstream(&bytes, &length);
	corefile_save(c, f);
	assert_int_equal(fclose(f), 0);
}

static corefile_t *load(size_t n)
{
	FILE *f = fmemopen(bytes, n, "r");
	corefile_t *c = corefile_load(f);
	fclose(f);
	return c;
}

static void test_image(void **state)
{
	(void)state;
	setenv("WORD", "w", 1);
	corefile_t *c = parse("(s) {\n log {$WORD}\n}\na.org b.org:53 {\n import s\n"
			      " file \"with space\" {\n  x y\n }\n import s\n}\n. {\n}\n");
	save(c);
	corefile_t *again = load(length);
	assert_non_null(again);
	same(c, again);
	corefile_free(again);
	for (size_t n = 1; n < length; n++)
		assert_null(load(n));
	/* Counts that are not so. */
	for (size_t i = 0; i + 8 <= length; i++) {
		char before[8];
		memcpy(before, bytes + i, 8);
		memset(bytes + i, 0xff, 8);
		again = load(length);
		if (again)
			corefile_free(again);
		memcpy(bytes + i, before, 8);
	}
	free(bytes);
	corefile_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_image)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
