/*
 * Fair shares: the counts, which client has most after whatever happened, and what makes a client.
 */
#include "test.h"

#include "report/fair.h"

#define CLIENTS 50u
#define CLAIMS 2000u

static sodns_address_t four(unsigned n)
{
	return (sodns_address_t){.family = 4,
				 .bytes = {127, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static unsigned most_of(const unsigned *counts)
{
	unsigned most = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		most = counts[i] > most ? counts[i] : most;
	return most;
}

static void test_any_order(void **state)
{
	static sodns_claim_t claims[CLAIMS];
	static unsigned owner[CLAIMS];
	unsigned counts[CLIENTS] = {0}, count;
	sodns_fair_t *f = sodns_fair_new();
	(void)state;
	srand(7);
	for (unsigned round = 0; round < 100000; round++) {
		unsigned i = (unsigned)rand() % CLAIMS, n = (unsigned)rand() % CLIENTS;
		sodns_address_t a = four(n * n);
		if (sodns_claim_counts(&claims[i])) {
			sodns_fair_release(f, &claims[i]);
			counts[owner[i]]--;
		} else if (round % 5) {
			assert_true(sodns_fair_claim(f, &claims[i], &a));
			owner[i] = n;
			counts[n]++;
			sodns_fair_renew(f, &claims[i]);
		}
		sodns_fair_of(f, &a, &count);
		assert_int_equal(count, counts[n]);
		sodns_fair_most(f, &count);
		assert_int_equal(count, most_of(counts));
	}
	for (unsigned i = 0; i < CLAIMS; i++)
		sodns_fair_release(f, &claims[i]);
	assert_null(sodns_fair_most(f, &count));
	assert_int_equal(count, 0);
	sodns_fair_free(f);
}

static void test_age(void **state)
{
	sodns_fair_t *f = sodns_fair_new();
	sodns_claim_t c[3] = {{{0}}};
	sodns_address_t a = four(1);
	unsigned count;
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		sodns_fair_claim(f, &c[i], &a);
	assert_ptr_equal(sodns_fair_of(f, &a, &count), &c[0]);
	sodns_fair_renew(f, &c[0]);
	assert_ptr_equal(sodns_fair_of(f, &a, &count), &c[1]);
	assert_ptr_equal(sodns_claim_younger(&c[1]), &c[2]);
	assert_ptr_equal(sodns_claim_younger(&c[2]), &c[0]);
	assert_null(sodns_claim_younger(&c[0]));
	sodns_fair_release(f, &c[2]);
	assert_ptr_equal(sodns_claim_younger(&c[1]), &c[0]);
	sodns_fair_release(f, &c[2]);
	sodns_fair_free(f);
}

static bool same(const char *x, const char *y)
{
	sodns_fair_t *f = sodns_fair_new();
	sodns_claim_t c = {{0}};
	sodns_address_t a, b;
	unsigned count;
	assert_false(sodns_address_from_text(x, &a) || sodns_address_from_text(y, &b));
	a.port = 1;
	sodns_fair_claim(f, &c, &a);
	sodns_fair_of(f, &b, &count);
	sodns_fair_free(f);
	return count;
}

static void test_what_is_a_client(void **state)
{
	(void)state;
	assert_true(same("192.0.2.1", "192.0.2.1"));
	assert_false(same("192.0.2.1", "192.0.2.2"));
	assert_true(same("2001:db8::1", "2001:db8::ffff:1:2:3"));
	assert_false(same("2001:db8::1", "2001:db8:0:1::1"));
	assert_false(same("0.0.0.0", "::"));
	fair_ipv4_bits = 24;
	fair_ipv6_bits = 48;
	assert_true(same("192.0.2.1", "192.0.2.255"));
	assert_false(same("192.0.2.1", "192.0.3.1"));
	assert_true(same("2001:db8::1", "2001:db8:0:ffff::1"));
	assert_false(same("2001:db8::1", "2001:db8:1::1"));
	fair_ipv4_bits = 0;
	fair_ipv6_bits = 128;
	assert_true(same("192.0.2.1", "10.0.0.1"));
	assert_false(same("2001:db8::1", "2001:db8::2"));
	fair_ipv4_bits = 32;
	fair_ipv6_bits = 64;
}

static void test_part(void **state)
{
	(void)state;
	assert_int_equal(sodns_fair_part(200), 200);
	fair_percent = 25;
	assert_int_equal(sodns_fair_part(200), 50);
	assert_int_equal(sodns_fair_part(1), 1);
	fair_percent = 100;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_what_is_a_client),
		cmocka_unit_test(test_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
