/*
 * Plugins together: what an upstream answers on its way through a whole chain, where one plugin walks
 * what another let in. The input says what is asked and how, and is the answer from behind its
 * question on.
 *
 *	byte 0      which question
 *	byte 1      transport and DO
 *	bytes 2-4   records of each section that the header promises
 *	the rest    records
 *
 * Each is asked twice, so that the second answer comes from the cache.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "message/query.h"
#include "query.h"
#include "upstream/upstream.h"
#include "test/test.h"
#include "system/seam.h"

#define HEAD 5u

static const char corefile[] =
	". {\n"
	"loadbalance\n"
	"cache 30\n"
	"rewrite stop name regex (.*)\\.again\\.test {1}.far.test answer name (.*)\\.far\\.test "
	"{1}.again.test answer value (.*)\\.z\\.test {1}.zz.test\n"
	"rewrite stop name suffix .alias.test. .far.test. answer auto\n"
	"rewrite cname exact target.far.test. host.z.test.\n"
	"rewrite ttl regex (.*) 5-50\n"
	"dns64 {\n translate_all\n allow_ipv4\n}\n"
	"template IN A tmpl.test {\n"
	" match ^(?P<n>.*)\\.tmpl\\.test\\.$\n"
	" answer \"{{ .Name }} 60 IN CNAME {{ .Group.n }}.far.test.\"\n"
	"}\n"
	"file z.zone z.test {\n reload 0\n}\n"
	"forward . 192.0.2.53 {\n max_fails 0\n}\n"
	"}\n";
static const char zone[] = "$TTL 60\n"
			   "@ SOA ns hm 1 2 3 4 5\n"
			   "@ NS ns\n"
			   "ns A 192.0.2.1\n"
			   "host A 192.0.2.2\n"
			   "host AAAA 2001:db8::2\n"
			   "mx A 192.0.2.3\n"
			   "out DNAME far.test.\n"
			   "svc CNAME svc.far.test.\n";

static const char *const questions[] = {
	"svc.z.test HTTPS",    "svc.z.test SVCB",    "svc.z.test MX",    "svc.z.test SRV",
	"svc.z.test A",        "svc.z.test AAAA",    "svc.z.test NAPTR", "svc.z.test NS",
	"a.out.z.test TXT",    "a.out.z.test HTTPS", "a.out.z.test SOA", "a.alias.test CNAME",
	"a.alias.test SRV",    "a.alias.test SOA",   "a.again.test MX",  "a.again.test PTR",
	"a.again.test NAPTR",  "a.tmpl.test A",      "a.tmpl.test AAAA", "a.far.test ANY",
	"a.far.test DNAME",    "a.far.test RRSIG",   "a.far.test NSEC",  "target.far.test CNAME",
	"target.far.test A",   "a.far.test HIP",     "a.far.test LOC",   "a.far.test AMTRELAY",
	"a.far.test IPSECKEY", "a.far.test APL",     "a.far.test NSEC3", "a.far.test TYPE65280",
};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static struct {
	const uint8_t *data;
	size_t len;
} lie;

static size_t question_end(const uint8_t *query, size_t len)
{
	size_t at = 12;
	while (at < len && query[at])
		at += query[at] + 1u;
	return at + 5;
}

static int answer(const sodns_address_t *server, const uint8_t *query, size_t len, uint8_t *out,
		  size_t size, uint32_t *ms)
{
	size_t at = question_end(query, len), n = lie.len - HEAD;
	(void)server;
	*ms = 0;
	if (at > len || at > size)
		return 0;
	n = n < size - at ? n : size - at;
	memcpy(out, query, at);
	out[2] = 0x81;
	out[3] = 0x80;
	memset(out + 6, 0, 6);
	for (unsigned i = 0; i < 3; i++)
		out[7 + 2 * i] = lie.data[2 + i];
	if (n)
		memcpy(out + at, lie.data + HEAD, n);
	return (int)(at + n);
}

static sodns_test_t *begin(void)
{
	static const char *const names[] = {"loadbalance", "cache", "rewrite", "dns64",
					    "template",    "file",  "forward"};
	static char files[sizeof(names) / sizeof(names[0])][256];
	host.plugin_cfg = "/dev/null";
	host.plugin_dir = PLUGINS;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(files[i], sizeof(files[i]), PLUGINS "/%s.so", names[i]);
		sodns_test_plugin(names[i], files[i]);
	}
	/* The fuzzer's paths are relative to where it was started. */
	char *here = getcwd(NULL, 0);
	sodns_test_file("z.zone", zone);
	sodns_test_t *t = sodns_test_begin(__FILE__, __LINE__, corefile);
	if (!t || !here || chdir(here))
		abort();
	free(here);
	seam.exchange = answer;
	return t;
}

/* What is sent to the client can be read by it. */
static void check(const sodns_test_t *t)
{
	static sodns_query_t q;
	static query_shared_t shared;
	if (!t->packet_len)
		return;
	query_begin(&q, &shared, SODNS_TCP);
	if (!sodns_reply_parse(&q, t->packet, t->packet_len))
		abort();
	arena_reset(&shared.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static sodns_test_t *t;
	char question[128];
	if (len < HEAD)
		return 0;
	if (!t)
		t = begin();
	lie.data = data;
	lie.len = len;
	snprintf(question, sizeof(question), "%s%s%s", questions[data[0] % QUESTIONS],
		 data[1] & 1 ? " tcp" : "", data[1] & 2 ? " do" : "");
	for (unsigned i = 0; i < 2; i++)
		if (test_ask_packet(t, question))
			check(t);
	/* Whatever was kept is gone the next time. Services need not know. */
	atomic_fetch_add(&seam.clock, 100000000000u);
	return 0;
}
