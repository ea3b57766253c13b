/*
 * kubernetes: the directive, answers of every kind, changes, and what is dropped by a list.
 */
#include <string.h>

#include <sodns/test.h>

#define NAMESPACES "/api/v1/namespaces"
#define SERVICES "/api/v1/services"
#define SLICES "/apis/discovery.k8s.io/v1/endpointslices"
#define PODS "/api/v1/pods"
#define IMPORTS "/apis/multicluster.x-k8s.io/v1alpha1/serviceimports"

#define META(ns, name) "\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\"}"
#define WEB                                                                                        \
	"{" META("shop",                                                                           \
		 "web") ",\"spec\":{\"clusterIP\":\"10.96.1.1\",\"clusterIPs\":"                   \
			"[\"10.96.1.1\",\"fd00::1\"],\"ports\":[{\"name\":\"http\",\"protocol\":"  \
			"\"TCP\","                                                                 \
			"\"port\":80},{\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":53}]}}"
#define DB                                                                                         \
	"{" META("shop", "db") ",\"spec\":{\"clusterIP\":\"None\",\"clusterIPs\":[\"None\"],"      \
			       "\"ports\":[{\"name\":\"pg\",\"port\":5432}]}}"
#define ALIAS(name, target)                                                                        \
	"{" META("shop", name) ",\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"" target   \
			       "\"}}"
#define SLICE(name, service, endpoints)                                                            \
	"{\"metadata\":{\"namespace\":\"shop\",\"name\":\"" name "\",\"labels\":{"                 \
	"\"kubernetes.io/service-name\":\"" service                                                \
	"\"}},\"addressType\":\"IPv4\",\"endpoints\":[" endpoints                                  \
	"],\"ports\":[{\"name\":\"pg\",\"protocol\":\"TCP\",\"port\":5432}]}"
#define EP(address, more) "{\"addresses\":[\"" address "\"]" more "}"
#define DB_1                                                                                       \
	SLICE("db-1", "db",                                                                        \
	      EP("172.16.0.1", ",\"hostname\":\"db-0\",\"zone\":\"a.b\"") "," EP(                  \
		      "172.16.0.2",                                                                \
		      ",\"conditions\":{\"ready\":true},\"zone\":\"c\"") "," EP("172.16.0.3",      \
										",\"conditions\":" \
										"{\"ready\":"      \
										"false}"))

static void refuses(void)
{
	SODNS_REFUSED("kubernetes cluster.local {\n pods maybe\n}",
		      "wrong value for pods: maybe,  must be one of: disabled, verified, insecure");
	SODNS_REFUSED("kubernetes 10.0.0.0/8", "non-reverse zone name must be used");
	SODNS_REFUSED("kubernetes a\nkubernetes b",
		      "this plugin can only be used once per Server Block");
	SODNS_REFUSED("kubernetes a {\n ttl 3601\n}", "ttl must be in range [0, 3600]: 3601");
	SODNS_REFUSED("kubernetes a {\n ttl x\n}", "strconv.Atoi: parsing \"x\": invalid syntax");
	SODNS_REFUSED("kubernetes a {\n labels a=b, \n}",
		      "couldn't parse the selector string \"a=b,\": found '', expected: identifier "
		      "after ','");
	SODNS_REFUSED("kubernetes a {\n labels a in (b\n}",
		      "unable to parse requirement: found '', expected: ')'");
	SODNS_REFUSED("kubernetes a {\n labels a>1\n}",
		      "\"gt\" is not a valid label selector operator");
	SODNS_REFUSED("kubernetes a {\n namespaces x\n namespace_labels y=z\n}",
		      "namespaces and namespace_labels cannot both be set");
	SODNS_REFUSED("kubernetes a {\n multicluster b\n}",
		      "is not authoritative for the multicluster zone b. (authoritative zones: "
		      "[a.])");
	SODNS_REFUSED("kubernetes a {\n zonal\n noendpoints\n}",
		      "zonal requires the endpoint cache; remove noendpoints");
	SODNS_REFUSED("kubernetes a {\n apiserver_qps x\n}",
		      "invalid apiserver_qps \"x\": strconv.ParseFloat: parsing \"x\": invalid "
		      "syntax");
	SODNS_REFUSED("kubernetes a {\n startup_timeout 5\n}",
		      "failed to parse startup_timeout: 5, time: missing unit in duration \"5\"");
	SODNS_REFUSED("kubernetes a {\n ignore all\n}", "unable to parse ignore value: 'all'");
	SODNS_REFUSED("kubernetes a {\n wildcard\n}", "unknown property 'wildcard'");
}

