/*
 * The zone store without memory: each allocation of a load, a change and a deletion fails in turn. What
 * was asked for happens whole, or the zone is what it was; and it can be changed afterwards.
 */
#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include <sodns/zonefile.h>

#include "reclaim/epoch.h"
#include "zone/store.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
char *__real_strdup(const char *s);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
char *__wrap_strdup(const char *s);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);

/* How many allocations go well still; and how many fail then. Negative: all go well. */
static long left = -1, failing;
static unsigned failed;

static bool fails(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	failed++;
	if (!--failing)
		left = -1;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : __real_aligned_alloc(align, n);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(at, len, prot, flags, fd, offset);
}

static const uint8_t origin[] = "\x04zone";
static const uint8_t soa[] =
	"\x02ns\x04zone\0\x04root\x04zone\0\0\0\0\x07\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1";
static char folder[] = "/tmp/sodns-memory-XXXXXX", path[64];

static const uint8_t *wire(const char *text)
{
	static uint8_t out[SODNS_NAME_MAX];
	assert_true(sodns_name_from_text(text, origin, out) > 0);
	return out;
}

/* Everything that a query sees, as text: by the order of names, and each name again by its hash. */
struct seen {
	char text[200000];
	size_t len;
};

static int see(void *arg, const sodns_rrset_t *set)
{
	struct seen *s = arg;
	char name[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(set->owner, name);
	s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%s %u %u %u\n",
				   name, set->type, set->count, set->data[set->data_len - 1]);
	assert_true(s->len < sizeof(s->text));
	return 0;
}

static void look(const sodns_zone_t *z, struct seen *s)
{
	static struct test_query t;
	test_query_make(&t, "zone.", SODNS_TYPE_A);
	const sodns_zone_view_t *v = sodns_zone_view(&t.q, z);
	s->len = 0;
	s->text[0] = 0;
	assert_int_equal(sodns_zone_walk(v, see, s), 0);
	s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%zu %zu\n",
				   sodns_zone_records(z), sodns_zone_names(z));
	for (unsigned i = 0; i < 110; i++) {
		char name[64];
		sodns_zone_match_t m;
		snprintf(name, sizeof(name), "n%u.deep%u.zone.", i, i % 3);
		assert_true(sodns_zone_find(v, wire(name), &m));
		s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%d%u",
					   m.node && sodns_node_has_records(v, m.node),
					   m.encloser_labels);
	}
	test_query_free(&t);
}

static int add(sodns_txn_t *t, const char *name, uint8_t last)
{
	const uint8_t address[4] = {192, 0, 2, last};
	return sodns_txn_add(t, wire(name), SODNS_TYPE_A, 60, address, sizeof(address));
}

/* So many names that a leaf of the order splits, and a table grows. */
static int add_many(sodns_txn_t *t, unsigned from, unsigned to)
{
	char name[64];
	int rc = SODNS_OK;
	for (unsigned i = from; i < to && !rc; i++) {
		snprintf(name, sizeof(name), "n%u.deep%u.zone.", i, i % 3);
		rc = add(t, name, (uint8_t)i);
	}
	return rc;
}

/* Proofs, which are kept apart from names. */
static int add_hashes(sodns_txn_t *t, unsigned from, unsigned to)
{
	static const uint8_t rdata[] = "\1\0\0\0\0\024hash of twenty bytes\0\1\100";
	char name[64];
	int rc = SODNS_OK;
	for (unsigned i = from; i < to && !rc; i++) {
		snprintf(name, sizeof(name), "0p9mhaveqvm6t7vbl5lop2u3t2rp3%03u.zone.", i);
		rc = sodns_txn_add(t, wire(name), 50, 60, rdata, sizeof(rdata) - 1);
	}
	return rc;
}

static int end(sodns_txn_t *t, int rc)
{
	if (!rc)
		return sodns_txn_commit(t);
	/* A caller that goes on all the same does not get a part of it. */
	add(t, "late.zone.", 1);
	rc = sodns_txn_commit(t);
	assert_int_equal(rc, SODNS_ENOMEM);
	return rc;
}

static int first_load(sodns_zone_t *z)
{
	sodns_txn_t *t = sodns_zone_begin(z);
	if (!t)
		return SODNS_ENOMEM;
	int rc = sodns_txn_add(t, origin, SODNS_TYPE_SOA, 60, soa, sizeof(soa) - 1);
	rc = rc ? rc : add_many(t, 0, 70);
	return end(t, rc ? rc : add_hashes(t, 0, 56));
}

