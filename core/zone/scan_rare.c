/*
 * Fields of the rarer types: mnemonics, addresses of other networks, gateways, prefixes, services.
 */
#include <string.h>
#include <strings.h>

#include "zone/scan.h"

struct mnemonic {
	const char *name;
	unsigned value;
};

/* RFC 4034, A.1 and its registry; names that zone files have had for them as well. */
static const struct mnemonic algorithms[] = {
	{"RSAMD5", 1},
	{"DH", 2},
	{"DSA", 3},
	{"ECC", 4},
	{"RSASHA1", 5},
	{"DSA-NSEC3-SHA1", 6},
	{"DSANSEC3SHA1", 6},
	{"NSEC3DSA", 6},
	{"RSASHA1-NSEC3-SHA1", 7},
	{"RSASHA1NSEC3SHA1", 7},
	{"NSEC3RSASHA1", 7},
	{"RSASHA256", 8},
	{"RSASHA512", 10},
	{"ECC-GOST", 12},
	{"ECCGOST", 12},
	{"ECDSAP256SHA256", 13},
	{"ECDSAP384SHA384", 14},
	{"ED25519", 15},
	{"ED448", 16},
	{"SM2SM3", 17},
	{"ECC-GOST12", 23},
	{"INDIRECT", 252},
	{"PRIVATEDNS", 253},
	{"PRIVATEOID", 254},
	{NULL, 0},
};
/* RFC 4398, 2.1. */
static const struct mnemonic certificates[] = {
	{"PKIX", 1},   {"SPKI", 2},    {"PGP", 3},   {"IPKIX", 4}, {"ISPKI", 5}, {"IPGP", 6},
	{"ACPKIX", 7}, {"IACPKIX", 8}, {"URI", 253}, {"OID", 254}, {NULL, 0},
};
/* RFC 9859, 3. */
static const struct mnemonic schemes[] = {{"NOTIFY", 1}, {NULL, 0}};
static const struct mnemonic protocols[] = {{"ICMP", 1}, {"TCP", 6}, {"UDP", 17}, {NULL, 0}};
/* The services of RFC 1010 that WKS records have named. */
static const struct mnemonic services[] = {
	{"tcpmux", 1},      {"rje", 5},          {"echo", 7},          {"discard", 9},
	{"systat", 11},     {"users", 11},       {"daytime", 13},      {"netstat", 15},
	{"qotd", 17},       {"quote", 17},       {"chargen", 19},      {"ftp-data", 20},
	{"ftp", 21},        {"ssh", 22},         {"telnet", 23},       {"smtp", 25},
	{"time", 37},       {"rlp", 39},         {"graphics", 41},     {"nameserver", 42},
	{"name", 42},       {"whois", 43},       {"nicname", 43},      {"login", 49},
	{"tacacs", 49},     {"domain", 53},      {"bootps", 67},       {"bootpc", 68},
	{"tftp", 69},       {"gopher", 70},      {"finger", 79},       {"http", 80},
	{"www", 80},        {"link", 87},        {"kerberos", 88},     {"supdup", 95},
	{"hostnames", 101}, {"hostname", 101},   {"iso-tsap", 102},    {"x400", 103},
	{"csnet-ns", 105},  {"pop", 109},        {"pop2", 109},        {"pop3", 110},
	{"sunrpc", 111},    {"auth", 113},       {"sftp", 115},        {"uucp-path", 117},
	{"nntp", 119},      {"ntp", 123},        {"locus-map", 125},   {"locus-con", 127},
	{"pwdgen", 129},    {"netbios-ns", 137}, {"netbios-dgm", 138}, {"netbios-ssn", 139},
	{"imap", 143},      {"imap2", 143},      {"news", 144},        {"snmp", 161},
	{"snmp-trap", 162}, {"bgp", 179},        {"irc", 194},         {"imap3", 220},
	{"ldap", 389},      {"https", 443},      {"printer", 515},     {"imaps", 993},
	{"pop3s", 995},     {NULL, 0},
};

/* The value of a name or a number; false: neither. */
static bool value_of(const struct mnemonic *m, const word_t *w, uint64_t max, uint64_t *out)
{
	if (scan_number(w, max, out))
		return true;
	for (; m->name; m++)
		if (strlen(m->name) == w->len && !strncasecmp(m->name, w->at, w->len)) {
			*out = m->value;
			return true;
		}
	return false;
}

static bool put_mnemonic(scanner_t *s, const struct mnemonic *m, unsigned bytes)
{
	uint64_t v;
	return value_of(m, &s->word, (1u << (8 * bytes)) - 1, &v) && scan_put_number(s, v, bytes);
}

