/*
 * The table of record types (rrtype.h), and types as text.
 */
#include "message/rrtype.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodns/rr.h>
#include <sodns/text.h>

#define PACKED (RR_NAMED | RR_PACKED)

const rrtype_t rrtype_low[RRTYPE_LOW] = {
	[1] = {"A", "a", 0},
	[2] = {"NS", "N", PACKED},
	[3] = {"MD", "n", RR_NAMED},
	[4] = {"MF", "n", RR_NAMED},
	[5] = {"CNAME", "N", PACKED},
	[6] = {"SOA", "NN4tttt", PACKED},
	[7] = {"MB", "n", RR_NAMED},
	[8] = {"MG", "n", RR_NAMED},
	[9] = {"MR", "n", RR_NAMED},
	[10] = {"NULL", NULL, 0},
	[11] = {"WKS", "aw", 0},
	[12] = {"PTR", "c", PACKED},
	[13] = {"HINFO", "ss", 0},
	[14] = {"MINFO", "nn", RR_NAMED},
	[15] = {"MX", "2N", PACKED},
	[16] = {"TXT", "S", 0},
	[17] = {"RP", "nn", RR_NAMED},
	[18] = {"AFSDB", "2n", RR_NAMED},
	[19] = {"X25", "s", 0},
	[20] = {"ISDN", "sQ", 0},
	[21] = {"RT", "2n", RR_NAMED},
	[22] = {"NSAP", "j", RR_SILENT},
	[23] = {"NSAP-PTR", "n", RR_NAMED},
	[24] = {"SIG", "ym1tdd2nb", RR_NAMED},
	[25] = {"KEY", "21mB", 0},
	[26] = {"PX", "2nn", RR_NAMED},
	[27] = {"GPOS", "sss", 0},
	[28] = {"AAAA", "A", 0},
	[29] = {"LOC", "l", 0},
	[30] = {"NXT", "nO", RR_NAMED},
	[31] = {"EID", "h", 0},
	[32] = {"NIMLOC", "h", 0},
	[33] = {"SRV", "222n", RR_NAMED},
	[34] = {"ATMA", "o", 0},
	[35] = {"NAPTR", "22sssn", RR_NAMED},
	[36] = {"KX", "2n", RR_NAMED},
	[37] = {"CERT", "M2mb", 0},
	[38] = {"A6", "p", RR_SILENT},
	[39] = {"DNAME", "n", RR_NAMED},
	[40] = {"SINK", "111B", RR_SILENT},
	[41] = {"OPT", NULL, RR_META},
	[42] = {"APL", "P", 0},
	[43] = {"DS", "2m1h", 0},
	[44] = {"SSHFP", "11h", 0},
	[45] = {"IPSECKEY", "1gB", 0},
	[46] = {"RRSIG", "ym1tdd2nb", RR_NAMED},
	[47] = {"NSEC", "nT", RR_NAMED},
	[48] = {"DNSKEY", "21mb", 0},
	[49] = {"DHCID", "b", 0},
	[50] = {"NSEC3", "112xzT", 0},
	[51] = {"NSEC3PARAM", "112x", 0},
	[52] = {"TLSA", "111h", 0},
	[53] = {"SMIMEA", "111h", 0},
	[55] = {"HIP", "iV", 0},
	[56] = {"NINFO", "S", 0},
	[57] = {"RKEY", "21mb", 0},
	[58] = {"TALINK", "uu", 0},
	[59] = {"CDS", "2m1h", 0},
	[60] = {"CDNSKEY", "21mb", 0},
	[61] = {"OPENPGPKEY", "b", 0},
	[62] = {"CSYNC", "42T", 0},
	[63] = {"ZONEMD", "411h", 0},
	[64] = {"SVCB", "2Uv", 0},
	[65] = {"HTTPS", "2Uv", 0},
	[66] = {"DSYNC", "yk2u", RR_SILENT},
	[67] = {"HHIT", "b", RR_SILENT},
	[68] = {"BRID", "b", RR_SILENT},
	[99] = {"SPF", "S", 0},
	[100] = {"UINFO", "s", 0},
	[101] = {"UID", "4", 0},
	[102] = {"GID", "4", 0},
	[103] = {"UNSPEC", "b", 0},
	[104] = {"NID", "2q", 0},
	[105] = {"L32", "2a", 0},
	[106] = {"L64", "2q", 0},
	[107] = {"LP", "2u", 0},
	[108] = {"EUI48", "e", 0},
	[109] = {"EUI64", "E", 0},
	[128] = {"NXNAME", NULL, RR_META},
	[249] = {"TKEY", "n4422DD", RR_NAMED | RR_META},
	[250] = {"TSIG", "n62D22D", RR_NAMED | RR_META},
	[251] = {"IXFR", NULL, RR_META},
	[252] = {"AXFR", NULL, RR_META},
	[253] = {"MAILB", NULL, RR_META},
	[254] = {"MAILA", NULL, RR_META},
	[255] = {"ANY", NULL, RR_META},
	[256] = {"URI", "22r", 0},
	[257] = {"CAA", "1sr", 0},
	[258] = {"AVC", "S", 0},
	[259] = {"DOA", "441sB", RR_SILENT},
	[260] = {"AMTRELAY", "1G", 0},
	[261] = {"RESINFO", "S", 0},
	[262] = {"WALLET", "S", RR_SILENT},
	[263] = {"CLA", "S", RR_SILENT},
	[264] = {"IPN", "8", RR_SILENT},
};

static const struct high {
	uint16_t type;
	rrtype_t is;
} highs[] = {
	{32768, {"TA", "2m1h", 0}},
	{32769, {"DLV", "2m1h", 0}},
	{65535, {"Reserved", NULL, RR_META}},
};
#define HIGHS (sizeof(highs) / sizeof(highs[0]))

const rrtype_t *rrtype_high(uint16_t type)
{
	static const rrtype_t unknown;
	for (unsigned i = 0; i < HIGHS; i++)
		if (highs[i].type == type)
			return &highs[i].is;
	return &unknown;
}

const char *sodns_type_text(uint16_t type, char buf[16])
{
	const rrtype_t *t = rrtype(type);
	if (t->name && !(t->flags & RR_SILENT))
		return t->name;
	snprintf(buf, 16, "TYPE%u", type);
	return buf;
}

/* TYPEnnn (RFC 3597, 5). */
static uint16_t by_number(const char *text)
{
	uint64_t v;
	if (strncasecmp(text, "TYPE", 4) ||
	    sodns_uint_from_text(text + 4, strlen(text + 4), 10, UINT16_MAX, &v))
		return 0;
	return (uint16_t)v;
}

uint16_t sodns_type_from_text(const char *text)
{
	for (unsigned i = 0; i < RRTYPE_LOW; i++)
		if (rrtype_low[i].name && !strcasecmp(rrtype_low[i].name, text))
			return (uint16_t)i;
	for (unsigned i = 0; i < HIGHS; i++)
		if (!strcasecmp(highs[i].is.name, text))
			return highs[i].type;
	return by_number(text);
}
