/*
 * tsig: what is refused at the start, and what has to be signed. Signatures: tsig_test.py.
 */
#include <sodns/test.h>

#define ARGS "Wrong argument count or unexpected line ending after "

static void refusals(void)
{
	SODNS_REFUSED("tsig {\n secret a\n}", ARGS "'a'");
	SODNS_REFUSED("tsig {\n secret a b c d\n}", ARGS "'d'");
	SODNS_REFUSED("tsig {\n secret a b hmac-md5\n}",
		      ARGS "'hmac-md5' (unknown algorithm 'hmac-md5': it is one of hmac-sha1, "
			   "hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512)");
	sodns_test_end(SODNS_TEST("tsig {\n secret a YQ== HMAC-SHA512.\n}"));
	SODNS_REFUSED("tsig {\n secret a YQ==\n secret A. YQ==\n}",
		      ARGS "'YQ==' (key \"A.\" redefined)");
	SODNS_REFUSED("tsig {\n require\n}", ARGS "'require'");
	SODNS_REFUSED("tsig {\n require AXFR axfr\n}", ARGS "'axfr' (unknown query type 'axfr')");
	SODNS_REFUSED("tsig {\n require TYPE1\n}", ARGS "'TYPE1' (unknown query type 'TYPE1')");
	SODNS_REFUSED("tsig {\n require_opcode NOTICE\n}",
		      ARGS "'NOTICE' (unknown opcode 'NOTICE')");
	SODNS_REFUSED("tsig {\n key a\n}", ARGS "'key' (unknown property 'key')");
	SODNS_REFUSED("tsig\ntsig", "(this plugin can only be used once per Server Block)");
	SODNS_REFUSED("tsig {\n secrets /none\n}", "(open /none: no such file or directory)");
}

static void key_file(const char *text, const char *error)
{
	sodns_test_file("keys", text);
	SODNS_REFUSED("tsig {\n secret a. YQ==\n secrets keys\n}", error);
}

static void key_files(void)
{
	key_file("key", "(1: expected key name \"\")");
	key_file("kay \"b\" {", "(1: unexpected token \"kay\")");
	key_file("key b {\n algorithm x;\n};", "(3: expected secret for key \"b\")");
	key_file("key b {\n secret ;\n};", "(2: expected secret key \";\")");
	key_file("key b {\n secret \"\";\n};", "(2: expected secret key \"\")");
	key_file("key b {\n secret \"YQ==\";\n", "(3: key without end \"\")");
	key_file("key b {\n secret \"YQ==\n", "(2: expected secret key \"YQ==\")");
	key_file("key b {\n sacred x;\n", "(2: unexpected token \"sacred\")");
	key_file("key b {secret YQ==}\n\"", "(2: unexpected token \"\")");
	key_file("key A {secret YQ==}\n", "(key \"A\" redefined)");
	key_file("key a..b {secret YQ==}\n", "(no name: \"a..b\")");
	sodns_test_file("keys", "# one\nkey b { secret YQ== }; key \"c\" { // two\n"
				"algorithm \"hmac-md5\"; /* three\n */ secret \"YQ==\"\n}\n");
	sodns_test_end(SODNS_TEST("tsig {\n secret d !!\n secrets keys\n}"));
}

static void required(void)
{
	sodns_test_t *t = SODNS_TEST("tsig x.test {\n require AXFR MX\n require_opcode NOTIFY\n}");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "a.x.test. MX", "REFUSED rd\n");
	SODNS_ANSWER(t, "a.x.test. SOA notify", "REFUSED\n");
	SODNS_ANSWER(t, "a.x.test. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "a.y.test. MX", "NXDOMAIN rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("tsig {\n require all\n}");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "a. A", "REFUSED rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("tsig {\n require A\n require none\n}");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "a. A", "NXDOMAIN rd\n");
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	key_files();
	required();
	return sodns_test_result();
}
