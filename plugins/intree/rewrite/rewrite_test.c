/*
 * rewrite: every field, down and up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/test.h>

static void refusals(void)
{
	SODNS_REFUSED("rewrite", "no rule type specified for rewrite");
	SODNS_REFUSED("rewrite answer a b", "response rewrites must begin with a name rule");
	SODNS_REFUSED("rewrite names a b", "invalid rule type \"names\"");
	SODNS_REFUSED("rewrite continue", "continue rule must begin with a rule type");
	SODNS_REFUSED("rewrite name a", "too few arguments for a name rule");
	SODNS_REFUSED("rewrite name fuzzy a b", "name rule supports only exact, prefix, suffix, "
						"substring, and regex name matching, received: "
						"fuzzy");
	SODNS_REFUSED("rewrite name regex (a b", "invalid regex matching pattern: (a");
	SODNS_REFUSED("rewrite name regex (a) {1}{2}",
		      "the rewrite regex pattern ({1}{2}) uses more subexpressions than its "
		      "corresponding matching regex pattern ((a))");
	SODNS_REFUSED("rewrite name suffix a b answer", "invalid arguments for suffix rule");
	SODNS_REFUSED("rewrite name suffix a b answer both x",
		      "invalid type \"both\" for answer rule for suffix rule");
	SODNS_REFUSED("rewrite type AAAAA A", "invalid type \"AAAAA\"");
	SODNS_REFUSED("rewrite type A", "type rules must have exactly two arguments");
	SODNS_REFUSED("rewrite class XX IN", "invalid class \"XX\"");
	SODNS_REFUSED("rewrite edns0 local set code x",
		      "strconv.ParseUint: parsing \"code\": invalid syntax");
	SODNS_REFUSED("rewrite edns0 local set 0xffee {foo}", "unsupported variable name "
							      "\"{foo}\"");
	SODNS_REFUSED("rewrite edns0 local change 1 2", "invalid action: \"change\"");
	SODNS_REFUSED("rewrite edns0 subnet set 33 1",
		      "invalid IPv4 bit mask length 33: it is not in range [0, 32]");
	SODNS_REFUSED("rewrite ttl a. 30-20", "invalid TTL '30-20' for a ttl rule: it is SECONDS, "
					      "MIN-MAX, MIN- or -MAX in range [0, 4294967295]");
	SODNS_REFUSED("rewrite rcode a. FOO NOERROR",
		      "invalid matching RCODE 'FOO' for a rcode rule: it is a name such as "
		      "NXDOMAIN or in range [0, 23]");
	SODNS_REFUSED("rewrite cname a", "too few (1) arguments for a cname rule");
}

/* The next plugin says what it was asked, by way of whoami. */
static void names(void)
{
	sodns_test_t *t = SODNS_TEST(
		"rewrite name exact a.test b.test\n"
		"rewrite continue name suffix .old.test. .mid.test. answer auto\n"
		"rewrite name substring .mid. .new.\n"
		"rewrite name regex (.*)-(east|west)\\.re\\.test\\.$ "
		"{2}.{1}.test\n"
		"whoami");
	SODNS_CONTAINS(sodns_test_ask(t, "A.test. A"), "\n_udp.a.test. 0 IN SRV");
	SODNS_CONTAINS(sodns_test_ask(t, "A.test. A"), "\na.test. 0 IN A");
	SODNS_CONTAINS(sodns_test_ask(t, "x.old.test. A"), "\nx.new.test. 0 IN A");
	SODNS_CONTAINS(sodns_test_ask(t, "api-west.re.test. A"), "\nwest.api.test. 0 IN A");
	SODNS_CONTAINS(sodns_test_ask(t, "api-north.re.test. A"), "\napi-north.re.test. 0 IN A");
	sodns_test_end(t);
	t = SODNS_TEST("rewrite name regex (.*) {1}{1}{1}{1}\nwhoami");
	SODNS_ANSWER(t, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbb. A",
		     "SERVFAIL rd\n");
	sodns_test_end(t);
}

static void answers(void)
{
	sodns_test_t *t = SODNS_TEST("rewrite stop {\n"
				     " name suffix .pub.test. .priv.test.\n"
				     " answer name (.*)\\.priv\\.test\\. {1}.pub.test.\n"
				     " answer value (.*)\\.priv\\.test\\. {1}.shown.test.\n}");
	sodns_test_next(t, "NOERROR\na.priv.test. 5 IN MX 10 mx.priv.test.\n"
			   "b.priv.test. 5 IN SRV 1 2 3 srv.priv.test.\n"
			   "c.priv.test. 5 IN TXT \"a.priv.test.\"\n");
	SODNS_ANSWER(t, "a.pub.test. MX",
		     "NOERROR rd\na.pub.test. 5 IN MX 10 mx.shown.test.\n"
		     "b.pub.test. 5 IN SRV 1 2 3 srv.shown.test.\n"
		     "c.pub.test. 5 IN TXT \"a.priv.test.\"\n");
	sodns_test_end(t);
}

