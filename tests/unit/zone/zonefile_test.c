/*
 * Master files as a whole: TTLs from where there are any, $GENERATE. Records are compared as text.
 */
#include "zone/zonefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sodns/rr.h>

#define SOA "@ SOA ns hm 1 2 3 4 5\n"

static char out[65536];

static int take(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	char owner[SODNS_NAME_TEXT_MAX], rdata[1024], buf[16];
	size_t n = strlen(out);
	(void)ctx;
	(void)err;
	(void)err_size;
	sodns_name_to_text(rr->owner, owner);
	sodns_rdata_to_text(rr->type, rr->rdata, rr->rdata_len, rdata, sizeof(rdata));
	if (rr->type != SODNS_TYPE_SOA || rr->ttl != 5)
		snprintf(out + n, sizeof(out) - n, "%s %u %s %s\n", owner, rr->ttl,
			 sodns_type_text(rr->type, buf), rdata);
	return 0;
}

/* What a zone "o." has beside a SOA whose TTL is its MINIMUM. */
static void gives(const char *text, const char *expected)
{
	static const uint8_t origin[] = "\1o";
	const zonefile_options_t options = {.origin = origin, .default_ttl = 3600, .soa_ttl = true};
	char err[512] = "";
	out[0] = 0;
	if (zonefile_parse_text("z", text, strlen(text), &options, take, NULL, err, sizeof(err)))
		assert_string_equal(err, expected);
	else
		assert_string_equal(out, expected);
}

static void ttls(void **state)
{
	(void)state;
	gives(SOA "a A 192.0.2.1\n", "a.o. 5 A 192.0.2.1\n");
	gives(SOA "a A 192.0.2.1\nb 9 A 192.0.2.2\nc A 192.0.2.3\n",
	      "a.o. 5 A 192.0.2.1\nb.o. 9 A 192.0.2.2\nc.o. 9 A 192.0.2.3\n");
	gives(SOA "$TTL 7\na A 192.0.2.1\nb 9 A 192.0.2.2\nc A 192.0.2.3\n",
	      "a.o. 7 A 192.0.2.1\nb.o. 9 A 192.0.2.2\nc.o. 7 A 192.0.2.3\n");
	gives("@ 8 SOA ns hm 1 2 3 4 5\na A 192.0.2.1\n",
	      "o. 8 SOA ns.o. hm.o. 1 2 3 4 5\na.o. 8 A 192.0.2.1\n");
	gives("a A 192.0.2.1\n" SOA, "z:1: missing TTL with no previous value");
	gives("a IN A 192.0.2.1\n" SOA "b A 192.0.2.2\n",
	      "a.o. 3600 A 192.0.2.1\nb.o. 5 A 192.0.2.2\n");
}

static void generate(void **state)
{
	(void)state;
	gives(SOA "$GENERATE 1-2 a$ A 192.0.2.$\n", "a1.o. 5 A 192.0.2.1\na2.o. 5 A 192.0.2.2\n");
	gives("$TTL 7\n" SOA "$GENERATE 1-2 a$ A 192.0.2.$\n",
	      "o. 7 SOA ns.o. hm.o. 1 2 3 4 5\na1.o. 7 A 192.0.2.1\na2.o. 7 A 192.0.2.2\n");
	gives(SOA "$GENERATE 1-3/2 ${-1,3} 9 IN TXT \"n$\"\n",
	      "000.o. 9 TXT \"n1\"\n002.o. 9 TXT \"n3\"\n");
	gives(SOA "$GENERATE 31-32 ${0,3,n}.x PTR h${0,4,X}\n",
	      "f.1.x.o. 5 PTR h001F.o.\n0.2.x.o. 5 PTR h0020.o.\n");
	gives(SOA "$GENERATE 300-300 ${0,9,N}.x PTR h\n", "c.2.1.0.0.x.o. 5 PTR h.o.\n");
	gives(SOA "$GENERATE 1-1 a$ MX \"10 m$\"\n", "a1.o. 5 MX 10 m1.o.\n");
	gives(SOA "$GENERATE 1-1 a$ TXT \"10 m$\"\n", "a1.o. 5 TXT \"10 m1\"\n");
	gives(SOA "$GENERATE 1-1 a$ MX \"10 m$ x\"\n", "z:2: bad MX record: \"x\"");
	gives(SOA "$GENERATE 1-1 a$ A ${0,1,q}\n", "z:2: bad modifier in $GENERATE");
	gives(SOA "$GENERATE 2-1 a$ A 192.0.2.1\n", "z:2: bad range in $GENERATE");
}

/* Names in RDATA follow $ORIGIN, whatever their type. */
static void origins(void **state)
{
	(void)state;
	gives(SOA "$ORIGIN sub\na LP 1 b\na IPSECKEY 1 3 0 b\na HIP 2 2001 AAEC b @\na AMTRELAY 1 "
		  "0 3 b\n",
	      "a.sub.o. 5 LP 1 b.sub.o.\na.sub.o. 5 IPSECKEY 1 3 0 b.sub.o.\n"
	      "a.sub.o. 5 HIP 2 2001 AAEC b.sub.o. sub.o.\na.sub.o. 5 AMTRELAY 1 0 3 b.sub.o.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttls),
		cmocka_unit_test(generate),
		cmocka_unit_test(origins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
