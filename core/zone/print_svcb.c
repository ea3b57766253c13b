/*
 * SvcParams as text (RFC 9460, 2.1). Lists' items are escaped twice: for the list, and as a part of a
 * character-string.
 */
#include <arpa/inet.h>

#include "zone/print.h"

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static void put_key(printer_t *p, unsigned key)
{
	static const char *const names[] = {
		"mandatory", "alpn",     "no-default-alpn", "port",  "ipv4hint",
		"ech",       "ipv6hint", "dohpath",         "ohttp", "tls-supported-groups"};
	if (key < sizeof(names) / sizeof(names[0])) {
		printer_text(p, names[key]);
		return;
	}
	printer_text(p, "key");
	printer_number(p, key);
}

static void put_keys(printer_t *p, const uint8_t *b, size_t len)
{
	for (size_t at = 0; at + 2 <= len; at += 2) {
		printer_text(p, at ? "," : "");
		put_key(p, get16(b + at));
	}
}

static void put_numbers(printer_t *p, const uint8_t *b, size_t len)
{
	for (size_t at = 0; at + 2 <= len; at += 2) {
		printer_text(p, at ? "," : "");
		printer_number(p, get16(b + at));
	}
}

/* A comma within an item is \, in the list and \\, in the text; a backslash \\ and \\\\. */
static void put_ids(printer_t *p, const uint8_t *b, size_t len)
{
	printer_text(p, "\"");
	for (size_t at = 0; at < len; at += b[at] + 1u) {
		printer_text(p, at ? "," : "");
		for (unsigned i = 1; i <= b[at]; i++) {
			if (b[at + i] == ',' || b[at + i] == '\\')
				printer_text(p, "\\\\");
			printer_chars(p, b + at + i, 1, "\"\\");
		}
	}
	printer_text(p, "\"");
}

static void put_addresses(printer_t *p, int family, unsigned size, const uint8_t *b, size_t len)
{
	for (size_t at = 0; at + size <= len; at += size) {
		printer_text(p, at ? "," : "");
		printer_address(p, family, b + at);
	}
}

static void put_value(printer_t *p, unsigned key, const uint8_t *b, size_t len)
{
	switch (key) {
	case 0:
		put_keys(p, b, len);
		return;
	case 1:
		put_ids(p, b, len);
		return;
	case 3:
	case 9:
		put_numbers(p, b, len);
		return;
	case 4:
		put_addresses(p, AF_INET, 4, b, len);
		return;
	case 5:
		printer_base64(p, b, len);
		return;
	case 6:
		put_addresses(p, AF_INET6, 16, b, len);
		return;
	default:
		printer_text(p, "\"");
		printer_chars(p, b, len, "\"\\");
		printer_text(p, "\"");
	}
}

void printer_svcb(printer_t *p, const uint8_t *b, size_t len)
{
	for (size_t at = 0, n; at < len; at += 4 + n) {
		unsigned key = get16(b + at);
		n = get16(b + at + 2);
		printer_text(p, at ? " " : "");
		put_key(p, key);
		if (!n)
			continue;
		printer_text(p, "=");
		put_value(p, key, b + at + 4, n);
	}
}
