/*
 * k8s_external: the directive, answers of every kind beside kubernetes, and the zone as a whole.
 */
#include <sodns/test.h>

#define SERVICES "/api/v1/services"
#define SLICES "/apis/discovery.k8s.io/v1/endpointslices"
#define META(name) "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"" name "\"},"
#define PORTS                                                                                      \
	"\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":80},"                         \
	"{\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":53}]"
#define INGRESS(list) ",\"status\":{\"loadBalancer\":{\"ingress\":[" list "]}}}"
#define SPEC(more) "\"spec\":{\"clusterIP\":\"10.0.0.1\"," more "}"
#define ENDPOINT(address, more) "{\"addresses\":[\"" address "\"]" more "}"
#define SLICE(name, service, endpoints)                                                            \
	"{\"metadata\":{\"namespace\":\"shop\",\"name\":\"" name "\",\"labels\":{"                 \
	"\"kubernetes.io/service-name\":\"" service                                                \
	"\"}},\"addressType\":\"IPv4\",\"endpoints\":[" endpoints                                  \
	"],\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":8080}]}"
#define SOA "ext. 5 IN SOA ns1.dns.ext. hostmaster.dns.ext. 0 7200 1800 86400 5\n"

static void load(void)
{
	sodns_test_plugin(SODNS_TEST_PLUGINS);
	sodns_test_plugin("kubernetes", KUBERNETES);
	sodns_test_plugin("transfer", TRANSFER);
	sodns_test_plugin("hosts", HOSTS);
	sodns_test_file("hosts", "192.0.2.7 target.example\n2001:db8::7 target.example\n");
}

static void script(void)
{
	sodns_test_api("/api/v1/namespaces", "[{\"metadata\":{\"name\":\"shop\"}}]");
	sodns_test_api(
		SERVICES,
		"[" META("web") SPEC("\"externalIPs\":[\"198.51.100.1\"]," PORTS) INGRESS(
			"{\"ip\":\"2001:db8::1\"},{\"ip\":\"198.51.100.1\"},"
			"{\"ip\":\"a..b\"},{}") "," META("host")
			SPEC("\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\","
			     "\"port\":80}]")
				INGRESS("{\"hostname\":\"target.example\"}") "," META("loop") SPEC(
					PORTS) INGRESS("{\"hostname\":"
						       "\"loop.shop.ext\"}") "," META("bare")
					SPEC("\"externalIPs\":"
					     "[\"198.51.100.1\"]") "}," META("inner")
						SPEC(PORTS) "}," META(
							"db") "\"spec\":{\"clusterIP\":\"None\","
							      "\"clusterIPs\":[\"None\"]," PORTS
							      "}}]");
	sodns_test_api(
		SLICES,
		"[" SLICE("db-1", "db",
			  ENDPOINT("172.16.0.1", ",\"hostname\":\"db-0\"") "," ENDPOINT(
				  "172.16.0.2", "")) "," SLICE("db-2", "db",
							       ENDPOINT("172.16.0.2", "")) "]");
}

static void refuses(void)
{
	SODNS_REFUSED("k8s_external ext", "stdin:2 - kubernetes plugin not loaded");
	SODNS_REFUSED("k8s_external ext {\n ttl 3601\n}", "ttl must be in range [0, 3600]: 3601");
	SODNS_REFUSED("k8s_external ext {\n ttl -1\n}", "ttl must be in range [0, 3600]: -1");
	SODNS_REFUSED("k8s_external ext {\n ttl 5s\n}",
		      "strconv.Atoi: parsing \"5s\": invalid syntax");
	SODNS_REFUSED("k8s_external ext {\n ttl 99999999999999999999\n}",
		      "strconv.Atoi: parsing \"99999999999999999999\": value out of range");
	SODNS_REFUSED("k8s_external ext {\n ttl\n}",
		      "Wrong argument count or unexpected line ending after 'ttl'");
	SODNS_REFUSED("k8s_external ext {\n apex\n}",
		      "Wrong argument count or unexpected line ending after 'apex'");
	SODNS_REFUSED("k8s_external ext {\n apex dns.\n}",
		      "apex 'dns.' is not a name without its final dot");
	SODNS_REFUSED("k8s_external ext {\n apex a..b\n}",
		      "apex 'a..b' is not a name without its final dot");
	SODNS_REFUSED("k8s_external ext {\n headless yes\n}", "unknown property 'yes'");
	SODNS_REFUSED("k8s_external ext {\n upstream\n}", "unknown property 'upstream'");
}