static void script(void)
{
	sodns_test_api(NAMESPACES, "[{\"metadata\":{\"name\":\"shop\"}}]");
	sodns_test_api(
		SERVICES,
		"[" WEB "," DB "," ALIAS("inside", "web.shop.svc.cluster.local") "," ALIAS(
			"outside",
			"WWW.example.org") "," ALIAS("odd",
						     "192.0.2.1") "," ALIAS("loop",
									    "loop.shop.svc.cluster."
									    "local") "]");
	sodns_test_api(SLICES, "[" DB_1 "]");
	sodns_test_api(PODS, "[{" META("shop", "p1") ",\"status\":{\"podIP\":\"10.0.0.7\"}}]");
}

/* The serial is a time; these answers have none. */
static void answers(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local in-addr.arpa");
	SODNS_ANSWER(t, "web.shop.svc.cluster.local. A",
		     "NOERROR aa rd\nweb.shop.svc.cluster.local. 5 IN A 10.96.1.1\n");
	SODNS_ANSWER(t, "web.shop.svc.cluster.local. AAAA",
		     "NOERROR aa rd\nweb.shop.svc.cluster.local. 5 IN AAAA fd00::1\n");
	SODNS_ANSWER(t, "_http._tcp.web.shop.svc.cluster.local. SRV",
		     "NOERROR aa rd\n_http._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 50 80 "
		     "web.shop.svc.cluster.local.\n;additional\n"
		     "web.shop.svc.cluster.local. 5 IN A 10.96.1.1\n"
		     "web.shop.svc.cluster.local. 5 IN AAAA fd00::1\n");
	SODNS_ANSWER(t, "db.shop.svc.cluster.local. A",
		     "NOERROR aa rd\ndb.shop.svc.cluster.local. 5 IN A 172.16.0.1\n"
		     "db.shop.svc.cluster.local. 5 IN A 172.16.0.2\n");
	SODNS_ANSWER(t, "db-0.db.shop.svc.cluster.local. A",
		     "NOERROR aa rd\ndb-0.db.shop.svc.cluster.local. 5 IN A 172.16.0.1\n");
	SODNS_ANSWER(t, "172-16-0-2.db.shop.svc.cluster.local. A",
		     "NOERROR aa rd\n172-16-0-2.db.shop.svc.cluster.local. 5 IN A 172.16.0.2\n");
	SODNS_ANSWER(t, "_pg._tcp.db.shop.svc.cluster.local. SRV",
		     "NOERROR aa rd\n_pg._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 "
		     "db-0.db.shop.svc.cluster.local.\n"
		     "_pg._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 "
		     "172-16-0-2.db.shop.svc.cluster.local.\n;additional\n"
		     "db-0.db.shop.svc.cluster.local. 5 IN A 172.16.0.1\n"
		     "172-16-0-2.db.shop.svc.cluster.local. 5 IN A 172.16.0.2\n");
	SODNS_ANSWER(
		t, "1.1.96.10.in-addr.arpa. PTR",
		"NOERROR aa rd\n1.1.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.\n");
	SODNS_ANSWER(t, "1.0.16.172.in-addr.arpa. PTR",
		     "NOERROR aa rd\n1.0.16.172.in-addr.arpa. 5 IN PTR "
		     "db-0.db.shop.svc.cluster.local.\n");
	SODNS_ANSWER(t, "inside.shop.svc.cluster.local. A",
		     "NOERROR aa rd\ninside.shop.svc.cluster.local. 5 IN CNAME "
		     "web.shop.svc.cluster.local.\nweb.shop.svc.cluster.local. 5 IN A 10.96.1.1\n");
	SODNS_ANSWER(t, "outside.shop.svc.cluster.local. CNAME",
		     "NOERROR aa rd\noutside.shop.svc.cluster.local. 5 IN CNAME "
		     "WWW.example.org.\n");
	SODNS_ANSWER(t, "dns-version.cluster.local. TXT",
		     "NOERROR aa rd\ndns-version.cluster.local. 28800 IN TXT \"1.1.0\"\n");
	SODNS_ANSWER(t, "cluster.local. AXFR tcp", "REFUSED rd\n");
	SODNS_ANSWER(t, "shop.svc.cluster.local. AXFR tcp", "NOTAUTH rd\n");
	static const char *const missing[] = {
		"absent.shop.svc.cluster.local. A",        "web.none.svc.cluster.local. A",
		"172-16-0-3.db.shop.svc.cluster.local. A", "_x._tcp.db.shop.svc.cluster.local. SRV",
		"odd.shop.svc.cluster.local. A",           "10-0-0-7.shop.pod.cluster.local. A",
		"a.b.c.web.shop.svc.cluster.local. A",     "9.9.9.9.in-addr.arpa. PTR",
	};
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		SODNS_CONTAINS(sodns_test_ask(t, missing[i]), "NXDOMAIN aa rd\n;authority\n");
	static const char *const empty[] = {
		"shop.svc.cluster.local. A",       "svc.cluster.local. A",
		"web.shop.svc.cluster.local. MX",  "loop.shop.svc.cluster.local. A",
		"db.shop.svc.cluster.local. AAAA",
	};
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		SODNS_CONTAINS(sodns_test_ask(t, empty[i]), "NOERROR aa rd\n;authority\n");
	sodns_test_end(t);
}

