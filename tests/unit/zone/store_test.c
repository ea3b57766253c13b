/*
 * The zone store against a simple model: random transactions, committed and aborted, read by
 * queries that keep their version, with memory reclaimed in between.
 */
#include "test.h"

#include "reclaim/epoch.h"
#include "zone/store.h"

#define NAMES 60
#define ROUNDS 3000
#define READERS 6

/* What the zone should hold: for each name a bit set of addresses, 0: no records. */
struct model {
	uint32_t at[NAMES];
};

static uint8_t names[NAMES][SODNS_NAME_MAX];
static const uint8_t origin[] = "\x04zone";

static void make_names(void)
{
	static const char *const heads[] = {
		"a", "b", "c.d", "*", "*.d", "x.y.z", "y.z", "deep.er.still.down", "ns", "mail"};
	for (unsigned i = 0; i < NAMES; i++) {
		char text[128];
		snprintf(text, sizeof(text), i % 6 ? "%s.n%u.zone." : "%s.zone.", heads[i / 6],
			 i % 6);
		assert_true(sodns_name_from_text(text, NULL, names[i]) > 0);
	}
}

static void apply(sodns_txn_t *t, struct model *m)
{
	for (int k = rand() % 8; k >= 0; k--) {
		unsigned i = (unsigned)rand() % NAMES, bit = (unsigned)rand() % 8;
		const uint8_t address[4] = {10, 0, 0, (uint8_t)bit},
			      set[6] = {0, 4, 10, 0, 0, (uint8_t)bit};
		switch (rand() % 4) {
		case 0:
			assert_int_equal(sodns_txn_add(t, names[i], SODNS_TYPE_A, 60, address, 4),
					 0);
			m->at[i] |= 1u << bit;
			break;
		case 1:
			sodns_txn_remove(t, names[i], SODNS_TYPE_A, address, 4);
			m->at[i] &= ~(1u << bit);
			break;
		case 2:
			sodns_txn_set(t, names[i], SODNS_TYPE_A, 60, set, sizeof(set), 1);
			m->at[i] = 1u << bit;
			break;
		default:
			sodns_txn_remove(t, names[i], SODNS_TYPE_ANY, NULL, 0);
			m->at[i] = 0;
		}
	}
}

/* Some name at or below this one has records. */
static bool exists(const struct model *m, const uint8_t *name)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (m->at[i] && sodns_name_is_below(names[i], name))
			return true;
	return sodns_name_equal(name, origin);
}

static uint32_t addresses(const sodns_zone_view_t *v, const sodns_node_t *n)
{
	sodns_rrset_t set;
	uint32_t bits = 0;
	if (!sodns_node_set(v, n, origin, SODNS_TYPE_A, 0, &set))
		return 0;
	for (unsigned i = 0; i < set.count; i++)
		bits |= 1u << set.data[i * 6 + 5];
	return bits;
}

static const uint8_t *before(const struct model *m, const uint8_t *name)
{
	const uint8_t *best = NULL;
	for (unsigned i = 0; i < NAMES; i++)
		if (m->at[i] && sodns_name_compare(names[i], name) < 0 &&
		    (!best || sodns_name_compare(names[i], best) > 0))
			best = names[i];
	return best;
}

static void compare(const sodns_zone_view_t *v, const struct model *m)
{
	for (unsigned i = 0; i < NAMES; i++) {
		sodns_zone_match_t match;
		uint8_t found[SODNS_NAME_MAX];
		assert_true(sodns_zone_find(v, names[i], &match));
		assert_int_equal(match.node != NULL, exists(m, names[i]));
		if (match.node)
			assert_int_equal(addresses(v, match.node), m->at[i]);
		const uint8_t *encloser = names[i];
		while (!exists(m, encloser))
			encloser = sodns_name_parent(encloser, 1);
		sodns_node_name(match.encloser, found);
		assert_true(sodns_name_equal(found, encloser));
		const sodns_node_t *previous = sodns_zone_previous(v, names[i]);
		const uint8_t *expected = before(m, names[i]);
		assert_int_equal(previous != NULL, expected != NULL);
		if (previous) {
			sodns_node_name(previous, found);
			assert_true(sodns_name_equal(found, expected));
		}
	}
}