static void answers(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local {\n ttl 9\n}\n"
				     "k8s_external ext in-addr.arpa ip6.arpa\nhosts hosts example");
	SODNS_ANSWER(t, "WEB.shop.ext. A", "NOERROR aa rd\nWEB.shop.ext. 5 IN A 198.51.100.1\n");
	SODNS_ANSWER(t, "web.shop.ext. AAAA",
		     "NOERROR aa rd\nweb.shop.ext. 5 IN AAAA 2001:db8::1\n");
	SODNS_ANSWER(t, "web.shop.ext. SRV",
		     "NOERROR aa rd\nweb.shop.ext. 9 IN SRV 0 16 80 web.shop.ext.\n"
		     "web.shop.ext. 9 IN SRV 0 16 53 web.shop.ext.\n;additional\n"
		     "web.shop.ext. 5 IN A 198.51.100.1\nweb.shop.ext. 5 IN AAAA 2001:db8::1\n");
	SODNS_ANSWER(t, "dns._udp.web.shop.ext. A",
		     "NOERROR aa rd\ndns._udp.web.shop.ext. 5 IN A 198.51.100.1\n");
	/* whatever is in front of a service with addresses */
	SODNS_ANSWER(t, "x.web.shop.ext. A",
		     "NOERROR aa rd\nx.web.shop.ext. 5 IN A 198.51.100.1\n");
	SODNS_ANSWER(t, "host.shop.ext. A",
		     "NOERROR aa rd\nhost.shop.ext. 9 IN CNAME target.example.\n"
		     "target.example. 3600 IN A 192.0.2.7\n");
	SODNS_ANSWER(t, "_http._tcp.host.shop.ext. SRV",
		     "NOERROR aa rd\n_http._tcp.host.shop.ext. 9 IN SRV 0 100 80 target.example.\n"
		     ";additional\ntarget.example. 3600 IN A 192.0.2.7\n"
		     "target.example. 3600 IN AAAA 2001:db8::7\n");
	/* a service without ports has addresses, and no SRV */
	SODNS_ANSWER(t, "bare.shop.ext. A", "NOERROR aa rd\nbare.shop.ext. 5 IN A 198.51.100.1\n");
	SODNS_ANSWER(t, "bare.shop.ext. SRV", "NOERROR aa rd\n;authority\n" SOA);
	SODNS_CONTAINS(sodns_test_ask(t, "1.100.51.198.in-addr.arpa. PTR"),
		       "in-addr.arpa. 5 IN PTR web.shop.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "1.100.51.198.in-addr.arpa. PTR"),
		       "in-addr.arpa. 5 IN PTR bare.shop.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "2.100.51.198.in-addr.arpa. PTR"), "NXDOMAIN aa rd\n");
	SODNS_CONTAINS(sodns_test_ask(t, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0."
					 "1.0.0.2.ip6.arpa. PTR"),
		       " PTR web.shop.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop.svc.cluster.local. A"), " A 10.0.0.1\n");
	static const char *const empty[] = {
		"shop.ext. A",      "web.shop.ext. TXT", "dns.ext. A",       "shop.ext. PTR",
		"ns1.dns.ext. TXT", "ext. AXFR tcp",     "web.shop.ext. PTR"};
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		SODNS_ANSWER(t, empty[i], "NOERROR aa rd\n;authority\n" SOA);
	static const char *const missing[] = {
		"inner.shop.ext. A",
		"db.shop.ext. A",
		"absent.shop.ext. A",
		"web.none.ext. A",
		"none.ext. A",
		"_x._tcp.web.shop.ext. A",
		"_http._udp.web.shop.ext. A",
		"a.b.c.web.shop.ext. SRV",
		"ns2.dns.ext. A",
		"a.ns1.dns.ext. A",
		"a.b.c.d.web.shop.ext. A",
	};
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		SODNS_ANSWER(t, missing[i], "NXDOMAIN aa rd\n;authority\n" SOA);
	/* it leads back to itself: not for ever */
	SODNS_CONTAINS(sodns_test_ask(t, "loop.shop.ext. A"), " CNAME loop.shop.ext.\n");
	sodns_test_end(t);
}