/* Bytes behind their length; "-" is none. */
static bool put_counted(scanner_t *s, bool (*put)(scanner_t *s, const word_t *w))
{
	size_t length = s->rdata_len, n;
	bool none = s->word.len == 1 && *s->word.at == '-';
	if (!scan_put(s, "", 1) || (!none && !put(s, &s->word)))
		return false;
	n = s->rdata_len - length - 1;
	s->rdata[length] = (uint8_t)n;
	return n < 256;
}

/* Pairs of digits, `count` of them, with dashes between (RFC 7043, 3.2 and 4.2). */
static bool put_eui(scanner_t *s, unsigned count)
{
	const word_t *w = &s->word;
	if (w->len != 3 * count - 1)
		return false;
	for (unsigned i = 0; i < count; i++) {
		const word_t pair = {.at = w->at + 3 * (size_t)i, .len = 2};
		if ((i && w->at[3 * i - 1] != '-') || !scan_put_hex(s, &pair))
			return false;
	}
	return true;
}

/* Four groups of one to four digits, with colons between (RFC 6742, 2.1.2). */
static bool put_locator(scanner_t *s)
{
	const char *p = s->word.at, *end = p + s->word.len;
	for (unsigned group = 0; group < 4; group++) {
		unsigned v = 0, digits = 0;
		for (; p < end && *p != ':'; p++, digits++) {
			int d = sodns_digit(*p);
			if (d > 15)
				return false;
			v = v << 4 | (unsigned)d;
		}
		bool more = p < end;
		if (!digits || digits > 4 || more != (group < 3) || !scan_put_number(s, v, 2))
			return false;
		p += more;
	}
	return true;
}

/* Digits with dots anywhere between bytes. */
static bool put_dotted_hex(scanner_t *s, const char *p, const char *end)
{
	while (p < end) {
		const char *dot = memchr(p, '.', (size_t)(end - p));
		const word_t w = {.at = p, .len = (size_t)((dot ? dot : end) - p)};
		if (!scan_put_hex(s, &w))
			return false;
		p = dot ? dot + 1 : end;
	}
	return true;
}

/* 0x and digits (RFC 1706, 7). */
static bool put_nsap(scanner_t *s)
{
	const word_t *w = &s->word;
	return w->len > 2 && w->at[0] == '0' && (w->at[1] | 32) == 'x' &&
	       put_dotted_hex(s, w->at + 2, w->at + w->len);
}

/* +digits of a telephone number, or an ATM end system's address in hexadecimal. */
static bool put_atm(scanner_t *s)
{
	const char *p = s->word.at, *end = p + s->word.len;
	if (*p != '+')
		return scan_put(s, "", 1) && put_dotted_hex(s, p, end);
	if (!scan_put(s, "\1", 1) || ++p == end)
		return false;
	for (; p < end; p++)
		if (*p != '.' && (*p < '0' || *p > '9' || !scan_put(s, p, 1)))
			return false;
	return true;
}

static bool put_gateway(scanner_t *s, unsigned type)
{
	const word_t *w = &s->word;
	switch (type) {
	case 0:
		return w->len == 1 && *w->at == '.';
	case 1:
		return scan_put_ipv4(s, w->at, w->len);
	case 2:
		return scan_put_ipv6(s, w->at, w->len);
	case 3:
		return scan_put_name(s, w, false);
	default:
		return false;
	}
}

/* Kind of gateway, algorithm, gateway (RFC 4025, 3). */
static bool put_ipseckey(scanner_t *s)
{
	uint64_t type, algorithm;
	return scan_take(s) && scan_number(&s->word, 3, &type) && scan_take(s) &&
	       scan_number(&s->word, 255, &algorithm) && scan_put_number(s, type, 1) &&
	       scan_put_number(s, algorithm, 1) && scan_take(s) && put_gateway(s, (unsigned)type);
}

/* Discovery optional, kind of relay, relay (RFC 8777, 4.3). */
static bool put_amtrelay(scanner_t *s)
{
	uint64_t optional, type;
	return scan_take(s) && scan_number(&s->word, 1, &optional) && scan_take(s) &&
	       scan_number(&s->word, 3, &type) && scan_put_number(s, optional << 7 | type, 1) &&
	       scan_take(s) && put_gateway(s, (unsigned)type);
}

/* Algorithm, tag, key (RFC 8005, 6): lengths go in front of them. */
static bool put_hip(scanner_t *s)
{
	uint64_t algorithm;
	size_t at = s->rdata_len;
	if (!scan_take(s) || !scan_number(&s->word, 255, &algorithm) ||
	    !scan_put_number(s, algorithm << 16, 4) || !scan_take(s) || !scan_put_hex(s, &s->word))
		return false;
	size_t tag = s->rdata_len - at - 4;
	if (!scan_take(s) || !scan_put_base64(s, s->word.at, s->word.len))
		return false;
	size_t key = s->rdata_len - at - 4 - tag;
	s->rdata[at] = (uint8_t)tag;
	s->rdata[at + 2] = (uint8_t)(key >> 8);
	s->rdata[at + 3] = (uint8_t)key;
	return tag && tag < 256 && key && key < 65536;
}

