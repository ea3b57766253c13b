/*
 * Classes and rcodes as text, both ways. (Types: rrtype.c.)
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodns/rr.h>
#include <sodns/text.h>

struct named {
	uint16_t value;
	const char *text;
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
	const size_t skip = strlen(prefix);
	uint64_t v;
	if (strncasecmp(text, prefix, skip) ||
	    sodns_uint_from_text(text + skip, strlen(text + skip), 10, UINT16_MAX, &v))
		return -1;
	return (int)v;
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
