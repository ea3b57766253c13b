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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(ipv4), cmocka_unit_test(others)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
