/*
 * autopath: the search path of a file, or of a plugin, tried in one query.
 */
#include <stdio.h>

#include <sodns/test.h>

#define SUCCESS "coredns_autopath_success_total{server=\"dns://:53\"} "
#define SEARCH "search one.test two.test three.test\n"

static void load(void)
{
	sodns_test_plugin(SODNS_TEST_PLUGINS);
	sodns_test_plugin("cache", CACHE);
	sodns_test_plugin("template", TEMPLATE);
	sodns_test_plugin("hosts", HOSTS);
	sodns_test_plugin("forward", FORWARD);
	sodns_test_plugin("kubernetes", KUBERNETES);
	sodns_test_plugin("erratic", ERRATIC);
	sodns_test_file("search", SEARCH);
	sodns_test_file("hosts", "192.0.2.3 www.three.test\n192.0.2.4 www.example\n");
}

static void refusals(void)
{
	SODNS_REFUSED("autopath", "stdin:2 - Error during parsing: no resolv-conf specified");
	SODNS_REFUSED("autopath /none.conf", "stdin:2 - failed to parse \"/none.conf\": open "
					     "/none.conf: no such file or directory");
	SODNS_REFUSED("autopath @hosts\nhosts hosts",
		      "stdin:2 - hosts does not implement the AutoPather interface");
	SODNS_REFUSED("autopath @autopath",
		      "stdin:2 - autopath does not implement the AutoPather interface");
}

static void walks(void)
{
	sodns_test_file("remarks", "domain other\n# a remark\n\tsearch  One.test two.test\n");
	sodns_test_t *t = SODNS_TEST("autopath test remarks");
	sodns_test_next(t, "NXDOMAIN aa");
	SODNS_ANSWER(t, "www.one.test. A", "NXDOMAIN aa rd\n");
	SODNS_ANSWER(t, "one.test. A", "SERVFAIL rd\n");
	sodns_test_next(t, "NOERROR aa\nwww.two.test. 30 IN A 192.0.2.1");
	SODNS_ANSWER(t, "WWW.one.test. A",
		     "NOERROR aa rd\nWWW.one.test. 30 IN CNAME www.two.test.\n"
		     "www.two.test. 30 IN A 192.0.2.1\n");
	SODNS_CONTAINS(sodns_test_metrics(), SUCCESS "1\n");
	/* other names, and other elements, pass */
	SODNS_ANSWER(t, "www.two.test. A", "NOERROR aa rd\nwww.two.test. 30 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "www.one. A", "NOERROR aa rd\nwww.two.test. 30 IN A 192.0.2.1\n");
	/* silence, and errors that say why, are the answer */
	sodns_test_next(t, "DROP");
	SODNS_ANSWER(t, "www.one.test. A", "DROP\n");
	sodns_test_next(t, "ERROR no way");
	SODNS_ANSWER(t, "www.one.test. A", "SERVFAIL rd\n");
	SODNS_CONTAINS(sodns_test_metrics(), SUCCESS "1\n");
	sodns_test_end(t);
}

/* A plugin that is not there knows no search path. */
static void absent(void)
{
	sodns_test_t *t = SODNS_TEST("autopath @kubernetes\nhosts hosts example");
	SODNS_ANSWER(t, "www.example. A", "NOERROR aa rd\nwww.example. 3600 IN A 192.0.2.4\n");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "www.example.ns.svc.cluster.local. A from=10.0.0.7", "NXDOMAIN rd\n");
	sodns_test_end(t);
}

#define RULE(zone, rcode) "template ANY ANY " zone " {\n rcode " rcode "\n}\n"

/* Rcodes that a plugin gives are as if the name were not there; the last one is the first's. */
static void codes(void)
{
	static const char *const all[] = {"SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"};
	char config[512], expected[64];
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(config, sizeof(config),
			 "autopath search\n" RULE("one.test", "NXDOMAIN")
				 RULE("two.test", "%s") "hosts hosts test",
			 all[i]);
		sodns_test_t *t = SODNS_TEST(config);
		SODNS_ANSWER(t, "www.one.test. A",
			     "NOERROR aa rd\nwww.one.test. 3600 IN CNAME www.three.test.\n"
			     "www.three.test. 3600 IN A 192.0.2.3\n");
		sodns_test_end(t);
		snprintf(config, sizeof(config),
			 "autopath search\n" RULE("one.test", "%s") RULE(".", "NXDOMAIN"), all[i]);
		snprintf(expected, sizeof(expected), "%s rd\n", all[i]);
		t = SODNS_TEST(config);
		SODNS_ANSWER(t, "www.one.test. A", expected);
		sodns_test_end(t);
	}
}

/* Another server's are its answer. */
static void received(void)
{
	sodns_test_t *t = SODNS_TEST("autopath search\n" RULE(
		"one.test", "NXDOMAIN") "forward two.test 192.0.2.53\nhosts hosts three.test");
	sodns_test_upstream(t, "192.0.2.53:53", "REFUSED", 0);
	SODNS_ANSWER(t, "www.one.test. A", "REFUSED rd\n");
	sodns_test_upstream(t, "192.0.2.53:53", "SERVFAIL ra", 0);
	SODNS_ANSWER(t, "www.one.test. A", "SERVFAIL rd ra\n");
	sodns_test_upstream(t, "192.0.2.53:53", "NOERROR ra", 0);
	SODNS_ANSWER(t, "www.one.test. A", "NOERROR rd ra\n");
	sodns_test_upstream(t, "192.0.2.53:53", "NXDOMAIN ra", 0);
	SODNS_CONTAINS(sodns_test_ask(t, "www.one.test. A"), " CNAME www.three.test.\n");
	sodns_test_upstream(t, "192.0.2.53:53", "NOERROR ra\nwww.two.test. 60 IN A 192.0.2.2", 0);
	SODNS_ANSWER(t, "Www.one.test. A",
		     "NOERROR rd ra\nWww.one.test. 60 IN CNAME www.two.test.\n"
		     "www.two.test. 60 IN A 192.0.2.2\n");
	/* a chain leads on from the name that was found */
	sodns_test_upstream(t, "192.0.2.53:53",
			    "NOERROR ra\nwww.two.test. 60 IN CNAME x.\nx. 60 IN A 192.0.2.2", 0);
	SODNS_ANSWER(t, "www.one.test. A",
		     "NOERROR rd ra\nwww.one.test. 60 IN CNAME www.two.test.\n"
		     "www.two.test. 60 IN CNAME x.\nx. 60 IN A 192.0.2.2\n");
	sodns_test_end(t);
}

