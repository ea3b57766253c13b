/*
 * What the plugin `probe` (its file is the first argument) has to do, whichever version of the SDK it
 * was built with. Answers are added for what is new, never changed. A second file is the plugin
 * `every`, which names every function that there was and has to load.
 */
#include <sodns/test.h>

#include <stdio.h>

static const char corefile[] = ". {\n"
			       "    metadata\n"
			       "    probe {\n"
			       "        flag\n"
			       "        bool on\n"
			       "        number 9\n"
			       "        duration 1500ms\n"
			       "        string text\n"
			       "        call one two\n"
			       "        fallthrough\n"
			       "    }\n"
			       "}\n";

static void said(sodns_test_t *t, const char *name, const char *text)
{
	char question[64], answer[512];
	snprintf(question, sizeof(question), "%s. TXT", name);
	snprintf(answer, sizeof(answer), "NOERROR aa rd\n%s. 0 IN TXT \"%s\"\n", name, text);
	SODNS_ANSWER(t, question, answer);
}

static void every(const char *file)
{
	sodns_test_plugin("every", file);
	sodns_test_t *t = sodns_test_begin(__FILE__, __LINE__, "every");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "any. A", "NXDOMAIN rd\n");
	sodns_test_end(t);
}

static void refusals(void)
{
	SODNS_REFUSED("probe {\n number 10\n}", "number must be in range [1, 9]: 10");
	SODNS_REFUSED("probe {\n nonsense\n}", "unknown property 'nonsense'");
	SODNS_REFUSED("probe {\n call one\n}",
		      "Wrong argument count or unexpected line ending after 'one'");
}

static void data(sodns_test_t *t)
{
	said(t, "names", "www.a\\\\.b.example.ORG. 21 21 4 1 1 1 1 1 1");
	said(t, "records", "0 MX 300 1 [10 mail.example.] 0 7 4 NXDOMAIN IN 65288");
	said(t, "net", "0 2001:db8::1 5353 1 1 32 37m30s 0");
	said(t, "json", "5 c3a9 -2 1 0");
	said(t, "language", "0 TXT/42 0 3 example host 2");
	said(t, "find", "1 1 wild.zone. 2 0 4 4 7");
	SODNS_ANSWER(t, "www.zone. TXT",
		     "NOERROR aa rd\nwww.zone. 60 IN TXT \"from the zone\"\n"
		     ";authority\nzone. 60 IN NS ns.zone.\n");
}

static void queries(sodns_test_t *t)
{
	SODNS_ANSWER(t, "QUERY. TXT do size=1400 option=65001:6162 from=192.0.2.1",
		     "NOERROR aa rd\nquery. 0 IN TXT \"QUERY. 16 1 0 256 udp 192.0.2.1 dns://:53 . "
		     "/next "
		     "1/1400/1 ab 1400 1 1 0 1 two 9 text 1\"\n;edns 1400 do\n");
	sodns_test_next(t, "NOERROR ra\nwww.example. 60 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "derived. TXT", "NOERROR rd ra cd\nwww.example. 60 IN A 192.0.2.1\n");
	sodns_test_next(t,
			"NOERROR aa ra\nedited. 60 IN A 192.0.2.1\nedited. 60 IN AAAA 2001:db8::1\n"
			";additional\nedited. 60 IN A 192.0.2.2\n");
	SODNS_ANSWER(t, "edited. A do",
		     "NOERROR aa rd ad\nedited. 30 IN A 192.0.2.99\n;edns 4096 do 65002:7a\n");
	sodns_test_next(t, "NOERROR aa\nimage. 60 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "image. A", "NOERROR aa rd\nimage. 50 IN A 192.0.2.1\n");
	said(t, "asked", "0 1 16 probe 0");
	SODNS_ANSWER(t, "failed. TXT", "REFUSED rd\n");
	SODNS_ANSWER(t, "observed. TXT do",
		     "NOERROR aa rd ad\nobserved. 0 IN TXT \"seen\"\n;edns 4096 do\n");
	said(t, "metadata", "a query of type 16");
}

static void waits(sodns_test_t *t)
{
	said(t, "sleep", "0 1500 1");
	sodns_test_upstream(t, "192.0.2.7:53", "NOERROR ra\nwww.example. 60 IN A 192.0.2.1\n", 20);
	SODNS_ANSWER(t, "exchange. A", "NOERROR rd ra\nwww.example. 60 IN A 192.0.2.1\n");
	said(t, "upstream", "1 45 0 0 1");
	said(t, "elsewhere", "0 49 64 1 0 25");
	said(t, "shared", "second 1 1");
	said(t, "shared", "second 1 2");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s PROBE.so [EVERY.so]\n", argv[0]);
		return 2;
	}
	sodns_test_plugin("probe", argv[1]);
	if (argc > 2)
		every(argv[2]);
	refusals();
	sodns_test_t *t = sodns_test_begin(__FILE__, __LINE__, corefile);
	data(t);
	queries(t);
	waits(t);
	const char *metrics = sodns_test_metrics();
	SODNS_CONTAINS(metrics, "probe_total{kind=\"asked\"} ");
	SODNS_CONTAINS(metrics, "probe_gauge 142\n");
	SODNS_CONTAINS(metrics, "probe_histogram_bucket{le=\"2\"} 1\n");
	sodns_test_end(t);
	return sodns_test_result();
}