static void pods(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local {\n pods verified\n ttl 9\n}");
	SODNS_ANSWER(t, "10-0-0-7.shop.pod.cluster.local. A",
		     "NOERROR aa rd\n10-0-0-7.shop.pod.cluster.local. 9 IN A 10.0.0.7\n");
	SODNS_CONTAINS(sodns_test_ask(t, "10-0-0-8.shop.pod.cluster.local. A"), "NXDOMAIN");
	/* one that is being deleted is there until it is gone */
	sodns_test_api_event(PODS, "MODIFIED",
			     "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"p1\","
			     "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},"
			     "\"status\":{\"podIP\":\"10.0.0.9\"}}");
	SODNS_CONTAINS(sodns_test_ask(t, "10-0-0-7.shop.pod.cluster.local. A"), "10.0.0.7");
	sodns_test_api_event(PODS, "DELETED", "{" META("shop", "p1") "}");
	SODNS_CONTAINS(sodns_test_ask(t, "10-0-0-7.shop.pod.cluster.local. A"), "NXDOMAIN");
	sodns_test_end(t);
	t = SODNS_TEST("kubernetes cluster.local {\n pods insecure\n}");
	SODNS_CONTAINS(sodns_test_ask(t, "1-2-3-4.shop.pod.cluster.local. A"), " A 1.2.3.4\n");
	SODNS_CONTAINS(sodns_test_ask(t, "fd00--1.shop.pod.cluster.local. AAAA"),
		       " AAAA fd00::1\n");
	SODNS_CONTAINS(sodns_test_ask(t, "x.shop.pod.cluster.local. A"), "NXDOMAIN");
	sodns_test_end(t);
}

static void changes(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local in-addr.arpa");
	sodns_test_api_event(SLICES, "ADDED", SLICE("db-0", "db", EP("172.16.0.9", "")));
	SODNS_ANSWER(t, "db.shop.svc.cluster.local. A",
		     "NOERROR aa rd\ndb.shop.svc.cluster.local. 5 IN A 172.16.0.9\n"
		     "db.shop.svc.cluster.local. 5 IN A 172.16.0.1\n"
		     "db.shop.svc.cluster.local. 5 IN A 172.16.0.2\n");
	/* an address that is in two slices is answered once */
	sodns_test_api_event(SLICES, "MODIFIED", SLICE("db-0", "db", EP("172.16.0.1", "")));
	SODNS_ANSWER(t, "db.shop.svc.cluster.local. A",
		     "NOERROR aa rd\ndb.shop.svc.cluster.local. 5 IN A 172.16.0.1\n"
		     "db.shop.svc.cluster.local. 5 IN A 172.16.0.2\n");
	SODNS_CONTAINS(sodns_test_ask(t, "9.0.16.172.in-addr.arpa. PTR"), "NXDOMAIN");
	/* it moves to another service */
	sodns_test_api_event(SLICES, "MODIFIED", SLICE("db-0", "web", EP("172.16.0.1", "")));
	SODNS_CONTAINS(sodns_test_ask(t, "172-16-0-1.web.shop.svc.cluster.local. A"),
		       " A 172.16.0.1\n");
	sodns_test_api_event(SERVICES, "DELETED", "{" META("shop", "db") "}");
	SODNS_CONTAINS(sodns_test_ask(t, "db.shop.svc.cluster.local. A"), "NXDOMAIN");
	/* its slices have stayed */
	sodns_test_api_event(SERVICES, "ADDED", DB);
	SODNS_CONTAINS(sodns_test_ask(t, "db.shop.svc.cluster.local. A"), " A 172.16.0.2\n");
	/* a list drops what it does not name */
	sodns_test_api(SLICES, "[]");
	sodns_test_api(SERVICES, "[" WEB "]");
	SODNS_CONTAINS(sodns_test_ask(t, "db.shop.svc.cluster.local. A"), "NXDOMAIN");
	SODNS_CONTAINS(sodns_test_ask(t, "2.0.16.172.in-addr.arpa. PTR"), "NXDOMAIN");
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop.svc.cluster.local. A"), " A 10.96.1.1\n");
	/* objects that are none change nothing */
	sodns_test_api_event(SERVICES, "ADDED", "{\"metadata\":[],\"spec\":7}");
	sodns_test_api_event(SLICES, "ADDED", "[{\"");
	sodns_test_api(NAMESPACES, "[]");
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop.svc.cluster.local. A"), "NXDOMAIN");
	sodns_test_end(t);
	script();
}