static void apex(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local\n"
				     "k8s_external Ext {\n apex Zone\n ttl 60\n}");
	SODNS_ANSWER(t, "eXt. SOA",
		     "NOERROR aa rd\next. 60 IN SOA ns1.Zone.ext. hostmaster.Zone.ext. 0 7200 1800 "
		     "86400 60\n");
	SODNS_CONTAINS(sodns_test_ask(t, "ext. NS"), "\next. 60 IN NS ns1.Zone.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "ns1.zone.ext. MX"), "NOERROR aa rd\n;authority\n");
	SODNS_CONTAINS(sodns_test_ask(t, "ns1.dns.ext. A"), "NXDOMAIN");
	sodns_test_end(t);
	/* the root zone has no such word */
	t = SODNS_TEST("kubernetes cluster.local\nk8s_external");
	SODNS_CONTAINS(sodns_test_ask(t, "dns. A"),
		       "NXDOMAIN aa rd\n;authority\n. 5 IN SOA ns1.dns. hostmaster.dns. 0 ");
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop. A"), " A 198.51.100.1\n");
	sodns_test_end(t);
	/* what is below the word of one zone may be another */
	t = SODNS_TEST("kubernetes cluster.local\nk8s_external ext dns.ext");
	SODNS_CONTAINS(sodns_test_ask(t, "dns.ext. NS"), "NOERROR aa rd\n;authority\ndns.ext. ");
	sodns_test_end(t);
}

static void headless(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local\n"
				     "k8s_external ext {\n headless\n fallthrough shop.ext\n}");
	sodns_test_next(t, "NOERROR\nelse. 1 IN A 192.0.2.9");
	SODNS_ANSWER(t, "db.shop.ext. A",
		     "NOERROR aa rd\ndb.shop.ext. 5 IN A 172.16.0.1\n"
		     "db.shop.ext. 5 IN A 172.16.0.2\n");
	SODNS_ANSWER(t, "_db-0.db.shop.ext. A",
		     "NOERROR aa rd\n_db-0.db.shop.ext. 5 IN A 172.16.0.1\n");
	/* the endpoint of two slices counts twice for the weights, and is there once */
	SODNS_ANSWER(t, "_http._tcp.db.shop.ext. SRV",
		     "NOERROR aa rd\n"
		     "_http._tcp.db.shop.ext. 5 IN SRV 0 33 8080 db-0.db.shop.ext.\n"
		     "_http._tcp.db.shop.ext. 5 IN SRV 0 33 8080 172-16-0-2.db.shop.ext.\n"
		     ";additional\ndb-0.db.shop.ext. 5 IN A 172.16.0.1\n"
		     "172-16-0-2.db.shop.ext. 5 IN A 172.16.0.2\n");
	SODNS_ANSWER(t, "x.db.shop.ext. A", "NOERROR rd\nelse. 1 IN A 192.0.2.9\n");
	SODNS_ANSWER(t, "none.ext. A", "NXDOMAIN aa rd\n;authority\n" SOA);
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop.ext. A"), " A 198.51.100.1\n");
	sodns_test_api_event(SLICES, "DELETED",
			     "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"db-1\",\"labels\":{"
			     "\"kubernetes.io/service-name\":\"db\"}}}");
	SODNS_ANSWER(t, "db.shop.ext. A", "NOERROR aa rd\ndb.shop.ext. 5 IN A 172.16.0.2\n");
	sodns_test_end(t);
	script();
}