/* The cache, below, keeps each try. Where the first one is found by an alias, it is there twice, as
 * with CoreDNS. */
static void cached(void)
{
	sodns_test_t *t = SODNS_TEST(
		"cache\nautopath search\n" RULE("one.test", "NXDOMAIN") "forward . 192.0.2.53");
	sodns_test_upstream(t, "192.0.2.53:53",
			    "NOERROR ra\nweb.two.test. 60 IN CNAME web.\nweb. 60 IN A 192.0.2.1",
			    0);
	SODNS_ANSWER(t, "web.one.test. A",
		     "NOERROR rd ra\nweb.one.test. 60 IN CNAME web.two.test.\n"
		     "web.two.test. 60 IN CNAME web.\nweb. 60 IN A 192.0.2.1\n");
	unsigned asked = sodns_test_upstream_asked(t, "192.0.2.53:53");
	sodns_test_advance(t, 5000);
	SODNS_ANSWER(t, "WEB.one.test. A",
		     "NOERROR aa rd ra\nWEB.one.test. 55 IN CNAME web.two.test.\n"
		     "web.two.test. 55 IN CNAME web.\nweb. 55 IN A 192.0.2.1\n");
	SODNS_CONTAINS(sodns_test_ask(t, "web.two.test. A"), " IN A 192.0.2.1\n");
	if (sodns_test_upstream_asked(t, "192.0.2.53:53") != asked)
		SODNS_CONTAINS("asked again", "answered from the cache");
	sodns_test_end(t);
	t = SODNS_TEST("autopath search\nforward . 192.0.2.53");
	sodns_test_upstream(t, "192.0.2.53:53",
			    "NOERROR ra\nweb.one.test. 60 IN CNAME web.\nweb. 60 IN A 192.0.2.1",
			    0);
	SODNS_ANSWER(t, "web.one.test. A",
		     "NOERROR rd ra\nweb.one.test. 60 IN CNAME web.\n"
		     "web.one.test. 60 IN CNAME web.\nweb. 60 IN A 192.0.2.1\n");
	sodns_test_end(t);
}

/* As many as 32 elements of a list are tried, and the name by itself. */
static void limit(void)
{
	char text[1024];
	for (int elements = 32; elements < 35; elements++) {
		size_t n = (size_t)snprintf(text, sizeof(text), "search");
		for (int i = 0; i < elements - 1; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " e%d.test", i);
		snprintf(text + n, sizeof(text) - n, " three.test\n");
		sodns_test_file("many", text);
		sodns_test_t *t = SODNS_TEST("autopath many\nhosts hosts three.test example");
		sodns_test_next(t, "NXDOMAIN aa");
		SODNS_CONTAINS(sodns_test_ask(t, "www.e0.test. A"),
			       elements == 32 ? " CNAME www.three.test.\n" : "NXDOMAIN aa rd\n");
		SODNS_CONTAINS(sodns_test_ask(t, "www.example.e0.test. A"),
			       " CNAME www.example.\n");
		sodns_test_end(t);
	}
}

/* A try that would be too long to be a name is left out. */
static void too_long(void)
{
#define SIXTY "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
	sodns_test_file("long", "search one.test " SIXTY "." SIXTY ".test two.test\n");
	sodns_test_t *t = SODNS_TEST("autopath long\n" RULE("one.test", "NXDOMAIN"));
	sodns_test_next(t, "NOERROR\nx.two.test. 30 IN A 192.0.2.1");
	SODNS_CONTAINS(sodns_test_ask(t, SIXTY "." SIXTY "." SIXTY ".one.test. A"),
		       " CNAME x.two.test.\n");
	sodns_test_end(t);
}

/* erratic's search path is the same for all, and the host's does not follow. */
static void erratic(void)
{
	sodns_test_t *t = SODNS_TEST("autopath @erratic\n" RULE("a.example.org", "NXDOMAIN") RULE(
		"b.example.org", "NXDOMAIN") "erratic {\n drop 0\n}");
	SODNS_ANSWER(t, "foo.a.example.org. A",
		     "NOERROR aa rd\nfoo.a.example.org. 0 IN CNAME foo.\nfoo. 0 IN A 192.0.2.53\n");
	SODNS_ANSWER(t, "foo.b.example.org. A", "NXDOMAIN aa rd\n");
	sodns_test_end(t);
	t = SODNS_TEST(
		"autopath @erratic\n" RULE("a.example.org", "NXDOMAIN") "erratic {\n drop 0\n}");
	SODNS_ANSWER(t, "foo.a.example.org. AAAA",
		     "NOERROR aa rd\nfoo.a.example.org. 0 IN CNAME foo.b.example.org.\n"
		     "foo.b.example.org. 0 IN AAAA 2001:db8::53\n");
	sodns_test_end(t);
}

int main(void)
{
	load();
	refusals();
	walks();
	absent();
	codes();
	received();
	cached();
	limit();
	too_long();
	erratic();
	return sodns_test_result();
}