/* An address that is in two slices is answered once, whatever came, went and came again in whatever
 * order; and again twice nowhere, when one of the slices has gone. */
static void repetitions(void)
{
	static const struct {
		const char *path, *type, *object;
	} events[] = {
		{SERVICES, "DELETED", "{" META("shop", "db") "}"},
		{SERVICES, "ADDED", DB},
		{SLICES, "MODIFIED",
		 SLICE("db-2", "db", EP("172.16.0.1", "") "," EP("172.16.0.2", ""))},
		{SLICES, "DELETED", "{" META("shop", "db-2") "}"},
		{SERVICES, "MODIFIED",
		 "{" META("shop", "db") ",\"spec\":{\"clusterIP\":\"None\",\"clusterIPs\":"
					"[\"None\"],\"ports\":[{\"name\":\"pg\",\"port\":5433}]}}"},
	};
	const unsigned kinds = sizeof(events) / sizeof(events[0]);
	unsigned answered = 0;
	for (unsigned order = 0; order < 5 * 5 * 5; order++) {
		sodns_test_t *t = SODNS_TEST("kubernetes cluster.local");
		sodns_test_api_event(
			SLICES, "ADDED",
			SLICE("db-2", "db", EP("172.16.0.2", "") "," EP("172.16.0.1", "")));
		for (unsigned i = 0, rest = order; i < 3; i++, rest /= kinds)
			sodns_test_api_event(events[rest % kinds].path, events[rest % kinds].type,
					     events[rest % kinds].object);
		const char *text = sodns_test_ask(t, "db.shop.svc.cluster.local. A");
		const char *first = strstr(text, " A 172.16.0.1\n"),
			   *second = strstr(text, " A 172.16.0.2\n");
		bool once = first && second && !strstr(first + 1, " A 172.16.0.1\n") &&
			    !strstr(second + 1, " A 172.16.0.2\n");
		SODNS_CONTAINS(once ? "NXDOMAIN" : text, "NXDOMAIN");
		answered += once;
		sodns_test_end(t);
		script();
	}
	SODNS_CONTAINS(answered > 60 ? "most are answered" : "few", "most");
}

static void options(void)
{
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local {\n zonal\n}");
	SODNS_CONTAINS(sodns_test_ask(t, "a.b.pin._zone.db.shop.svc.cluster.local. A"),
		       "svc.cluster.local. 5 IN A 172.16.0.1\n");
	SODNS_CONTAINS(sodns_test_ask(t, "x.pin._zone.db.shop.svc.cluster.local. A"),
		       "NOERROR aa rd\n;authority");
	SODNS_CONTAINS(sodns_test_ask(t, "x.prefer._zone.db.shop.svc.cluster.local. A"),
		       "5 IN A 172.16.0.2\n");
	SODNS_CONTAINS(sodns_test_ask(t, "c.pin._zone.web.shop.svc.cluster.local. A"), "NXDOMAIN");
	sodns_test_end(t);
	t = SODNS_TEST("kubernetes cluster.local {\n noendpoints\n ignore empty_service\n}");
	SODNS_CONTAINS(sodns_test_ask(t, "db.shop.svc.cluster.local. A"), "NXDOMAIN");
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop.svc.cluster.local. A"), "NXDOMAIN");
	sodns_test_end(t);
	t = SODNS_TEST("kubernetes cluster.local {\n namespaces other\n fallthrough\n}");
	sodns_test_next(t, "NOERROR\nelse. 1 IN A 192.0.2.9\n");
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop.svc.cluster.local. A"), "192.0.2.9");
	sodns_test_end(t);
}

/* Nothing is known yet: the answers say so. */
static void unsynced(void)
{
	sodns_test_api(SLICES, NULL);
	sodns_test_t *t = SODNS_TEST("kubernetes cluster.local {\n startup_timeout 1ms\n}");
	SODNS_CONTAINS(sodns_test_ask(t, "absent.shop.svc.cluster.local. A"), "SERVFAIL aa rd\n");
	SODNS_CONTAINS(sodns_test_ask(t, "web.shop.svc.cluster.local. A"), " A 10.96.1.1\n");
	sodns_test_api(SLICES, "[]");
	SODNS_CONTAINS(sodns_test_ask(t, "absent.shop.svc.cluster.local. A"), "NXDOMAIN aa rd\n");
	sodns_test_end(t);
}

int main(void)
{
	refuses();
	script();
	answers();
	pods();
	changes();
	repetitions();
	options();
	unsynced();
	return sodns_test_result();
}
