/*
 * What the parent believes the Corefile to name.
 */
#include "test.h"

#include "host/host.h"

static void set(const char *text)
{
	host.port = "5300";
	host.stdin_text = (char *)(uintptr_t)text;
	host.stdin_len = strlen(text);
}

static void test_files(void **state)
{
	(void)state;
	set("(keys) {\n tls cert.pem /etc/keys/{$NAMED}.pem\n}\n"
	    "tls://a.org {\n root /srv/zones\n import keys\n no_such_plugin \"with space.pem\"\n}\n"
	    "tls://b.org {\n root /srv/b\n tls b.pem ../b.key # comment.pem\n}\n");
	setenv("NAMED", "key", 1);
	static const char *const yes[] = {"cert.pem",          "/srv/zones/cert.pem",
					  "/etc/keys/key.pem", "with space.pem",
					  "/srv/b/b.pem",      "/srv/b/../b.key"};
	static const char *const no[] = {"",
					 "/etc/passwd",
					 "key.pem",
					 "/etc/keys/other.pem",
					 "/srv/b/cert.pem",
					 "/srv/zones/b.pem",
					 "/srv/zones/",
					 "/srv/zones//etc/keys/key.pem",
					 "/srv/b/comment.pem",
					 "/etc/keys/{$NAMED}.pem"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(corefile_names_file(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(corefile_names_file(no[i]));
	set("tls://a.org {\n tls /a.pem\n");
	assert_false(corefile_names_file("/a.pem"));
}

static void test_ports(void **state)
{
	(void)state;
	set(". tls://a.org {\n health :80\n bind 127.0.0.1\n prometheus [::1]:82\n cache 44\n}\n"
	    "b.org:54 {\n}\n");
	static const uint16_t yes[] = {5300, 853, 80, 82, 54}, no[] = {53, 44, 1, 22, 0, 443};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(corefile_names_port(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(corefile_names_port(no[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_files),
					   cmocka_unit_test(test_ports)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
