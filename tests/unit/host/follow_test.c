/* Files that are followed: what is read when, what stays, what is said; texts by lines and words. */
#include "test.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/file.h>

#include "report/log.h"
#include "task/service.h"

static char folder[] = "/tmp/sodns-follow-XXXXXX", path[64];
static _Atomic(unsigned) parsed, released, published;

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A number; a line that has another word than one is an error. */
static void *parse(void *arg, sodns_text_t *t)
{
	long sum = 0;
	(void)arg;
	parsed++;
	while (sodns_text_line(t))
		while (sodns_text_word(t)) {
			char *end;
			sum += strtol(t->word, &end, 10);
			if (*end)
				return sodns_text_error(t, "'%s' is no number", t->word);
		}
	long *object = malloc(sizeof(*object));
	*object = sum;
	return object;
}

static void release(void *object)
{
	released++;
	free(object);
}

static void was_published(void *arg, void *object)
{
	(void)arg;
	assert_non_null(object);
	published++;
}

static sodns_follow_t *follow(uint64_t interval)
{
	const sodns_follow_options_t o = {
		.size = sizeof(o),
		.optional = true,
		.plugin = "test",
		.path = path,
		.interval = interval,
		.max = 1000,
		.parse = parse,
		.release = release,
		.published = was_published,
	};
	parsed = published = 0;
	return sodns_follow_new(&o);
}

static void has(const sodns_follow_t *f, long sum)
{
	const long *object = sodns_follow_reach(f);
	assert_non_null(object);
	assert_int_equal(*object, sum);
}

static void fails(sodns_follow_t *f, int rc, const char *end)
{
	char err[512] = "", expected[600];
	snprintf(expected, sizeof(expected), end, path);
	assert_int_equal(sodns_follow_load(f, err, sizeof(err)), rc);
	assert_string_equal(err, expected);
}

static void loads(void **state)
{
	(void)state;
	char err[512], other[80];
	sodns_follow_t *f = follow(0);
	unlink(path);
	fails(f, SODNS_ENOENT, "open %s: no such file or directory");
	assert_null(sodns_follow_reach(f));
	put(path, "\xef\xbb\xbf 1 2 # 3\n\n#4\n5");
	assert_int_equal(sodns_follow_load(f, err, sizeof(err)), 1);
	has(f, 8);
	/* The same text, whatever is done to the file, is not parsed again. */
	assert_int_equal(sodns_follow_load(f, err, sizeof(err)), 0);
	unlink(path);
	put(path, "\xef\xbb\xbf 1 2 # 3\n\n#4\n5");
	assert_int_equal(sodns_follow_load(f, err, sizeof(err)), 0);
	assert_int_equal(parsed, 1);
	/* What is no good leaves all as it is. */
	put(path, "1\n\n x2\n");
	fails(f, SODNS_EINVAL, "%s:3 - 'x2' is no number");
	has(f, 8);
	snprintf(other, sizeof(other), "%s.new", path);
	put(other, "9\n");
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(sodns_follow_load(f, err, sizeof(err)), 1);
	has(f, 9);
	assert_int_equal(published, 2);
	sodns_follow_free(f);
	sodns_follow_free(NULL);
}

/* What is not read: what has no end, or too late a one. */
static void refuses(void **state)
{
	(void)state;
	char err[512], text[1002];
	sodns_follow_t *f = follow(0);
	memset(text, '\n', 1001);
	text[1001] = 0;
	put(path, text);
	fails(f, SODNS_EIO, "read %s: longer than 1000 bytes");
	text[1000] = 0;
	put(path, text);
	assert_int_equal(sodns_follow_load(f, err, sizeof(err)), 1);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	fails(f, SODNS_EIO, "open %s: is a directory");
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	fails(f, SODNS_EIO, "open %s: invalid argument");
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	fails(f, SODNS_EIO, "read %s: longer than 1000 bytes");
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(sodns_follow_load(f, err, sizeof(err)), 1);
	has(f, 0);
	unlink(path);
	sodns_follow_free(f);
}

static void becomes(const sodns_follow_t *f, long sum)
{
	for (int i = 0; i < 20000; i++) {
		const long *object = sodns_follow_reach(f);
		if (object && *object == sum)
			return;
		usleep(1000);
	}
	has(f, sum);
}

