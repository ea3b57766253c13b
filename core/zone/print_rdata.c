/*
 * RDATA in presentation form: a field each after the type's form (rrtype.h), as zone files have it.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "message/rdata.h"
#include "zone/print.h"

static void put(printer_t *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(printer_t *p, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(p->out + p->len, p->size - p->len, format, ap);
	va_end(ap);
	p->len = n < 0 || p->len + (size_t)n >= p->size ? p->size - 1 : p->len + (size_t)n;
}

/* Fields are parted by a space; those that turn out empty leave none. */
static void part(printer_t *p)
{
	if (p->len)
		put(p, " ");
}

void printer_text(printer_t *p, const char *text)
{
	put(p, "%s", text);
}

void printer_number(printer_t *p, uint64_t v)
{
	put(p, "%llu", (unsigned long long)v);
}

void printer_chars(printer_t *p, const uint8_t *bytes, size_t len, const char *escaped)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] < ' ' || bytes[i] > '~')
			put(p, "\\%03u", bytes[i]);
		else
			put(p, strchr(escaped, bytes[i]) ? "\\%c" : "%c", bytes[i]);
	}
}

void printer_address(printer_t *p, int family, const uint8_t *bytes)
{
	char text[INET6_ADDRSTRLEN];
	put(p, "%s", inet_ntop(family, bytes, text, sizeof(text)));
}

static void put_quoted(printer_t *p, const uint8_t *bytes, size_t len)
{
	put(p, "\"");
	printer_chars(p, bytes, len, "\"\\");
	put(p, "\"");
}

static void put_name(printer_t *p, const uint8_t *name)
{
	char text[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(name, text);
	put(p, "%s", text);
}

static void put_names(printer_t *p, const uint8_t *b, size_t len)
{
	for (size_t at = 0; at < len; at += sodns_name_length(b + at)) {
		if (at)
			part(p);
		put_name(p, b + at);
	}
}

static void put_strings(printer_t *p, const uint8_t *b, size_t len)
{
	for (size_t at = 0; at < len; at += b[at] + 1u) {
		if (at)
			part(p);
		put_quoted(p, b + at + 1, b[at]);
	}
}

/* In pieces that make whole groups of digits in each of the encodings. */
static void put_encoded(printer_t *p, const uint8_t *b, size_t len,
			ptrdiff_t (*encode)(const void *bytes, size_t len, char *out, size_t room))
{
	char text[SODNS_HEX_ROOM(60)];
	for (size_t some; len && p->len + 1 < p->size; b += some, len -= some) {
		some = len < 60 ? len : 60;
		encode(b, some, text, sizeof(text));
		printer_text(p, text);
	}
}

void printer_hex(printer_t *p, const uint8_t *b, size_t len)
{
	put_encoded(p, b, len, sodns_hex_encode);
}

void printer_base64(printer_t *p, const uint8_t *b, size_t len)
{
	put_encoded(p, b, len, sodns_base64_encode);
}

static void put_type(printer_t *p, unsigned type)
{
	char buf[16];
	put(p, "%s", sodns_type_text((uint16_t)type, buf));
}

static void put_map(printer_t *p, unsigned first, const uint8_t *map, size_t len, bool *any)
{
	for (unsigned i = 0; i < 8 * len; i++) {
		if (!(map[i / 8] & 0x80 >> (i & 7)))
			continue;
		if (*any)
			part(p);
		*any = true;
		put_type(p, first + i);
	}
}

static void put_types(printer_t *p, const uint8_t *b, size_t len)
{
	bool any = false;
	for (size_t at = 0; at < len; at += 2u + b[at + 1])
		put_map(p, b[at] * 256u, b + at + 2, b[at + 1], &any);
}

static void put_date(printer_t *p, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	gmtime_r(&t, &tm);
	put(p, "%04d%02d%02d%02d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

static void put_pairs(printer_t *p, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(p, "%s%02x", i ? "-" : "", b[i]);
}

static void put_locator(printer_t *p, const uint8_t *b)
{
	for (unsigned i = 0; i < 8; i += 2)
		put(p, "%s%04x", i ? ":" : "", (unsigned)(b[i] << 8 | b[i + 1]));
}

static uint64_t number(const uint8_t *b, size_t len)
{
	uint64_t v = 0;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | b[i];
	return v;
}

static void put_field(printer_t *p, char field, const uint8_t *b, size_t len)
{
	switch (field) {
	case 'N':
	case 'c':
	case 'n':
	case 'u':
	case 'U':
		put_name(p, b);
		return;
	case 'V':
		put_names(p, b, len);
		return;
	case 'd':
		put_date(p, number(b, len));
		return;
	case 'a':
		printer_address(p, AF_INET, b);
		return;
	case 'A':
		printer_address(p, AF_INET6, b);
		return;
	case 's':
	case 'Q':
		put_quoted(p, b + 1, len - 1);
		return;
	case 'S':
		put_strings(p, b, len);
		return;
	case 'r':
		put_quoted(p, b, len);
		return;
	case 'h':
	case 'H':
		printer_hex(p, b, len);
		return;
	case 'b':
	case 'B':
		printer_base64(p, b, len);
		return;
	case 'x':
		printer_hex(p, b + 1, len - 1);
		printer_text(p, len > 1 ? "" : "-");
		return;
	case 'z':
		put_encoded(p, b + 1, len - 1, sodns_base32hex_encode);
		return;
	case 'y':
		put_type(p, (unsigned)number(b, len));
		return;
	case 'T':
		put_types(p, b, len);
		return;
	case 'O':
		put_map(p, 0, b, len, &(bool){false});
		return;
	case 'e':
	case 'E':
		put_pairs(p, b, len);
		return;
	case 'q':
		put_locator(p, b);
		return;
	default:
		if (!printer_rare(p, field, b, len))
			printer_number(p, number(b, len));
	}
}

/* \# LENGTH HEX (RFC 3597, 5). */
static void put_bytes(printer_t *p, const uint8_t *b, size_t len)
{
	put(p, "\\# %zu", len);
	if (len)
		put(p, " ");
	printer_hex(p, b, len);
}

size_t sodns_rdata_to_text(uint16_t type, const uint8_t *rdata, uint16_t len, char *out,
			   size_t size)
{
	const char *form = rrtype(type)->form;
	printer_t p = {.out = out, .size = size};
	size_t left = len, n;
	if (!size || !rdata_valid(type, rdata, len))
		return 0;
	*out = 0;
	/* The locations of versions to come are not known. */
	if (!form || strchr(form, 'D') || (*form == 'l' && *rdata)) {
		put_bytes(&p, rdata, len);
		return p.len;
	}
	for (; *form; form++, rdata += n, left -= n) {
		n = rdata_field(*form, rdata, left);
		if (!n)
			continue;
		part(&p);
		put_field(&p, *form, rdata, n);
	}
	return p.len;
}