static void other_fields(void)
{
	sodns_test_t *t = SODNS_TEST("rewrite continue type ANY TXT\n"
				     "rewrite continue class CH IN\n"
				     "rewrite continue ttl suffix .test. 30-300\n"
				     "rewrite rcode substring nx. NXDOMAIN NOERROR\n");
	sodns_test_next(t, "NXDOMAIN\nx.test. 5 IN A 192.0.2.1\ny.test. 500 IN A 192.0.2.1");
	SODNS_ANSWER(t, "x.test. A",
		     "NXDOMAIN rd\nx.test. 30 IN A 192.0.2.1\ny.test. 300 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "nx.test. ANY",
		     "NOERROR rd\nx.test. 30 IN A 192.0.2.1\ny.test. 300 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "x.other. A",
		     "NXDOMAIN rd\nx.test. 5 IN A 192.0.2.1\ny.test. 500 IN A 192.0.2.1\n");
	sodns_test_end(t);
}

/* Errors have an rcode, too, and nothing else. */
static void errors(void)
{
	sodns_test_t *t = SODNS_TEST("rewrite rcode a. SERVFAIL REFUSED");
	sodns_test_next(t, "ERROR no luck");
	SODNS_ANSWER(t, "a. A", "REFUSED rd\n");
	SODNS_ANSWER(t, "b. A", "SERVFAIL rd\n");
	sodns_test_end(t);
}

static void options(void)
{
	sodns_test_t *t = SODNS_TEST("a.test {\n rewrite edns0 local set 0xffee 0x61626364\n"
				     " whoami\n}\n"
				     "b.test {\n rewrite edns0 local set 0xffee abcd revert\n"
				     " whoami\n}\n"
				     "c.test {\n rewrite edns0 local append 0xffee {protocol}\n"
				     " whoami\n}\n"
				     "d.test {\n rewrite edns0 local unset 0xffee\n whoami\n}\n");
	static const char zones[] = "abcd";
	for (const char *z = zones; *z; z++) {
		char question[64];
		snprintf(question, sizeof(question), "x.%c.test. A", *z);
		if (strstr(sodns_test_ask(t, question), ";edns"))
			SODNS_ANSWER(t, question, "no OPT record");
		snprintf(question, sizeof(question),
			 "x.%c.test. A do size=1400 option=65518:ff option=3:01", *z);
		SODNS_CONTAINS(sodns_test_ask(t, question), ";edns 1400 do\n");
	}
	sodns_test_end(t);
}

static void targets(void)
{
	sodns_test_file("zone", "@ 5 IN SOA ns h 1 2 3 4 5\n@ NS ns\n"
				"a CNAME x.cdn.test.\nb CNAME y.cdn.test.\n");
	sodns_test_file("net", "@ 5 IN SOA ns h 1 2 3 4 5\n@ NS ns\nx A 192.0.2.7\n");
	sodns_test_t *t = SODNS_TEST("app.test {\n rewrite cname suffix .cdn.test. .net.test.\n"
				     " file zone\n}\nnet.test {\n file net\n}\n");
	SODNS_CONTAINS(sodns_test_ask(t, "a.app.test. A"),
		       "NOERROR aa rd\na.app.test. 5 IN CNAME x.net.test.\n"
		       "x.net.test. 5 IN A 192.0.2.7\n");
	sodns_test_end(t);
}

/* Many exact rules: the first one for a name holds, wherever it is. */
static void many(void)
{
	char *corefile = calloc(1, 100000), *at = corefile;
	for (int i = 0; i < 1000; i++)
		at += sprintf(at, "rewrite %sname exact n%d.test m%d.test\n",
			      i == 500 ? "continue " : "", i, i);
	at += sprintf(at, "rewrite name exact m500.test last.test\n"
			  "rewrite name exact n7.test never.test\nwhoami");
	sodns_test_t *t = SODNS_TEST(corefile);
	SODNS_CONTAINS(sodns_test_ask(t, "n7.test. A"), "\nn7.test. 0 IN A");
	SODNS_CONTAINS(sodns_test_ask(t, "n999.test. A"), "\n_udp.n999.test. 0 IN SRV");
	SODNS_CONTAINS(sodns_test_ask(t, "other.test. A"), "\nother.test. 0 IN A");
	sodns_test_end(t);
	free(corefile);
}

int main(void)
{
	refusals();
	names();
	answers();
	other_fields();
	errors();
	options();
	targets();
	many();
	return sodns_test_result();
}
