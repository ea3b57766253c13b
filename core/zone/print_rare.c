/*
 * Fields of the rarer types as text: what scan_rare.c, scan_location.c and scan_svcb.c read.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "zone/print.h"

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static void put_gateway(printer_t *p, unsigned type, const uint8_t *b)
{
	char text[SODNS_NAME_TEXT_MAX];
	if (type == 0)
		printer_text(p, ".");
	else if (type == 1)
		printer_address(p, AF_INET, b);
	else if (type == 2)
		printer_address(p, AF_INET6, b);
	else if (sodns_name_to_text(b, text))
		printer_text(p, text);
}

static void put_ipseckey(printer_t *p, const uint8_t *b)
{
	printer_number(p, b[0]);
	printer_text(p, " ");
	printer_number(p, b[1]);
	printer_text(p, " ");
	put_gateway(p, b[0], b + 2);
}

static void put_amtrelay(printer_t *p, const uint8_t *b)
{
	printer_number(p, b[0] >> 7);
	printer_text(p, " ");
	printer_number(p, b[0] & 0x7f);
	printer_text(p, " ");
	put_gateway(p, b[0] & 0x7f, b + 1);
}

static void put_hip(printer_t *p, const uint8_t *b, size_t len)
{
	printer_number(p, b[1]);
	printer_text(p, " ");
	printer_hex(p, b + 4, b[0]);
	printer_text(p, " ");
	printer_base64(p, b + 4 + b[0], len - 4 - b[0]);
}

static void put_prefixes(printer_t *p, const uint8_t *b, size_t len)
{
	for (size_t at = 0, n; at < len; at += 4 + n) {
		uint8_t address[16] = {0};
		unsigned family = get16(b + at);
		n = b[at + 3] & 0x7f;
		printer_text(p, at ? " " : "");
		printer_text(p, b[at + 3] & 0x80 ? "!" : "");
		printer_number(p, family);
		printer_text(p, ":");
		if (n <= sizeof(address))
			memcpy(address, b + at + 4, n);
		printer_address(p, family == 1 ? AF_INET : AF_INET6, address);
		printer_text(p, "/");
		printer_number(p, b[at + 2]);
	}
}

static void put_services(printer_t *p, const uint8_t *b, size_t len)
{
	printer_number(p, b[0]);
	for (unsigned port = 0; port < 8 * (len - 1); port++) {
		if (!(b[1 + port / 8] & 0x80 >> (port & 7)))
			continue;
		printer_text(p, " ");
		printer_number(p, port);
	}
}

static void put_angle(printer_t *p, const uint8_t *b, char positive, char negative)
{
	char text[48];
	int64_t v = ((int64_t)get16(b) << 16 | get16(b + 2)) - 0x80000000;
	uint64_t thousandths = (uint64_t)(v < 0 ? -v : v);
	snprintf(text, sizeof(text), "%llu %llu %llu.%03llu %c",
		 (unsigned long long)(thousandths / 3600000),
		 (unsigned long long)(thousandths / 60000 % 60),
		 (unsigned long long)(thousandths / 1000 % 60),
		 (unsigned long long)(thousandths % 1000), v < 0 ? negative : positive);
	printer_text(p, text);
}

static void put_metres(printer_t *p, int64_t centimetres)
{
	char text[48];
	int64_t v = centimetres < 0 ? -centimetres : centimetres;
	snprintf(text, sizeof(text), " %s%lld.%02lldm", centimetres < 0 ? "-" : "",
		 (long long)(v / 100), (long long)(v % 100));
	printer_text(p, text);
}

static int64_t length_of(uint8_t b)
{
	int64_t v = b >> 4;
	for (unsigned power = b & 15; power; power--)
		v *= 10;
	return v;
}

static void put_location(printer_t *p, const uint8_t *b)
{
	put_angle(p, b + 4, 'N', 'S');
	printer_text(p, " ");
	put_angle(p, b + 8, 'E', 'W');
	put_metres(p, ((int64_t)get16(b + 12) << 16 | get16(b + 14)) - 10000000);
	for (unsigned i = 1; i < 4; i++)
		put_metres(p, length_of(b[i]));
}

static void put_atm(printer_t *p, const uint8_t *b, size_t len)
{
	if (b[0] == 1) {
		printer_text(p, "+");
		printer_chars(p, b + 1, len - 1, "");
	} else {
		printer_hex(p, b + 1, len - 1);
	}
}

static void put_a6(printer_t *p, const uint8_t *b)
{
	char text[SODNS_NAME_TEXT_MAX];
	uint8_t address[16] = {0};
	size_t n = (128u - b[0] + 7) / 8;
	printer_number(p, b[0]);
	memcpy(address + 16 - n, b + 1, n);
	if (b[0] < 128) {
		printer_text(p, " ");
		printer_address(p, AF_INET6, address);
	}
	if (!b[0])
		return;
	sodns_name_to_text(b + 1 + n, text);
	printer_text(p, " ");
	printer_text(p, text);
}

bool printer_rare(printer_t *p, char field, const uint8_t *b, size_t len)
{
	switch (field) {
	case 'g':
		put_ipseckey(p, b);
		return true;
	case 'G':
		put_amtrelay(p, b);
		return true;
	case 'i':
		put_hip(p, b, len);
		return true;
	case 'P':
		put_prefixes(p, b, len);
		return true;
	case 'w':
		put_services(p, b, len);
		return true;
	case 'l':
		put_location(p, b);
		return true;
	case 'j':
		printer_text(p, "0x");
		printer_hex(p, b, len);
		return true;
	case 'o':
		put_atm(p, b, len);
		return true;
	case 'p':
		put_a6(p, b);
		return true;
	case 'v':
		printer_svcb(p, b, len);
		return true;
	default:
		return false;
	}
}