/* [!]FAMILY:ADDRESS/PREFIX (RFC 3123, 5). */
static bool put_prefix(scanner_t *s)
{
	const word_t *w = &s->word;
	size_t no = w->len && *w->at == '!', at = s->rdata_len + 4;
	const char *p = w->at + no, *end = w->at + w->len,
		   *colon = memchr(p, ':', (size_t)(end - p)),
		   *slash = colon ? memchr(colon, '/', (size_t)(end - colon)) : NULL;
	uint64_t family, prefix;
	if (!slash)
		return false;
	const word_t first = {.at = p, .len = (size_t)(colon - p)},
		     last = {.at = slash + 1, .len = (size_t)(end - slash - 1)};
	if (!scan_number(&first, 2, &family) || !family ||
	    !scan_number(&last, family == 1 ? 32 : 128, &prefix) ||
	    !scan_put_number(s, family << 16 | prefix << 8, 4))
		return false;
	size_t len = (size_t)(slash - colon - 1);
	if (family == 1 ? !scan_put_ipv4(s, colon + 1, len) : !scan_put_ipv6(s, colon + 1, len))
		return false;
	while (s->rdata_len > at && !s->rdata[s->rdata_len - 1])
		s->rdata_len--;
	s->rdata[at - 1] = (uint8_t)(no << 7 | (s->rdata_len - at));
	return true;
}

/* Protocol, services: a bit for each port (RFC 1035, 3.4.2). */
static bool put_services(scanner_t *s)
{
	uint64_t protocol, port;
	uint8_t map[8192] = {0};
	size_t used = 0;
	if (!scan_take(s) || !value_of(protocols, &s->word, 255, &protocol))
		return false;
	while (scan_word(s, &s->word)) {
		if (!value_of(services, &s->word, 65535, &port))
			return false;
		map[port / 8] |= (uint8_t)(0x80 >> (port & 7));
		used = port / 8 + 1 > used ? port / 8 + 1 : used;
	}
	return scan_put_number(s, protocol, 1) && scan_put(s, map, used);
}

/* Prefix length, what is not the prefix, the prefix' name (RFC 2874, 3.1). */
static bool put_a6(scanner_t *s)
{
	uint64_t prefix;
	if (!scan_take(s) || !scan_number(&s->word, 128, &prefix) || !scan_put_number(s, prefix, 1))
		return false;
	size_t at = s->rdata_len, n = (128 - prefix + 7) / 8;
	if (prefix < 128) {
		if (!scan_take(s) || !scan_put_ipv6(s, s->word.at, s->word.len))
			return false;
		memmove(s->rdata + at, s->rdata + at + 16 - n, n);
		s->rdata_len = at + n;
		s->rdata[at] &= (uint8_t)(0xff >> (prefix & 7));
	}
	return !prefix || (scan_take(s) && scan_put_name(s, &s->word, false));
}

/* Types below 128, a bit each (RFC 2535, 5.2). */
static bool put_old_types(scanner_t *s)
{
	uint8_t map[16] = {0};
	size_t used = 0;
	while (scan_word(s, &s->word)) {
		uint64_t type;
		if (!scan_number(&s->word, 127, &type))
			type = scan_type(&s->word);
		if (!type || type > 127)
			return false;
		map[type / 8] |= (uint8_t)(0x80 >> (type & 7));
		used = type / 8 + 1 > used ? type / 8 + 1 : used;
	}
	return scan_put(s, map, used);
}

bool scan_rare_word(scanner_t *s, char field)
{
	switch (field) {
	case 'm':
		return put_mnemonic(s, algorithms, 1);
	case 'M':
		return put_mnemonic(s, certificates, 2);
	case 'k':
		return put_mnemonic(s, schemes, 1);
	case 'x':
		return put_counted(s, scan_put_hex);
	case 'z':
		return put_counted(s, scan_put_base32);
	case 'e':
		return put_eui(s, 6);
	case 'E':
		return put_eui(s, 8);
	case 'q':
		return put_locator(s);
	case 'j':
		return put_nsap(s);
	case 'o':
		return put_atm(s);
	default:
		return false;
	}
}

bool scan_rare(scanner_t *s, char field)
{
	switch (field) {
	case 'g':
		return put_ipseckey(s);
	case 'G':
		return put_amtrelay(s);
	case 'i':
		return put_hip(s);
	case 'p':
		return put_a6(s);
	case 'w':
		return put_services(s);
	case 'O':
		return put_old_types(s);
	case 'l':
		return scan_location(s);
	case 'P':
		while (scan_word(s, &s->word))
			if (!put_prefix(s))
				return false;
		return true;
	default: /* V */
		while (scan_word(s, &s->word))
			if (!scan_put_name(s, &s->word, false))
				return false;
		return true;
	}
}
