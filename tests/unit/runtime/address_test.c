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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(ipv4), cmocka_unit_test(others),
					   cmocka_unit_test(zones)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