/* A query that was put aside with its version. */
struct reader {
	struct test_query t;
	struct model model;
	const sodns_zone_view_t *view;
};

static void reader_begin(struct reader *r, const sodns_zone_t *z, const struct model *m)
{
	test_query_make(&r->t, "a.zone.", SODNS_TYPE_A);
	r->model = *m;
	r->view = sodns_zone_view(&r->t.q, z);
	test_query_pin(&r->t);
}

static void reader_end(struct reader *r)
{
	compare(r->view, &r->model);
	test_query_unpin(&r->t);
	test_query_free(&r->t);
	r->view = NULL;
}

static void random_changes(void **state)
{
	static struct reader readers[READERS];
	(void)state;
	make_names();
	for (unsigned seed = 1; seed <= 4; seed++) {
		struct model m = {0};
		srand(seed);
		sodns_zone_t *z = sodns_zone_new(origin);
		for (int round = 0; round < ROUNDS; round++) {
			struct model next = m;
			sodns_txn_t *t = sodns_zone_begin(z);
			apply(t, &next);
			bool commit = rand() % 4;
			if (commit)
				sodns_txn_commit(t);
			else
				sodns_txn_abort(t);
			m = commit ? next : m;
			struct reader *r = &readers[rand() % READERS];
			if (r->view)
				reader_end(r);
			else
				reader_begin(r, z, &m);
			if (!(rand() % 8))
				grace_reclaim();
		}
		for (unsigned i = 0; i < READERS; i++)
			if (readers[i].view)
				reader_end(&readers[i]);
		struct reader last = {0};
		reader_begin(&last, z, &m);
		reader_end(&last);
		size_t count = 0;
		for (unsigned i = 0; i < NAMES; i++)
			count += (size_t)__builtin_popcount(m.at[i]);
		assert_int_equal(sodns_zone_records(z), count);
		sodns_zone_free(z);
		while (grace_reclaim())
			;
	}
}

/* The first load in bulk, then small changes: the order holds across both. */
static void bulk_then_changes(void **state)
{
	(void)state;
	sodns_zone_t *z = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(z);
	const uint8_t address[4] = {10, 0, 0, 1};
	uint8_t name[SODNS_NAME_MAX];
	char text[64];
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "h%05d.s%d.zone.", i * 7919 % 20000, i % 13);
		sodns_name_from_text(text, NULL, name);
		assert_int_equal(sodns_txn_add(t, name, SODNS_TYPE_A, 60, address, 4), 0);
	}
	sodns_txn_commit(t);
	assert_int_equal(sodns_zone_records(z), 20000);
	for (int i = 0; i < 2000; i++) {
		t = sodns_zone_begin(z);
		snprintf(text, sizeof(text), "new%d.s%d.zone.", i, i % 13);
		sodns_name_from_text(text, NULL, name);
		sodns_txn_add(t, name, SODNS_TYPE_A, 60, address, 4);
		sodns_txn_commit(t);
		grace_reclaim();
	}
	struct test_query q;
	test_query_make(&q, "zone.", SODNS_TYPE_A);
	const sodns_zone_view_t *v = sodns_zone_view(&q.q, z);
	uint8_t at[SODNS_NAME_MAX], last[SODNS_NAME_MAX] = {0};
	size_t count = 0;
	for (const sodns_node_t *n = sodns_zone_following(v, NULL); n;
	     n = sodns_zone_following(v, at)) {
		sodns_node_name(n, at);
		if (count)
			assert_true(sodns_name_compare(last, at) < 0);
		memcpy(last, at, sizeof(last));
		count++;
	}
	assert_int_equal(count, 22000);
	test_query_free(&q);
	sodns_zone_free(z);
	while (grace_reclaim())
		;
}

/* One that reads for long while others come and go, and names with them: what is in memory is what
 * somebody sees, and the version it reads is what it was. */