/* By the service: a file that comes, is replaced, and lies in a folder that is swapped as the kubelet
 * does it. */
static void follows(void **state)
{
	(void)state;
	char one[80], two[80], data[80], file[128];
	unlink(path);
	sodns_follow_t *f = follow(1000000);
	sodns_follow_start(f);
	put(path, "1");
	becomes(f, 1);
	snprintf(one, sizeof(one), "%s/one", folder);
	snprintf(two, sizeof(two), "%s/two", folder);
	snprintf(data, sizeof(data), "%s/..data", folder);
	mkdir(one, 0700);
	mkdir(two, 0700);
	snprintf(file, sizeof(file), "%s/list", one);
	put(file, "20");
	snprintf(file, sizeof(file), "%s/list", two);
	put(file, "30");
	assert_int_equal(symlink("one", data), 0);
	unlink(path);
	assert_int_equal(symlink("..data/list", path), 0);
	becomes(f, 20);
	snprintf(file, sizeof(file), "%s/..new", folder);
	assert_int_equal(symlink("two", file), 0);
	assert_int_equal(rename(file, data), 0);
	becomes(f, 30);
	unlink(path);
	put(path, "bad");
	for (unsigned n = parsed; parsed == n;)
		usleep(1000);
	has(f, 30);
	put(path, "4");
	becomes(f, 4);
	sodns_follow_free(f);
	unlink(path);
}

/* What is written to the log while the service looks a hundred times at what it can't read. */
static void told(void **state)
{
	(void)state;
	char text[2048] = "", expected[512];
	FILE *out = tmpfile();
	put(path, "1");
	sodns_follow_t *f = follow(1000000);
	sodns_follow_start(f);
	becomes(f, 1);
	log_flush();
	fflush(stdout);
	int before = dup(STDOUT_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	unlink(path);
	usleep(200000);
	put(path, "2");
	becomes(f, 2);
	sodns_follow_free(f);
	log_flush();
	dup2(before, STDOUT_FILENO);
	close(before);
	assert_true(pread(fileno(out), text, sizeof(text) - 1, 0) > 0);
	fclose(out);
	snprintf(expected, sizeof(expected),
		 "[ERROR] plugin/test: open %s: no such file or directory; what was read before "
		 "stays in use\n[INFO] plugin/test: %s is read again\n",
		 path, path);
	assert_string_equal(text, expected);
	unlink(path);
}

static void words(void **state)
{
	(void)state;
	static const char text[] = "\n \t\r\none\ttwo  three#four\n# five\nsi\0x\n";
	static char longest[3 * SODNS_TEXT_WORD_MAX];
	sodns_text_t t = {0};
	sodns_text_begin(&t, text, sizeof(text) - 1);
	assert_true(sodns_text_line(&t));
	assert_int_equal(t.line, 3);
	assert_string_equal(sodns_text_word(&t), "one");
	assert_string_equal(sodns_text_word(&t), "two");
	assert_string_equal(sodns_text_word(&t), "three");
	assert_null(sodns_text_word(&t));
	assert_true(sodns_text_line(&t));
	assert_int_equal(t.line, 5);
	assert_string_equal(sodns_text_word(&t), "si\\000x");
	assert_false(sodns_text_line(&t));
	assert_false(sodns_text_line(&t));
	sodns_text_begin(&t, "", 0);
	assert_false(sodns_text_line(&t));
	assert_null(sodns_text_word(&t));
	/* Words that are not read are passed over with their line. */
	sodns_text_begin(&t, "a b\nc", 5);
	assert_true(sodns_text_line(&t) && sodns_text_line(&t));
	assert_string_equal(sodns_text_word(&t), "c");
	memset(longest, 'x', sizeof(longest));
	memset(longest + sizeof(longest) - 10, 0, 8);
	sodns_text_begin(&t, longest, sizeof(longest));
	assert_true(sodns_text_line(&t));
	assert_true(strlen(sodns_text_word(&t)) < SODNS_TEXT_WORD_MAX);
	assert_null(sodns_text_word(&t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),   cmocka_unit_test(loads), cmocka_unit_test(refuses),
		cmocka_unit_test(follows), cmocka_unit_test(told),
	};
	if (!mkdtemp(folder) || service_start())
		return 1;
	snprintf(path, sizeof(path), "%s/list", folder);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	char command[80];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) || rc;
}
