/*
 * The table of types: every type's RDATA from text to bytes and back, relative names, generic forms,
 * and what must be refused.
 */
#include "message/rdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include <sodns/rr.h>

#define TEXT_SIZE 4096

/* One record of each type, its names below the origin "o." written in full; and, where a standard
 * gives it, what the bytes are. */
static const struct sample {
	const char *type, *text, *hex;
} samples[] = {
	{"A", "192.0.2.1", "c0000201"},
	{"NS", "ns.o.", "026e73016f00"},
	{"MD", "a.o.", NULL},
	{"MF", "a.o.", NULL},
	{"CNAME", "a.o.", NULL},
	{"SOA", "ns.o. hm.o. 1 2 3 4 5", NULL},
	{"MB", "a.o.", NULL},
	{"MG", "a.o.", NULL},
	{"MR", "a.o.", NULL},
	{"WKS", "192.0.2.1 TCP smtp telnet 80", "c0000201060000014000000000000080"},
	{"PTR", "a.o.", NULL},
	{"HINFO", "cpu \"o s\"", "03637075036f2073"},
	{"MINFO", "a.o. b.o.", NULL},
	{"MX", "10 a.o.", NULL},
	{"TXT", "a \"b c\" \\100", "0161036220630164"},
	{"RP", "a.o. b.o.", NULL},
	{"AFSDB", "1 a.o.", NULL},
	{"X25", "311061700956", NULL},
	{"ISDN", "150862028003217 004", NULL},
	{"ISDN", "150862028003217", NULL},
	{"RT", "2 a.o.", NULL},
	{"NSAP", "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
	 "47000580005a0000000001e133ffffff00016100"},
	{"NSAP-PTR", "a.o.", NULL},
	{"SIG", "A RSASHA1 2 300 20300101000000 20200101000000 7 a.o. AAEC", NULL},
	{"KEY", "256 3 ED25519 AAEC", "0100030f000102"},
	{"PX", "10 a.o. b.o.", NULL},
	{"GPOS", "-32.6882 116.8652 10.0", NULL},
	{"AAAA", "2001:db8::1", NULL},
	{"LOC", "42 21 54 N 71 06 18 W -24m 30m", "0033161389172dd070be15f000988d20"},
	{"LOC", "51 30 12.748 N 0 7 39.612 W 0.00", NULL},
	{"NXT", "a.o. A MX NXT", NULL},
	{"NXT", "a.o.", NULL},
	{"NXT", "a.o. 127", NULL},
	{"EID", "0102", NULL},
	{"NIMLOC", "0102", NULL},
	{"SRV", "0 1 53 a.o.", NULL},
	{"ATMA", "+358.400.1234567", "0133353834303031323334353637"},
	{"ATMA", "39246f000e7c9c031200010001000012345678", NULL},
	{"NAPTR", "100 50 \"s\" \"http+N2L\" \"\" a.o.", NULL},
	{"KX", "1 a.o.", NULL},
	{"CERT", "PGP 0 0 AAEC", "0003000000000102"},
	{"A6", "64 ::1 a.o.", "400000000000000001016101 6f00"},
	{"A6", "0 2001:db8::1", NULL},
	{"DNAME", "a.o.", NULL},
	{"SINK", "8 0 2 AAEC", NULL},
	{"APL", "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::0/8",
	 "00011503c0a82000011c83c0a826000208 01ff"},
	{"APL", "", ""},
	{"DS", "1 RSASHA256 2 0102", "0001080201 02"},
	{"SSHFP", "1 1 01 02", NULL},
	{"IPSECKEY", "10 1 2 192.0.2.38 AAEC", "0a0102c0000226000102"},
	{"IPSECKEY", "10 0 2 . AAEC", "0a0002000102"},
	{"IPSECKEY", "10 3 2 a.o. AAEC", "0a03020161016f00000102"},
	{"IPSECKEY", "10 2 0 2001:db8::1", NULL},
	{"RRSIG", "TYPE1234 8 2 1h 20300101000000 20200101000000 7 a.o. AAEC", NULL},
	{"NSEC", "a.o. A RRSIG TYPE1234", NULL},
	{"NSEC", "a.o.", NULL},
	{"DNSKEY", "257 3 8 AAEC", NULL},
	{"DHCID", "AAEC", NULL},
	{"NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS", NULL},
	{"NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr", NULL},
	{"NSEC3PARAM", "1 0 12 aabbccdd", "0100000c04aabbccdd"},
	{"NSEC3PARAM", "1 0 0 -", "0100000000"},
	{"TLSA", "3 1 1 0102", NULL},
	{"SMIMEA", "3 1 1 0102", NULL},
	{"HIP",
	 "2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p a.o. b.o.",
	 NULL},
	{"HIP", "2 2001 AAEC", "0202 000320 01000102"},
	{"NINFO", "\"a b\" c", NULL},
	{"RKEY", "0 1 8 AAEC", NULL},
	{"TALINK", "a.o. b.o.", NULL},
	{"CDS", "0 0 0 00", "0000000000"},
	{"CDNSKEY", "0 3 0 AA==", "0000030000"},
	{"OPENPGPKEY", "AAEC", NULL},
	{"CSYNC", "66 3 A NS AAAA", "000000420003000460000008"},
	{"ZONEMD", "2018031500 1 1 0102", NULL},
	{"SVCB", "0 a.o.", "00000161016f00"},
	{"SVCB", "16 a.o. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
	 "00100161016f000001000c08665c6f6f2c626172026832"},
	{"SVCB", "16 a.o. alpn=f\\\\\\092oo\\092,bar,h2",
	 "00100161016f000001000c08665c6f6f2c626172026832"},
	{"SVCB",
	 "1 a.o. ipv6hint=\"2001:db8::1,2001:db8::53:1\" mandatory=port,alpn port=53 alpn=h2,h3",
	 NULL},
	{"SVCB", "1 a.o. key667=\"hello\\210qoo\"", "00010161016f00029b000968656c6c6fd2716f6f"},
	{"SVCB",
	 "1 . ohttp key9=\\001\\002 key65534 dohpath=/q{?dns} ech=AAEC no-default-alpn alpn=h2",
	 NULL},
	{"SVCB", "1 . tls-supported-groups=29,23", "0001000009000400 1d0017"},
	{"HTTPS", "1 . ipv4hint=192.0.2.1,192.0.2.2", NULL},
	{"DSYNC", "CDS NOTIFY 5300 a.o.", "003b0114b40161016f00"},
	{"HHIT", "AAEC", NULL},
	{"BRID", "AAEC", NULL},
	{"SPF", "\"v=spf1 -all\"", NULL},
	{"UINFO", "who", NULL},
	{"UID", "1000", NULL},
	{"GID", "1000", NULL},
	{"UNSPEC", "AAEC", NULL},
	{"NID", "10 14:4fff:ff20:ee64", "000a00144fffff20ee64"},
	{"L32", "10 10.1.2.0", NULL},
	{"L64", "10 2001:db8:1140:1000", NULL},
	{"LP", "10 a.o.", NULL},
	{"EUI48", "00-00-5e-00-53-2a", "00005e00532a"},
	{"EUI64", "00-00-5e-ef-10-00-00-2a", NULL},
	{"URI", "10 1 \"ftp://a/b\"", NULL},
	{"CAA", "0 issue \"ca.example; x=y\"", NULL},
	{"AVC", "\"app-name:WOLFGANG|app-class:OAM\"", NULL},
	{"DOA", "0 1 2 \"text/plain\" -", NULL},
	{"DOA", "0 1 2 \"\" aHR0cHM6Ly9hLw==", NULL},
	{"AMTRELAY", "10 0 1 203.0.113.15", "0a01cb00710f"},
	{"AMTRELAY", "10 0 2 2001:db8::15", NULL},
	{"AMTRELAY", "128 1 3 a.o.", "80830161016f00"},
	{"AMTRELAY", "0 1 0 .", "0080"},
	{"RESINFO", "qnamemin exterr=15-17 infourl=https://resolver.example/", NULL},
	{"WALLET", "BTC address", NULL},
	{"CLA", "TBD", NULL},
	{"IPN", "12345678901234567890", "ab54a98ceb1f0ad2"},
	{"TA", "1 8 2 0102", NULL},
	{"DLV", "1 8 2 0102", NULL},
	{"TYPE65280", "\\# 3 010203", "010203"},
	{"NULL", "\\# 2 0102", "0102"},
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static int read_text(const char *type, const char *text, sodns_record_t *out, char *err)
{
	static const uint8_t origin[] = "\1o";
	char line[TEXT_SIZE];
	int n = snprintf(line, sizeof(line), "x.o. 60 IN %s %s", type, text);
	return sodns_record_from_text(line, (size_t)n, origin, 60, out, err, 512);
}

static void must_read(const char *type, const char *text, sodns_record_t *out)
{
	char err[512] = "";
	if (read_text(type, text, out, err))
		fail_msg("%s %s: %s", type, text, err);
	if (!rdata_valid(out->type, out->rdata, out->rdata_len))
		fail_msg("%s %s: read, but not valid", type, text);
}

static void same(const sodns_record_t *a, const sodns_record_t *b, const char *text)
{
	if (a->type != b->type || a->rdata_len != b->rdata_len ||
	    memcmp(a->rdata, b->rdata, a->rdata_len))
		fail_msg("%s: other bytes", text);
}

static void to_hex(const sodns_record_t *r, char *out)
{
	*out = 0;
	for (unsigned i = 0; i < r->rdata_len; i++)
		out += sprintf(out, "%02x", r->rdata[i]);
}

/* As generic bytes, and as the printer writes it, a record is read as itself. */
static void round_trip(const struct sample *s)
{
	char text[2 * TEXT_SIZE], hex[TEXT_SIZE];
	sodns_record_t first, again;
	must_read(s->type, s->text, &first);
	to_hex(&first, hex);
	snprintf(text, sizeof(text), "\\# %u %s", first.rdata_len, hex);
	must_read(s->type, text, &again);
	same(&first, &again, text);
	free(again.rdata);
	size_t n = sodns_rdata_to_text(first.type, first.rdata, first.rdata_len, text,
				       sizeof(text));
	assert_true(n == strlen(text) && (n || !first.rdata_len));
	must_read(s->type, text, &again);
	same(&first, &again, text);
	free(again.rdata);
	free(first.rdata);
}

static void bytes(const struct sample *s)
{
	char hex[TEXT_SIZE], want[TEXT_SIZE];
	sodns_record_t r;
	size_t n = 0;
	must_read(s->type, s->text, &r);
	to_hex(&r, hex);
	for (const char *p = s->hex; *p; p++)
		if (*p != ' ')
			want[n++] = *p;
	want[n] = 0;
	assert_string_equal(hex, want);
	free(r.rdata);
}

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		round_trip(&samples[i]);
		if (samples[i].hex)
			bytes(&samples[i]);
	}
}

