/* Names of addresses and networks, there and back; IPv4 within IPv6. */
#include "test.h"

static void addresses(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"192.0.2.1", "1.2.0.192.in-addr.arpa."},
		{"0.0.0.0", "0.0.0.0.in-addr.arpa."},
		{"255.100.10.9", "9.10.100.255.in-addr.arpa."},
		{"2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1."
				       "0.0.2.ip6.arpa."},
		{"::ffff:192.0.2.1",
		 "1.0.2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		 "0.ip6.arpa."},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		sodns_address_t a, back;
		uint8_t name[SODNS_NAME_MAX];
		char text[SODNS_NAME_TEXT_MAX];
		assert_int_equal(sodns_address_from_text(pairs[i][0], &a), 0);
		size_t len = sodns_address_to_reverse(&a, name);
		assert_int_equal(len, sodns_name_length(name));
		sodns_name_to_text(name, text);
		assert_string_equal(text, pairs[i][1]);
		assert_true(sodns_name_is_reverse(name));
		assert_int_equal(sodns_address_from_reverse(name, &back), 0);
		assert_true(sodns_address_equal(&a, &back));
	}
	sodns_address_t none = {0}, a;
	uint8_t name[SODNS_NAME_MAX];
	assert_int_equal(sodns_address_to_reverse(&none, name), 0);
	assert_int_equal(sodns_address_from_reverse(test_wire("1.2.0.192.IN-ADDR.Arpa."), &a), 0);
}

static void no_addresses(void **state)
{
	(void)state;
	static const char *const names[] = {
		"in-addr.arpa.",
		"2.0.192.in-addr.arpa.",
		"1.1.2.0.192.in-addr.arpa.",
		"256.2.0.192.in-addr.arpa.",
		"01.2.0.192.in-addr.arpa.",
		"1000.2.0.192.in-addr.arpa.",
		"x.2.0.192.in-addr.arpa.",
		"1.2.0.192.in-addr.arpa.example.",
		"1.2.0.192.ip6.arpa.",
		"example.",
		".",
		"g.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
		"ba.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
		"0.b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		sodns_address_t a;
		assert_int_equal(sodns_address_from_reverse(test_wire(names[i]), &a), SODNS_EINVAL);
	}
	assert_false(sodns_name_is_reverse(test_wire("arpa.")));
	assert_false(sodns_name_is_reverse(test_wire("xin-addr.arpa.")));
}

static void networks(void **state)
{
	(void)state;
	static const struct {
		const char *network;
		unsigned count;
		const char *first, *last;
	} all[] = {
		{"10.0.0.0/8", 1, "10.in-addr.arpa.", "10.in-addr.arpa."},
		{"10.1.2.3/16", 1, "1.10.in-addr.arpa.", "1.10.in-addr.arpa."},
		{"0.0.0.0/0", 1, "in-addr.arpa.", "in-addr.arpa."},
		{"192.0.2.1", 1, "1.2.0.192.in-addr.arpa.", "1.2.0.192.in-addr.arpa."},
		{"10.0.7.0/22", 4, "4.0.10.in-addr.arpa.", "7.0.10.in-addr.arpa."},
		{"10.0.0.0/9", 128, "0.10.in-addr.arpa.", "127.10.in-addr.arpa."},
		{"128.0.0.0/1", 128, "128.in-addr.arpa.", "255.in-addr.arpa."},
		{"2001:db8::/32", 1, "8.b.d.0.1.0.0.2.ip6.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."},
		{"2001:db8::/30", 4, "8.b.d.0.1.0.0.2.ip6.arpa.", "b.b.d.0.1.0.0.2.ip6.arpa."},
		{"2001:db8::/25", 8, "8.d.0.1.0.0.2.ip6.arpa.", "f.d.0.1.0.0.2.ip6.arpa."},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		sodns_prefix_t p, back;
		uint8_t name[SODNS_NAME_MAX];
		char text[SODNS_NAME_TEXT_MAX];
		assert_int_equal(sodns_prefix_from_text(all[i].network, &p), 0);
		assert_int_equal(sodns_prefix_to_reverse(&p, 0, name), all[i].count);
		sodns_name_to_text(name, text);
		assert_string_equal(text, all[i].first);
		assert_int_equal(sodns_prefix_from_reverse(name, &back), 0);
		assert_true(sodns_prefix_contains(&back, &back.address));
		assert_int_equal(back.bits >= p.bits, 1);
		sodns_prefix_to_reverse(&p, all[i].count - 1, name);
		sodns_name_to_text(name, text);
		assert_string_equal(text, all[i].last);
	}
	sodns_prefix_t none = {.bits = 33, .address.family = 4};
	uint8_t name[SODNS_NAME_MAX];
	assert_int_equal(sodns_prefix_to_reverse(&none, 0, name), 0);
	assert_int_equal(sodns_prefix_from_reverse(test_wire("example."), &none), SODNS_EINVAL);
}

static void mapped(void **state)
{
	(void)state;
	sodns_address_t a, four;
	assert_int_equal(sodns_address_from_text("::ffff:192.0.2.1", &a), 0);
	assert_int_equal(sodns_address_from_text("192.0.2.1", &four), 0);
	a.port = 53;
	assert_true(sodns_address_unmap(&a));
	assert_true(sodns_address_equal(&a, &four));
	assert_int_equal(a.port, 53);
	assert_false(sodns_address_unmap(&a));
	assert_true(sodns_address_map(&a));
	assert_int_equal(a.family, 6);
	assert_false(sodns_address_map(&a));
	assert_true(sodns_address_unmap(&a) && sodns_address_equal(&a, &four));
	assert_int_equal(sodns_address_from_text("::192.0.2.1", &a), 0);
	assert_false(sodns_address_unmap(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(no_addresses),
		cmocka_unit_test(networks),
		cmocka_unit_test(mapped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
