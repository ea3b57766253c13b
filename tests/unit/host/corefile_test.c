/*
 * Corefiles of thousands of server blocks: imports take the place of their words, wherever those stand and
 * however long they are; zones served twice are found among many; and neither walks what it has passed.
 */
#include "test.h"

#include <time.h>
#include <unistd.h>

#include "corefile/corefile.h"

static char err[1024];

static corefile_t *parse(const char *text)
{
	*err = 0;
	return corefile_parse("Corefile", text, strlen(text), NULL, NULL, err, sizeof(err));
}

/* The words of all blocks, with a line's break where one is. */
static char *words_of(const corefile_t *c)
{
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	for (size_t i = 0; i < c->block_count; i++) {
		const corefile_block_t *b = &c->blocks[i];
		for (size_t k = 0; k < b->key_count; k++)
			fprintf(f, "%s ", b->keys[k].text);
		for (size_t d = 0; d < b->directive_count; d++) {
			corefile_cursor_t at;
			corefile_cursor_init(&at, &b->directives[d]);
			while (corefile_cursor_next(&at)) {
				fprintf(f, "%s", corefile_cursor_val(&at));
				while (corefile_cursor_next_arg(&at))
					fprintf(f, "(%s)", corefile_cursor_val(&at));
				fputc(';', f);
			}
		}
		fputc('|', f);
	}
	fclose(f);
	return out;
}

static void check(const char *text, const char *expected)
{
	corefile_t *c = parse(text);
	assert_string_equal(err, "");
	assert_non_null(c);
	char *words = words_of(c);
	assert_string_equal(words, expected);
	free(words);
	corefile_free(c);
}

static void imports(void **state)
{
	(void)state;
	/* Nothing, one word, more than what stands before; first, last, one behind the other, nested. */
	check("(n) {\n}\n(s) {\n a 1\n}\n(l) {\n b 1 2 3 4 5 6 7 8 9\n c\n import s\n}\nx {\n "
	      "import n\n}\n",
	      "x |");
	check("(s) {\n a 1\n}\n(t) {\n b\n}\nx {\n import s\n import t\n d 2\n}\n",
	      "x a(1);b;d(2);|");
	check("(s) {\n a 1\n}\n(l) {\n b 1 2 3 4 5 6 7 8 9\n c\n import s\n}\nx {\n import l\n}\ny "
	      "{\n d\n"
	      " import l\n e\n}\n",
	      "x b(1)(2)(3)(4)(5)(6)(7)(8)(9);c;a(1);|y d;b(1)(2)(3)(4)(5)(6)(7)(8)(9);c;a(1);e;|");
	check("(k) {\n x {\n a\n }\n}\nimport k\n", "x a;|");
	FILE *f = fopen("imported.conf", "w");
	fputs("x {\n a\n}\n", f);
	fclose(f);
	/* A file as the first thing of all, and as the last. */
	check("import imported.conf\nimport imported.conf\n", "x a;|x a;|");
	check("y {\n b\n}\nimport imported.conf", "y b;|x a;|");
	unlink("imported.conf");
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double time_of(size_t blocks)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	fputs("(s) {\n", f);
	for (int i = 0; i < 20; i++)
		fprintf(f, " d%d a b c\n", i);
	fputs("}\n", f);
	for (size_t i = 0; i < blocks; i++)
		fprintf(f, "z%zu.test {\n import s\n}\n", i);
	fclose(f);
	double began = seconds();
	corefile_t *c = parse(text);
	assert_non_null(c);
	assert_int_equal(c->block_count, blocks);
	corefile_overlap_t *o = corefile_overlap_new();
	for (size_t i = 0; i < blocks; i++)
		assert_int_equal(corefile_overlap_add(o, c->blocks[i].keys, "dns",
						      c->blocks[i].keys[0].text, "", "53", false,
						      err, sizeof(err)),
				 0);
	assert_int_not_equal(corefile_overlap_add(o, c->blocks[0].keys, "dns",
						  c->blocks[blocks / 2].keys[0].text, "", "53",
						  false, err, sizeof(err)),
			     0);
	corefile_overlap_free(o);
	corefile_free(c);
	free(text);
	return seconds() - began;
}

/* Eight times as many take about eight times as long: 64 times, where each block walks those before it. */
static void many(void **state)
{
	(void)state;
	double few = time_of(1000);
	for (int i = 0; i < 2; i++) {
		double again = time_of(1000);
		few = again < few ? again : few;
	}
	assert_true(time_of(8000) < 30 * few);
}

static int add(corefile_overlap_t *o, const corefile_token_t *t, const char *zone, const char *host,
	       bool filtered)
{
	return corefile_overlap_add(o, t, "dns", zone, host, "53", filtered, err, sizeof(err));
}

static void overlaps(void **state)
{
	const corefile_token_t first = {"a", "Corefile", 1}, second = {"b", "Corefile", 2};
	corefile_overlap_t *o = corefile_overlap_new();
	(void)state;
	assert_int_equal(add(o, &first, "a.", "", false), 0);
	assert_int_equal(add(o, &second, "b.", "127.0.0.1", false), 0);
	assert_int_equal(add(o, &second, "b.", "127.0.0.2", false), 0);
	assert_int_equal(add(o, &second, "a.", "", true), 0);
	assert_int_not_equal(add(o, &second, "a.", "", false), 0);
	assert_string_equal(err,
			    "Corefile:2 - cannot serve dns://a.:53 - it is already defined, at "
			    "Corefile:1");
	assert_int_not_equal(add(o, &first, "b.", "", false), 0);
	assert_int_not_equal(add(o, &first, "b.", "127.0.0.1", false), 0);
	assert_int_not_equal(add(o, &first, "a.", "127.0.0.1", false), 0);
	corefile_overlap_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(imports), cmocka_unit_test(overlaps),
					   cmocka_unit_test(many)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