/* Addresses that come, move and go; the serial moves with them, not with services. */
static void changes(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local\nk8s_external ext in-addr.arpa");
	sodns_test_api_event(SERVICES, "ADDED",
			     META("new") SPEC("\"externalIPs\":[\"198.51.100.9\"]," PORTS) "}");
	SODNS_ANSWER(t, "new.shop.ext. A", "NOERROR aa rd\nnew.shop.ext. 5 IN A 198.51.100.9\n");
	SODNS_CONTAINS(sodns_test_ask(t, "ext. SOA"), "hostmaster.dns.ext. 0 7200");
	sodns_test_api_event(SERVICES, "MODIFIED",
			     META("new") SPEC(PORTS) INGRESS("{\"ip\":\"198.51.100.8\"}"));
	SODNS_ANSWER(t, "new.shop.ext. A", "NOERROR aa rd\nnew.shop.ext. 5 IN A 198.51.100.8\n");
	SODNS_CONTAINS(sodns_test_ask(t, "9.100.51.198.in-addr.arpa. PTR"), "NXDOMAIN");
	SODNS_CONTAINS(sodns_test_ask(t, "8.100.51.198.in-addr.arpa. PTR"), " PTR new.shop.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "ext. SOA"), "hostmaster.dns.ext. 1");
	sodns_test_api_event(SERVICES, "DELETED", META("new") "\"spec\":{}}");
	SODNS_CONTAINS(sodns_test_ask(t, "new.shop.ext. A"), "NXDOMAIN");
	SODNS_CONTAINS(sodns_test_ask(t, "8.100.51.198.in-addr.arpa. PTR"), "NXDOMAIN");
	sodns_test_end(t);
	script();
}

static void transfers(void)
{
	sodns_test_api(SERVICES,
		       "[" META("host") SPEC("\"ports\":[{\"protocol\":\"TCP\","
					     "\"port\":80}]")
			       INGRESS("{\"hostname\":\"www.target.example\"}") "," META(
				       "db") "\"spec\":{\"clusterIP\":\"None\"," PORTS "}}]");
	sodns_test_t *t = SODNS_TEST("transfer {\n to *\n}\nkubernetes cluster.local\n"
				     "k8s_external ext {\n headless\n}");
	SODNS_CONTAINS(sodns_test_ask(t, "ext. AXFR tcp"),
		       "NOERROR aa rd\n" SOA "ext. 5 IN NS ns1.dns.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "ext. AXFR tcp"),
		       "db.shop.ext. 5 IN A 172.16.0.1\ndb.shop.ext. 5 IN A 172.16.0.2\n"
		       "db.shop.ext. 5 IN SRV 0 33 8080 db-0.db.shop.ext.\n"
		       "db.shop.ext. 5 IN SRV 0 33 8080 db-0.db.shop.ext.\n"
		       "db.shop.ext. 5 IN SRV 0 33 8080 172-16-0-2.db.shop.ext.\n"
		       "db.shop.ext. 5 IN SRV 0 33 8080 172-16-0-2.db.shop.ext.\n"
		       "db-0.db.shop.ext. 5 IN A 172.16.0.1\n"
		       "db-0.db.shop.ext. 5 IN SRV 0 100 8080 db-0.db.shop.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "ext. AXFR tcp"),
		       "_http._tcp.db.shop.ext. 5 IN SRV 0 33 8080 db-0.db.shop.ext.\n"
		       "_http._tcp.db.shop.ext. 5 IN SRV 0 33 8080 172-16-0-2.db.shop.ext.\n"
		       "host.shop.ext. 5 IN CNAME www.target.example.\n"
		       "host.shop.ext. 5 IN CNAME www.target.example.\n"
		       "host.shop.ext. 5 IN SRV 0 100 80 www.target.example.\n"
		       "_._tcp.host.shop.ext. 5 IN SRV 0 100 80 example.\n" SOA);
	SODNS_ANSWER(t, "ext. IXFR tcp ixfr=1", "NOERROR rd\n" SOA);
	SODNS_CONTAINS(sodns_test_ask(t, "ext. IXFR tcp ixfr=0"), "\next. 5 IN NS ns1.dns.ext.\n");
	SODNS_CONTAINS(sodns_test_ask(t, "cluster.local. AXFR tcp"), " SOA ns.dns.cluster.local.");
	SODNS_ANSWER(t, "shop.svc.cluster.local. AXFR tcp", "NOTAUTH rd\n");
	SODNS_ANSWER(t, "cluster.local.shop.svc.cluster.local. AXFR tcp", "NOTAUTH rd\n");
	SODNS_CONTAINS(sodns_test_ask(t, "shop.ext. AXFR tcp"), "NOERROR aa rd\n;authority\n");
	sodns_test_end(t);
	script();
}

int main(void)
{
	load();
	refuses();
	script();
	answers();
	apex();
	headless();
	changes();
	transfers();
	return sodns_test_result();
}