static void one_reads_for_long(void **state)
{
	(void)state;
	struct model m = {0};
	static struct reader slow, other;
	srand(5);
	sodns_zone_t *z = sodns_zone_new(origin);
	size_t most = 0;
	for (int round = 0; round < 4000; round++) {
		sodns_txn_t *t = sodns_zone_begin(z);
		apply(t, &m);
		assert_int_equal(sodns_txn_commit(t), SODNS_OK);
		if (round == 20)
			reader_begin(&slow, z, &m);
		if (round % 16 == 5)
			reader_begin(&other, z, &m);
		if (round % 16 == 11)
			reader_end(&other);
		grace_reclaim();
		most = z->heap_objects > most ? z->heap_objects : most;
		if (round > 20 && !(round % 100))
			compare(slow.view, &slow.model);
	}
	/* A name has a node, and at most a state for each of four versions: that of the slow one, the
	 * other one's, the newest, and one that is not graced yet; some names lead to others only. */
	assert_true(most < NAMES * 2 * 5);
	reader_end(&slow);
	sodns_zone_free(z);
	while (grace_reclaim())
		;
}

static void refuses(void **state)
{
	(void)state;
	sodns_zone_t *z = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(z);
	const uint8_t outside[] = "\x05other", address[4] = {0};
	assert_int_equal(sodns_txn_add(t, outside, SODNS_TYPE_A, 1, address, 4), SODNS_EINVAL);
	assert_int_equal(sodns_txn_remove(t, names[0], SODNS_TYPE_A, address, 4), SODNS_ENOENT);
	sodns_txn_abort(t);
	assert_int_equal(sodns_zone_records(z), 0);
	sodns_zone_free(z);
	while (grace_reclaim())
		;
}

/* What a plugin adds may come from anywhere: RDATA are looked at. */
static void malformed_data(void **state)
{
	(void)state;
	static const uint8_t svcb[] = {0, 1, 0x3f};
	static const uint8_t cut[] = {0, 4, 1, 2, 3}, twice[] = {0, 4, 1, 2, 3, 4, 0, 3, 1, 2, 3};
	sodns_zone_t *z = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(z);
	assert_int_equal(sodns_txn_add(t, origin, SODNS_TYPE_HTTPS, 1, svcb, 3), SODNS_EINVAL);
	assert_int_equal(sodns_txn_add(t, origin, SODNS_TYPE_A, 1, svcb, 3), SODNS_EINVAL);
	assert_int_equal(sodns_txn_set(t, origin, SODNS_TYPE_A, 1, cut, sizeof(cut), 1),
			 SODNS_EINVAL);
	assert_int_equal(sodns_txn_set(t, origin, SODNS_TYPE_A, 1, twice, sizeof(twice), 2),
			 SODNS_EINVAL);
	assert_int_equal(sodns_txn_set(t, origin, SODNS_TYPE_A, 1, twice, 6, 2), SODNS_EINVAL);
	assert_int_equal(sodns_txn_set(t, origin, SODNS_TYPE_A, 1, twice, 6, 1), SODNS_OK);
	sodns_txn_commit(t);
	assert_int_equal(sodns_zone_records(z), 1);
	sodns_zone_free(z);
}

/* Two that differ in the letter case of a name are one; a change takes it away by either. */
static void letter_case(void **state)
{
	(void)state;
	static const uint8_t low[] = "\0\1\1a\0\0\3\0\2\0\x35", high[] = "\0\1\1A\0\0\3\0\2\0\x35",
			     other[] = "\0\1\1b\0\0\3\0\2\0\x35";
	sodns_zone_t *z = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(z);
	uint16_t len = sizeof(low) - 1;
	assert_int_equal(sodns_txn_add(t, origin, SODNS_TYPE_SVCB, 1, low, len), SODNS_OK);
	assert_int_equal(sodns_txn_add(t, origin, SODNS_TYPE_SVCB, 1, high, len), SODNS_OK);
	assert_int_equal(sodns_txn_add(t, origin, SODNS_TYPE_SVCB, 1, other, len), SODNS_OK);
	sodns_txn_commit(t);
	assert_int_equal(sodns_zone_records(z), 2);
	t = sodns_zone_begin(z);
	assert_int_equal(sodns_txn_remove(t, origin, SODNS_TYPE_SVCB, high, len), SODNS_OK);
	sodns_txn_commit(t);
	assert_int_equal(sodns_zone_records(z), 1);
	sodns_zone_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes),     cmocka_unit_test(bulk_then_changes),
		cmocka_unit_test(one_reads_for_long), cmocka_unit_test(refuses),
		cmocka_unit_test(malformed_data),     cmocka_unit_test(letter_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