/* "a.o." written as "a", "ns.o." as "ns": completed by the origin wherever a name stands. */
static void relative_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		char text[TEXT_SIZE];
		size_t n = 0;
		for (const char *p = samples[i].text; *p; p++) {
			text[n++] = *p;
			if (!strncmp(p, ".o.", 3) && n--)
				p += 2;
		}
		text[n] = 0;
		sodns_record_t full, relative;
		must_read(samples[i].type, samples[i].text, &full);
		must_read(samples[i].type, text, &relative);
		same(&full, &relative, text);
		free(full.rdata);
		free(relative.rdata);
	}
}

static bool has_sample(const char *type)
{
	for (size_t i = 0; i < SAMPLES; i++)
		if (!strcmp(samples[i].type, type))
			return true;
	return false;
}

/* Every type has a sample above, unless no zone can have it; flags say what forms say. */
static void table(void **state)
{
	(void)state;
	for (unsigned t = 1; t < 65536; t++) {
		const rrtype_t *r = rrtype((uint16_t)t);
		bool named = r->form && strpbrk(r->form, "Ncn"),
		     packed = r->form && strpbrk(r->form, "Nc");
		assert_int_equal(!!(r->flags & RR_NAMED), named);
		assert_int_equal(!!(r->flags & RR_PACKED), packed);
		if (!r->name)
			continue;
		assert_int_equal(sodns_type_from_text(r->name), t);
		if (!(r->flags & RR_META) && !has_sample(r->name))
			fail_msg("no sample of %s", r->name);
	}
}