/* New names, changed ones, and some that go with all that led to them. */
static int change(sodns_zone_t *z)
{
	static const uint8_t set[] = {0, 4, 10, 0, 0, 1, 0, 4, 10, 0, 0, 2};
	sodns_txn_t *t = sodns_zone_begin(z);
	if (!t)
		return SODNS_ENOMEM;
	int rc = add_many(t, 70, 110);
	rc = rc ? rc : add_hashes(t, 56, 60);
	if (!rc)
		rc = add(t, "a.b.c.d.zone.", 9);
	if (!rc)
		rc = sodns_txn_set(t, wire("n5.deep2.zone."), SODNS_TYPE_A, 5, set, sizeof(set), 2);
	for (unsigned i = 0; i < 70 && !rc; i += 2) {
		char name[64];
		snprintf(name, sizeof(name), "n%u.deep%u.zone.", i, i % 3);
		rc = sodns_txn_remove(t, wire(name), SODNS_TYPE_ANY, NULL, 0);
	}
	return end(t, rc);
}

static int delete_all(sodns_zone_t *z)
{
	char name[64];
	int rc = SODNS_OK;
	sodns_txn_t *t = sodns_zone_begin(z);
	if (!t)
		return SODNS_ENOMEM;
	for (unsigned i = 0; i < 70 && !rc; i++) {
		snprintf(name, sizeof(name), "n%u.deep%u.zone.", i, i % 3);
		rc = sodns_txn_remove(t, wire(name), SODNS_TYPE_ANY, NULL, 0);
	}
	return end(t, rc);
}

static sodns_zone_t *loaded(void)
{
	sodns_zone_t *z = sodns_zone_new(origin);
	assert_non_null(z);
	assert_int_equal(first_load(z), SODNS_OK);
	return z;
}

static void reclaim(void)
{
	for (int i = 0; i < 100 && grace_reclaim(); i++)
		;
}

typedef int (*step_f)(sodns_zone_t *z);

static struct seen before, whole;

/* What the zone is before the step, and behind it. */
static void show(step_f step, bool empty)
{
	sodns_zone_t *z = empty ? sodns_zone_new(origin) : loaded();
	look(z, &before);
	assert_int_equal(step(z), SODNS_OK);
	look(z, &whole);
	sodns_zone_free(z);
	reclaim();
}

/* Allocation n, and `more` after it, fail in the step, or while what it left is collected. */
static bool fail_at(step_f step, bool empty, long n, long more)
{
	static struct seen after;
	sodns_zone_t *z = empty ? sodns_zone_new(origin) : loaded();
	failed = 0;
	failing = more;
	left = n;
	int rc = step(z);
	look(z, &after);
	assert_string_equal(after.text, rc ? before.text : whole.text);
	reclaim();
	bool done = !failed;
	left = -1;
	look(z, &after);
	assert_string_equal(after.text, rc ? before.text : whole.text);
	/* And once more, with memory: what was left behind is in no one's way. */
	if (rc) {
		assert_int_equal(rc, SODNS_ENOMEM);
		assert_int_equal(step(z), SODNS_OK);
	}
	reclaim();
	look(z, &after);
	assert_string_equal(after.text, whole.text);
	sodns_zone_free(z);
	reclaim();
	return done;
}

static void fail_all(step_f step, bool empty)
{
	static const long more[] = {1, 1000000};
	show(step, empty);
	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		long n = 0;
		while (!fail_at(step, empty, n, more[i]))
			n++;
		/* It has allocated indeed. */
		assert_in_range(n, 5, 100000);
	}
}

static void loads(void **state)
{
	(void)state;
	fail_all(first_load, true);
}

static void changes(void **state)
{
	(void)state;
	fail_all(change, false);
}

static void deletions(void **state)
{
	(void)state;
	fail_all(delete_all, false);
}

/* Zones that never come to be. */
static void beginnings(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		left = n;
		failing = 1;
		failed = 0;
		sodns_zone_t *z = sodns_zone_new(origin);
		left = -1;
		assert_true(!z == !!failed);
		sodns_zone_free(z);
		if (z)
			return;
	}
}

/* A file: the zone that was read before is served on, and the reason is said. */
static void files(void **state)
{
	(void)state;
	char err[2048];
	uint32_t serial;
	for (long n = 0;; n++) {
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		fputs("$TTL 60\n@ SOA ns root 1 1 1 1 1\n", f);
		fclose(f);
		sodns_zonefile_t *z = sodns_zonefile_new(origin, path);
		assert_int_equal(sodns_zonefile_read(z, err, sizeof(err)), SODNS_OK);
		f = fopen(path, "w");
		assert_non_null(f);
		fputs("$TTL 60\n@ SOA ns root 22 1 1 1 1\n", f);
		for (int i = 0; i < 100; i++)
			fprintf(f, "n%d A 192.0.2.1\n", i);
		fclose(f);
		err[0] = 0;
		failed = 0;
		failing = 1;
		left = n;
		int rc = sodns_zonefile_read(z, err, sizeof(err));
		left = -1;
		assert_true(sodns_zone_serial(sodns_zonefile_zone(z), &serial));
		assert_int_equal(serial, rc ? 1 : 22);
		assert_true(!rc || strstr(err, "memory"));
		sodns_zonefile_free(z);
		reclaim();
		if (!failed)
			return;
	}
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/zone", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beginnings), cmocka_unit_test(loads), cmocka_unit_test(changes),
		cmocka_unit_test(deletions),  cmocka_unit_test(files),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
