/*
 * Addresses as text: IPv4 is written without the C library, as it writes it.
 */
#include <arpa/inet.h>
#include <string.h>

#include <sodns/net.h>

#include "test.h"

static void ipv4(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 300000; i++) {
		const uint32_t n = i * 2654435761u;
		sodns_address_t a = {.family = 4};
		char text[SODNS_ADDRESS_TEXT_MAX], wanted[INET_ADDRSTRLEN];
		memcpy(a.bytes, &n, 4);
		size_t len = sodns_address_to_text(&a, text);
		assert_string_equal(text, inet_ntop(AF_INET, a.bytes, wanted, sizeof(wanted)));
		assert_int_equal(len, strlen(wanted));
	}
}

static void others(void **state)
{
	sodns_address_t a = {.family = 6};
	char text[SODNS_ADDRESS_TEXT_MAX];
	(void)state;
	assert_int_equal(sodns_address_to_text(&a, text), 2);
	assert_string_equal(text, "::");
	a.family = 0;
	assert_int_equal(sodns_address_to_text(&a, text), 0);
	assert_string_equal(text, "");
}

/* The loopback interface has the name lo and the number 1 everywhere. */
static void malformed(void **state)
{
	static const char *const yes[] = {"1.2.3",      "1",         "127.1",
					  "0x7f000001", "010.0.0.1", "256.1.1.1",
					  "1.2.3.4.5",  "1.2.3.",    "."};
	static const char *const no[] = {"192.0.2.1", "::1",           "example.org", "a.1", "1.a",
					 "",          "1.2.3.example", "0x7fg",       "-1"};
	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(sodns_address_is_malformed(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(sodns_address_is_malformed(no[i]));
}

static void zones(void **state)
{
	static const char *const good[] = {"fe80::1%lo", "fe80::1%1", "ff02::1%lo"};
	static const char *const bad[] = {"fe80::1%",     "fe80::1%nosuch0", "fe80::1%99999999",
					  "fe80::1%1x",   "127.0.0.1%lo",    "%lo",
					  "fe80::1%lo%1", "fe80::1%-1"};
	sodns_address_t a;
	char text[SODNS_ADDRESS_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(sodns_address_from_text(good[i], &a), 0);
		assert_int_equal(a.scope, 1);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sodns_address_from_text(bad[i], &a), SODNS_EINVAL);
	assert_int_equal(sodns_endpoint_from_text("[fe80::1%1]:5353", 53, &a), 0);
	assert_int_equal(a.port, 5353);
	sodns_address_to_text(&a, text);
	assert_string_equal(text, "fe80::1%lo");
	assert_int_equal(sodns_endpoint_from_text("fe80::1%lo", 53, &a), 0);
	assert_int_equal(a.port, 53);
}

/* RFC 6890: the first and the last address of each block, and those beside it. */
static void local(void **state)
{
	static const char *const yes[] = {
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.127.255.255",
		"127.0.0.0",
		"127.255.255.255",
		"169.254.0.0",
		"169.254.255.255",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.0",
		"192.0.0.7",
		"192.168.0.0",
		"192.168.255.255",
		"198.18.0.0",
		"198.19.255.255",
		"::1",
		"64:ff9b:1::",
		"64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
		"2001:2::",
		"2001:2:0:ffff::",
		"5f00::",
		"5f00:ffff::",
		"fc00::",
		"fdff:ffff::",
		"fe80::",
		"febf:ffff::",
	};
	static const char *const no[] = {
		"0.0.0.0",
		"9.255.255.255",
		"11.0.0.0",
		"100.63.255.255",
		"100.128.0.0",
		"126.255.255.255",
		"128.0.0.0",
		"169.253.255.255",
		"169.255.0.0",
		"172.15.255.255",
		"172.32.0.0",
		"191.255.255.255",
		"192.0.0.8",
		"192.0.0.9",
		"192.0.2.1",
		"192.31.196.1",
		"192.52.193.1",
		"192.88.99.1",
		"192.167.255.255",
		"192.169.0.0",
		"192.175.48.1",
		"198.17.255.255",
		"198.20.0.0",
		"198.51.100.1",
		"203.0.113.1",
		"224.0.0.1",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::2",
		"1::1",
		"64:ff9b::",
		"64:ff9b:0:ffff::",
		"64:ff9b:2::",
		"100::1",
		"2001::",
		"2001:1::1",
		"2001:1:ffff::",
		"2001:2:1::",
		"2001:3::",
		"2001:db8::",
		"2001:4860:4860::8888",
		"2002::",
		"2620:4f:8000::",
		"3fff::",
		"5eff::",
		"5f01::",
		"fbff::",
		"fe00::",
		"fe7f::",
		"fec0::",
		"ff02::1",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes) + sizeof(no) / sizeof(*no); i++) {
		bool wanted = i < sizeof(yes) / sizeof(*yes);
		const char *text = wanted ? yes[i] : no[i - sizeof(yes) / sizeof(*yes)];
		sodns_address_t a;
		assert_int_equal(sodns_address_from_text(text, &a), 0);
		if (sodns_address_is_local(&a) != wanted)
			fail_msg("%s", text);
	}
	assert_false(sodns_address_is_local(&(sodns_address_t){.family = 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(ipv4), cmocka_unit_test(others),
					   cmocka_unit_test(malformed), cmocka_unit_test(zones),
					   cmocka_unit_test(local)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
