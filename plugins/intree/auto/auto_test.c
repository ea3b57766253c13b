/*
 * auto: names of files, zones that come, change and go, transfers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/test.h>

static void write_zone(const char *path, unsigned serial, const char *address)
{
	char text[256];
	snprintf(text, sizeof(text), "$TTL 60\n@ SOA ns root %u 1 1 1 1\nns A %s\n", serial,
		 address);
	sodns_test_file(path, text);
}

static void refusals(void)
{
	SODNS_REFUSED("auto {\n directory\n}",
		      "Wrong argument count or unexpected line ending after 'directory'");
	SODNS_REFUSED("auto {\n directory . (.*)\n}",
		      "Wrong argument count or unexpected line ending after '(.*)'");
	SODNS_REFUSED("auto {\n directory . (.*) {1} x\n}",
		      "Wrong argument count or unexpected line ending after 'x'");
	SODNS_REFUSED("auto {\n directory . .* {1}\n}", "Need at least one sub expression");
	SODNS_REFUSED("auto {\n directory . a(b {1}\n}", "at offset 3: `a(b`");
	SODNS_REFUSED("auto {\n reload\n}", "reload duration value is expected");
	SODNS_REFUSED("auto {\n reload x\n}", "time: invalid duration \"x\"");
	SODNS_REFUSED("auto {\n reload -1s\n}",
		      "invalid duration \"-1s\": it must not be negative");
	SODNS_REFUSED("auto {\n fallthrough\n}", "unknown property 'fallthrough'");
}

#define NS(zone, address) "NOERROR aa rd\nns." zone ". 60 IN A " address "\n"
#define NEXT "NXDOMAIN rd\n"

static void life(void)
{
	mkdir("zones", 0700);
	mkdir("zones/sub", 0700);
	write_zone("zones/db.One.test", 1, "192.0.2.1");
	write_zone("zones/sub/db.two.one.test", 1, "192.0.2.2");
	write_zone("zones/sub/db.one.test", 1, "192.0.2.66");
	sodns_test_file("zones/db.broken.test", "@ SOA\n");
	sodns_test_file("zones/other", "");
	sodns_test_t *t = SODNS_TEST("test {\n auto {\n directory zones\n reload 10s\n }\n}");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "ns.one.test. A", NS("one.test", "192.0.2.1"));
	SODNS_ANSWER(t, "ns.two.one.test. A", NS("two.one.test", "192.0.2.2"));
	SODNS_ANSWER(t, "ns.broken.test. A", NEXT);
	SODNS_ANSWER(t, "one.test. AXFR tcp", "REFUSED rd\n");
	write_zone("zones/db.three.test", 1, "192.0.2.3");
	write_zone("zones/db.broken.test", 1, "192.0.2.4");
	write_zone("zones/db.One.test", 2, "192.0.2.5");
	unlink("zones/sub/db.two.one.test");
	sodns_test_advance(t, 5000);
	SODNS_ANSWER(t, "ns.three.test. A", NEXT);
	sodns_test_advance(t, 5001);
	SODNS_ANSWER(t, "ns.three.test. A", NS("three.test", "192.0.2.3"));
	SODNS_ANSWER(t, "ns.broken.test. A", NS("broken.test", "192.0.2.4"));
	SODNS_ANSWER(t, "ns.one.test. A", NS("one.test", "192.0.2.5"));
	SODNS_ANSWER(t, "ns.two.one.test. A",
		     "NXDOMAIN aa rd\n;authority\none.test. 1 IN SOA "
		     "ns.one.test. root.one.test. 2 1 1 1 1\n");
	/* The first file of a zone goes: the second takes its place when its serial is another. */
	write_zone("zones/sub/db.one.test", 3, "192.0.2.6");
	unlink("zones/db.One.test");
	sodns_test_file("zones/db.three.test", "broken");
	sodns_test_advance(t, 10001);
	SODNS_ANSWER(t, "ns.one.test. A", NS("one.test", "192.0.2.6"));
	SODNS_ANSWER(t, "ns.three.test. A", NS("three.test", "192.0.2.3"));
	/* The whole directory. */
	rename("zones", "elsewhere");
	sodns_test_advance(t, 10001);
	SODNS_ANSWER(t, "ns.one.test. A", NEXT);
	sodns_test_end(t);
}

static void templates(void)
{
	mkdir("named", 0700);
	write_zone("named/www.zone.a", 1, "192.0.2.1");
	if (symlink("named", "link"))
		perror("link");
	sodns_test_t *t = SODNS_TEST("auto {\n directory link ^(www)\\.(?P<x>zone)\\.(.)(z)?$ "
				     "{3}-{x}{4}{9}.{1}\n reload 0\n}");
	SODNS_ANSWER(t, "ns.a-zone.www. A", NS("a-zone.www", "192.0.2.1"));
	SODNS_ANSWER(t, "ns.a-zone. A", "REFUSED rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("www {\n auto {\n directory link (zone)\\.. x$1-{0}{bad-name}\n }\n}");
	SODNS_ANSWER(t, "xzone-zone.a{bad-name}. SOA", "REFUSED rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("auto {\n directory missing\n}");
	SODNS_ANSWER(t, "a. A", "REFUSED rd\n");
	sodns_test_end(t);
}

static void transfers(void)
{
	mkdir("xfr", 0700);
	write_zone("xfr/db.one.test", 1, "192.0.2.1");
	sodns_test_t *t = SODNS_TEST("test {\n transfer {\n to * 192.0.2.7\n }\n"
				     " auto {\n directory xfr\n reload 10s\n }\n}");
	sodns_test_upstream(t, "192.0.2.7", "NOERROR aa", 0);
	SODNS_ANSWER(t, "one.test. AXFR tcp",
		     "NOERROR aa rd\none.test. 60 IN SOA ns.one.test. root.one.test. 1 1 1 1 1\n"
		     "ns.one.test. 60 IN A 192.0.2.1\n"
		     "one.test. 60 IN SOA ns.one.test. root.one.test. 1 1 1 1 1\n");
	SODNS_ANSWER(t, "two.test. AXFR tcp", "REFUSED rd\n");
	for (int i = 0; i < 4; i++)
		sodns_test_advance(t, 2100);
	if (sodns_test_upstream_asked(t, "192.0.2.7") != 1)
		SODNS_CONTAINS("not told of the zone at the start", "once");
	write_zone("xfr/db.two.test", 1, "192.0.2.2");
	write_zone("xfr/db.one.test", 2, "192.0.2.2");
	for (int i = 0; i < 4; i++)
		sodns_test_advance(t, 2100);
	if (sodns_test_upstream_asked(t, "192.0.2.7") != 3)
		SODNS_CONTAINS("not told of new and changed zones", "once each");
	SODNS_ANSWER(t, "two.test. IXFR tcp ixfr=1",
		     "NOERROR rd\ntwo.test. 60 IN SOA ns.two.test. root.two.test. 1 1 1 1 1\n");
	for (int i = 0; i < 8; i++)
		sodns_test_advance(t, 2100);
	if (sodns_test_upstream_asked(t, "192.0.2.7") != 3)
		SODNS_CONTAINS("told of what did not change", "nothing");
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	life();
	templates();
	transfers();
	return sodns_test_result();
}