/* Every shorter piece is refused or has an end: it is copied to where a byte more would be seen. */
static void cut(void **state)
{
	(void)state;
	char text[TEXT_SIZE];
	for (size_t i = 0; i < SAMPLES; i++) {
		sodns_record_t r;
		must_read(samples[i].type, samples[i].text, &r);
		for (unsigned n = 0; n < r.rdata_len; n++) {
			uint8_t *piece = malloc(n + !n);
			assert_non_null(piece);
			memcpy(piece, r.rdata, n);
			bool valid = rdata_valid(r.type, piece, n);
			size_t len = sodns_rdata_to_text(r.type, piece, (uint16_t)n, text,
							 sizeof(text));
			assert_true(valid || !len);
			if (valid)
				assert_true(rdata_equal(r.type, piece, n, piece, n));
			free(piece);
		}
		free(r.rdata);
	}
}

/* Text that is refused, and a word of the reason. */
static void refused(void **state)
{
	static const struct {
		const char *type, *text, *reason;
	} bad[] = {
		{"HTTPS", "\\# 3 00013f", "malformed data"},
		{"SVCB", "\\# 3 00013f", "malformed data"},
		{"TYPE65", "\\# 6 000101 61 3f 00", "malformed data"},
		{"TYPE65", "\\# 8 0001 00 00020000 00", "malformed data"},
		{"A", "\\# 5 0102030405", "malformed data"},
		{"A", "\\# 3 01020304", "not as long"},
		{"A", "\\# 4 010203", "not as long"},
		{"MX", "\\# 3 000a01", "malformed data"},
		{"NS", "\\# 3 c00c00", "malformed data"},
		{"NSEC", "\\# 5 00 00 01 00 00", "malformed data"},
		{"TXT", "\\# 0", "malformed data"},
		{"TXT", "\\# 2 0501", "malformed data"},
		{"TYPE65280", "text", "\\# LENGTH HEX"},
		{"TYPE65280", "\\# x 00", "wants the length"},
		{"SVCB", "1 . alpn=h2 alpn=h3", "alpn=h3\": given twice"},
		{"SVCB", "1 . key1=\\002h2 alpn=h3", "given twice"},
		{"SVCB", "1 . mandatory=port", "go together"},
		{"SVCB", "1 . mandatory=mandatory", "go together"},
		{"SVCB", "1 . mandatory=alpn,alpn alpn=h2", "go together"},
		{"SVCB", "1 . no-default-alpn", "go together"},
		{"SVCB", "1 . ohttp=x", "malformed value"},
		{"SVCB", "1 . alpn=", "malformed value"},
		{"SVCB", "1 . alpn=h2,,h3", "malformed value"},
		{"SVCB", "1 . port=65536", "malformed value"},
		{"SVCB", "1 . ipv4hint=192.0.2", "malformed value"},
		{"SVCB", "1 . ipv6hint=", "malformed value"},
		{"SVCB", "1 . ech=!", "malformed value"},
		{"SVCB", "1 . key65535=x", "unknown key"},
		{"SVCB", "1 . key007=x", "unknown key"},
		{"SVCB", "1 . nonsense=x", "unknown key"},
		{"SVCB", "1 . PORT=1", "unknown key"},
		{"HINFO", "onlyone", "unexpected end"},
		{"LOC", "91 N 0 E 0", "91"},
		{"LOC", "1 60 N 0 E 0", "60"},
		{"APL", "3:1.2.3.4/8", "3:1.2.3.4/8"},
		{"APL", "1:1.2.3.4/33", "/33"},
		{"IPSECKEY", "10 4 2 . AAEC", "4"},
		{"AMTRELAY", "10 2 0 .", "2"},
		{"EUI48", "00-00-5e-00-53", "00-00-5e"},
		{"NID", "10 14:4fff:ff20", "ff20"},
		{"DS", "1 8 2 012", "012"},
		{"DS", "1 8 2", "bad DS record"},
		{"DNSKEY", "257 3 8 AAE", "AAE"},
		{"DNSKEY", "257 3 8", "bad DNSKEY record"},
		{"ISDN", "1 2 3", "garbage"},
		{"TXT", "\\300", "bad TXT record"},
		{"SVCB", "1 . dohpath=", "go together"},
		{"WKS", "192.0.2.1 6 nosuch", "nosuch"},
		{"HIP", "2 2001", "unexpected end"},
		{"CERT", "0 0 0", "bad CERT record"},
		{"RRSIG", "A 8 2 60 20300231000000 20200101000000 7 a. AAEC", "20300231000000"},
		{"RRSIG", "A 8 2 60 22260101000000 20200101000000 7 a. AAEC", "22260101000000"},
		{"RRSIG", "A 8 2 60 20300101250000 20200101000000 7 a. AAEC", "20300101250000"},
		{"OPT", "\\# 0", "OPT"},
		{"ANY", "\\# 0", "ANY"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sodns_record_t r;
		char err[512] = "";
		if (!read_text(bad[i].type, bad[i].text, &r, err))
			fail_msg("%s %s: taken", bad[i].type, bad[i].text);
		if (!strstr(err, bad[i].reason))
			fail_msg("%s %s: %s", bad[i].type, bad[i].text, err);
	}
}

/* A backslash and # begin bytes only where a number follows: else they are text. */
static void text_that_looks_generic(void **state)
{
	(void)state;
	sodns_record_t r;
	must_read("TXT", "\\# text", &r);
	assert_int_equal(r.rdata_len, 7);
	assert_memory_equal(r.rdata, "\1#\4text", 7);
	free(r.rdata);
	must_read("TXT", "\\#", &r);
	assert_int_equal(r.rdata_len, 2);
	free(r.rdata);
	must_read("TXT", "\\#7", &r);
	assert_memory_equal(r.rdata, "\2#7", 3);
	free(r.rdata);
}

/* One with names in capitals: only names lose their case. */
static void letter_case(void **state)
{
	static const struct {
		const char *type, *a, *b;
		bool equal;
	} pairs[] = {
		{"SVCB", "1 a.O. alpn=h2", "1 A.o. alpn=h2", true},
		{"SVCB", "1 a.o. alpn=h2", "1 a.o. alpn=H2", false},
		{"SRV", "1 2 3 a.o.", "1 2 3 A.O.", true},
		{"NAPTR", "1 2 s a b x.o.", "1 2 s a b X.o.", true},
		{"NAPTR", "1 2 s a b x.o.", "1 2 S a b x.o.", false},
		{"TXT", "a", "A", false},
		{"IPSECKEY", "1 3 2 a.o. AAEC", "1 3 2 A.o. AAEC", true},
		{"IPSECKEY", "1 3 2 a.o. YWJj", "1 3 2 a.o. QUJD", false},
		{"AMTRELAY", "1 0 3 a.o.", "1 0 3 A.o.", true},
		{"HIP", "2 2001 AAEC a.o.", "2 2001 AAEC A.O.", true},
		{"A6", "64 ::6161 a.o.", "64 ::6161 A.o.", true},
		{"A6", "64 ::6161 a.o.", "64 ::4141 a.o.", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		sodns_record_t a, b;
		must_read(pairs[i].type, pairs[i].a, &a);
		must_read(pairs[i].type, pairs[i].b, &b);
		if (rdata_equal(a.type, a.rdata, a.rdata_len, b.rdata, b.rdata_len) !=
		    pairs[i].equal)
			fail_msg("%s %s, %s", pairs[i].type, pairs[i].a, pairs[i].b);
		free(a.rdata);
		free(b.rdata);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),          cmocka_unit_test(texts),
		cmocka_unit_test(relative_names), cmocka_unit_test(cut),
		cmocka_unit_test(refused),        cmocka_unit_test(text_that_looks_generic),
		cmocka_unit_test(letter_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
