/*
 * Types, classes and rcodes as text, both ways.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodns/rr.h>

struct named {
	uint16_t value;
	const char *text;
};

static const struct named types[] = {
	{1, "A"},           {2, "NS"},        {3, "MD"},      {4, "MF"},
	{5, "CNAME"},       {6, "SOA"},       {7, "MB"},      {8, "MG"},
	{9, "MR"},          {10, "NULL"},     {11, "WKS"},    {12, "PTR"},
	{13, "HINFO"},      {14, "MINFO"},    {15, "MX"},     {16, "TXT"},
	{17, "RP"},         {18, "AFSDB"},    {19, "X25"},    {20, "ISDN"},
	{21, "RT"},         {23, "NSAP-PTR"}, {24, "SIG"},    {25, "KEY"},
	{26, "PX"},         {27, "GPOS"},     {28, "AAAA"},   {29, "LOC"},
	{30, "NXT"},        {31, "EID"},      {32, "NIMLOC"}, {33, "SRV"},
	{34, "ATMA"},       {35, "NAPTR"},    {36, "KX"},     {37, "CERT"},
	{39, "DNAME"},      {41, "OPT"},      {42, "APL"},    {43, "DS"},
	{44, "SSHFP"},      {45, "IPSECKEY"}, {46, "RRSIG"},  {47, "NSEC"},
	{48, "DNSKEY"},     {49, "DHCID"},    {50, "NSEC3"},  {51, "NSEC3PARAM"},
	{52, "TLSA"},       {53, "SMIMEA"},   {55, "HIP"},    {56, "NINFO"},
	{57, "RKEY"},       {58, "TALINK"},   {59, "CDS"},    {60, "CDNSKEY"},
	{61, "OPENPGPKEY"}, {62, "CSYNC"},    {63, "ZONEMD"}, {64, "SVCB"},
	{65, "HTTPS"},      {99, "SPF"},      {100, "UINFO"}, {101, "UID"},
	{102, "GID"},       {103, "UNSPEC"},  {104, "NID"},   {105, "L32"},
	{106, "L64"},       {107, "LP"},      {108, "EUI48"}, {109, "EUI64"},
	{128, "NXNAME"},    {249, "TKEY"},    {250, "TSIG"},  {251, "IXFR"},
	{252, "AXFR"},      {253, "MAILB"},   {254, "MAILA"}, {255, "ANY"},
	{256, "URI"},       {257, "CAA"},     {258, "AVC"},   {260, "AMTRELAY"},
	{261, "RESINFO"},   {32768, "TA"},    {32769, "DLV"}, {65535, "Reserved"},
};
static const struct named classes[] = {{1, "IN"}, {2, "CS"},     {3, "CH"},
				       {4, "HS"}, {254, "NONE"}, {255, "ANY"}};
static const struct named rcodes[] = {
	{0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},
	{5, "REFUSED"},  {6, "YXDOMAIN"},   {7, "YXRRSET"},  {8, "NXRRSET"},   {9, "NOTAUTH"},
	{10, "NOTZONE"}, {11, "DSOTYPENI"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},
	{19, "BADMODE"}, {20, "BADNAME"},   {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *text_of(const struct named *table, size_t n, unsigned value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].text;
	return NULL;
}

/* The value of a text, or of PREFIXnnn; -1 if it is neither. */
static int value_of(const struct named *table, size_t n, const char *text, const char *prefix)
{
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(table[i].text, text))
			return table[i].value;
	size_t skip = strlen(prefix);
	if (strncasecmp(text, prefix, skip) || text[skip] < '0' || text[skip] > '9')
		return -1;
	char *end;
	unsigned long v = strtoul(text + skip, &end, 10);
	return *end || v > 65535 ? -1 : (int)v;
}

const char *sodns_type_text(uint16_t type, char buf[16])
{
	const char *t = text_of(types, COUNT(types), type);
	if (!t)
		snprintf(buf, 16, "TYPE%u", type);
	return t ? t : buf;
}

uint16_t sodns_type_from_text(const char *text)
{
	int v = value_of(types, COUNT(types), text, "TYPE");
	return v < 0 ? 0 : (uint16_t)v;
}

const char *sodns_class_text(uint16_t rclass, char buf[16])
{
	const char *t = text_of(classes, COUNT(classes), rclass);
	if (!t)
		snprintf(buf, 16, "CLASS%u", rclass);
	return t ? t : buf;
}

uint16_t sodns_class_from_text(const char *text)
{
	int v = value_of(classes, COUNT(classes), text, "CLASS");
	return v < 0 ? 0 : (uint16_t)v;
}

const char *sodns_rcode_text(int rcode, char buf[16])
{
	const char *t = rcode < 0 ? NULL : text_of(rcodes, COUNT(rcodes), (unsigned)rcode);
	if (!t)
		snprintf(buf, 16, "RCODE%d", rcode);
	return t ? t : buf;
}

int sodns_rcode_from_text(const char *text)
{
	int v = value_of(rcodes, COUNT(rcodes), text, "RCODE");
	return v < 0 ? SODNS_EINVAL : v;
}
