/* Addresses, networks: small values in and out of text. */
#include "test.h"

#include <sodns/setup.h>

static void addresses(void **state)
{
	sodns_address_t a;
	sodns_prefix_t p;
	char text[SODNS_ADDRESS_TEXT_MAX];
	(void)state;
	assert_int_equal(sodns_endpoint_from_text("[2001:db8::1]:5353", 53, &a), 0);
	assert_int_equal(a.port, 5353);
	sodns_address_to_text(&a, text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(sodns_endpoint_from_text("192.0.2.1", 53, &a), 0);
	assert_int_equal(a.port, 53);
	assert_int_equal(sodns_prefix_from_text("192.0.0.0/21", &p), 0);
	assert_true(sodns_prefix_contains(&p, &a));
	assert_int_equal(sodns_prefix_from_text("192.0.8.0/21", &p), 0);
	assert_false(sodns_prefix_contains(&p, &a));
	assert_int_equal(sodns_prefix_from_text("10.0.0.0/33", &p), SODNS_EINVAL);
	assert_int_equal(sodns_address_from_text("1.2.3", &a), SODNS_EINVAL);
	assert_int_equal(sodns_endpoint_from_text("1.2.3.4:70000", 53, &a), SODNS_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
