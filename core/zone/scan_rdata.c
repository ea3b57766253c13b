/*
 * RDATA by type. A type's form is a string with a letter for each field; what has no form goes to
 * ldns.
 */
#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zone/scan.h"

/* n name, N name in lower case, 1 2 4 numbers by bytes, t a TTL, a A addresses, s string, S strings
 * up to the end, r a string without its length, h hex and b base64 up to the end, y type, T types up
 * to the end, d date. */
static const char *form_of(uint16_t type)
{
	switch (type) {
	case SODNS_TYPE_A:
		return "a";
	case SODNS_TYPE_AAAA:
		return "A";
	case SODNS_TYPE_NS:
	case SODNS_TYPE_CNAME:
		return "N";
	case SODNS_TYPE_PTR:
	case SODNS_TYPE_DNAME:
		return "n";
	case SODNS_TYPE_MX:
		return "2N";
	case SODNS_TYPE_TXT:
	case 99:
		return "S";
	case SODNS_TYPE_SRV:
		return "222n";
	case SODNS_TYPE_SOA:
		return "NN4tttt";
	case SODNS_TYPE_DS:
	case 59:
		return "211h";
	case SODNS_TYPE_DNSKEY:
	case 60:
		return "211b";
	case SODNS_TYPE_RRSIG:
		return "y11tdd2nb";
	case SODNS_TYPE_NSEC:
		return "nT";
	case SODNS_TYPE_HINFO:
		return "ss";
	case SODNS_TYPE_NAPTR:
		return "22sssn";
	case 256:
		return "22r"; /* URI */
	case 257:
		return "1sr"; /* CAA */
	case 44:
		return "11h"; /* SSHFP */
	case 52:
	case 53:
		return "111h"; /* TLSA SMIMEA */
	default:
		return NULL;
	}
}

static bool put(scanner_t *s, const void *bytes, size_t len)
{
	if (s->rdata_len + len > s->rdata_room)
		return false;
	memcpy(s->rdata + s->rdata_len, bytes, len);
	s->rdata_len += len;
	return true;
}

static bool put_number(scanner_t *s, uint64_t v, unsigned bytes)
{
	uint8_t out[8];
	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	return put(s, out, bytes);
}

static bool put_ipv4(scanner_t *s, const word_t *w)
{
	uint8_t out[4];
	unsigned part = 0, v = 0, digits = 0;
	for (size_t i = 0; i <= w->len; i++) {
		char c = i < w->len ? w->at[i] : '.';
		if (c >= '0' && c <= '9' && digits < 3 && (v || !digits)) {
			v = v * 10 + (unsigned)(c - '0');
			digits++;
		} else if (c == '.' && digits && v < 256 && part < 4) {
			out[part++] = (uint8_t)v;
			v = digits = 0;
		} else {
			return false;
		}
	}
	return part == 4 && put(s, out, 4);
}

static bool put_ipv6(scanner_t *s, const word_t *w)
{
	char text[64];
	uint8_t out[16];
	if (w->len >= sizeof(text))
		return false;
	memcpy(text, w->at, w->len);
	text[w->len] = 0;
	return inet_pton(AF_INET6, text, out) == 1 && put(s, out, 16);
}

/* A character-string (RFC 1035, 3.3), escapes resolved; longer ones are cut into pieces of 255, as
 * the oracle does. */
static bool put_string(scanner_t *s, const word_t *w)
{
	size_t length = s->rdata_len, n = 0;
	if (!put(s, "", 1))
		return false;
	for (size_t i = 0; i < w->len; i++) {
		uint8_t c = (uint8_t)w->at[i];
		if (c == '\\' && i + 1 < w->len) {
			const char *d = w->at + i + 1;
			bool number = i + 3 < w->len && d[0] >= '0' && d[0] <= '2' && d[1] >= '0' &&
				      d[1] <= '9' && d[2] >= '0' && d[2] <= '9';
			c = number ? (uint8_t)((d[0] - '0') * 100 + (d[1] - '0') * 10 +
					       (d[2] - '0'))
				   : (uint8_t)d[0];
			i += number ? 3 : 1;
		}
		if (n == 255) {
			s->rdata[length] = 255;
			length = s->rdata_len;
			n = 0;
			if (!put(s, "", 1))
				return false;
		}
		if (!put(s, &c, 1))
			return false;
		n++;
	}
	s->rdata[length] = (uint8_t)n;
	return true;
}

/* The rest of the RDATA: a string whose length is what is left (RFC 8659, 4.1.1). */
static bool put_bare_string(scanner_t *s, const word_t *w)
{
	size_t at = s->rdata_len, to = at;
	if (!put_string(s, w))
		return false;
	/* The lengths of the pieces go. */
	while (at < s->rdata_len) {
		size_t n = s->rdata[at];
		memmove(s->rdata + to, s->rdata + at + 1, n);
		to += n;
		at += n + 1;
	}
	s->rdata_len = to;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool put_hex_words(scanner_t *s)
{
	word_t w;
	int high = -1;
	while (scan_word(s, &w))
		for (size_t i = 0; i < w.len; i++) {
			int d = hex_digit(w.at[i]);
			if (d < 0)
				return false;
			if (high < 0) {
				high = d;
				continue;
			}
			uint8_t byte = (uint8_t)(high << 4 | d);
			high = -1;
			if (!put(s, &byte, 1))
				return false;
		}
	return high < 0;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool put_base64_words(scanner_t *s)
{
	word_t w;
	uint32_t bits = 0;
	unsigned have = 0;
	while (scan_word(s, &w))
		for (size_t i = 0; i < w.len && w.at[i] != '='; i++) {
			int d = base64_digit(w.at[i]);
			if (d < 0)
				return false;
			bits = bits << 6 | (uint32_t)d;
			have += 6;
			if (have < 8)
				continue;
			have -= 8;
			uint8_t byte = (uint8_t)(bits >> have);
			if (!put(s, &byte, 1))
				return false;
		}
	return true;
}

/* The type bitmap of NSEC (RFC 4034, 4.1.2). */
static bool put_types(scanner_t *s)
{
	uint8_t map[256][32];
	uint8_t used[256] = {0};
	word_t w;
	memset(map, 0, sizeof(map));
	while (scan_word(s, &w)) {
		uint16_t t = scan_type(&w);
		if (!t)
			return false;
		map[t >> 8][(t & 255) / 8] |= (uint8_t)(0x80 >> (t & 7));
		if ((t & 255) / 8 + 1 > used[t >> 8])
			used[t >> 8] = (uint8_t)((t & 255) / 8 + 1);
	}
	for (unsigned b = 0; b < 256; b++) {
		uint8_t head[2] = {(uint8_t)b, used[b]};
		if (used[b] && (!put(s, head, 2) || !put(s, map[b], used[b])))
			return false;
	}
	return true;
}

/* YYYYMMDDHHMMSS, or seconds since 1970 (RFC 4034, 3.2). */
static bool put_date(scanner_t *s, const word_t *w)
{
	uint64_t v;
	struct tm t = {0};
	if (!scan_number(w, UINT64_MAX, &v))
		return false;
	if (w->len != 14)
		return v <= UINT32_MAX && put_number(s, v, 4);
	t.tm_sec = (int)(v % 100);
	t.tm_min = (int)(v / 100 % 100);
	t.tm_hour = (int)(v / 10000 % 100);
	t.tm_mday = (int)(v / 1000000 % 100);
	t.tm_mon = (int)(v / 100000000 % 100) - 1;
	t.tm_year = (int)(v / 10000000000) - 1900;
	return put_number(s, (uint32_t)timegm(&t), 4);
}

static bool put_field(scanner_t *s, char field, const word_t *w)
{
	uint8_t name[SODNS_NAME_MAX];
	uint64_t v;
	uint32_t ttl;
	size_t n;
	switch (field) {
	case 'a':
		return put_ipv4(s, w);
	case 'A':
		return put_ipv6(s, w);
	case 'n':
	case 'N':
		n = scan_name(s, w, field == 'N', name);
		return n && put(s, name, n);
	case '1':
		return scan_number(w, 255, &v) && put_number(s, v, 1);
	case '2':
		return scan_number(w, 65535, &v) && put_number(s, v, 2);
	case '4':
		return scan_number(w, UINT32_MAX, &v) && put_number(s, v, 4);
	case 't':
		return scan_ttl(w, &ttl) && put_number(s, ttl, 4);
	case 's':
		return put_string(s, w);
	case 'r':
		return put_bare_string(s, w);
	case 'y':
		return scan_type(w) && put_number(s, scan_type(w), 2);
	default:
		return put_date(s, w);
	}
}

static bool put_rest(scanner_t *s, char field)
{
	word_t w;
	switch (field) {
	case 'h':
		return put_hex_words(s);
	case 'b':
		return put_base64_words(s);
	case 'T':
		return put_types(s);
	default: /* S */
		while (scan_word(s, &w))
			if (!put_string(s, &w))
				return false;
		return s->rdata_len > 0;
	}
}

static int bad(scanner_t *s, uint16_t type, const word_t *w)
{
	char buf[16];
	return scan_error(s, "bad %s record: \"%.*s\"", sodns_type_text(type, buf), (int)w->len,
			  w->at);
}

static int by_form(scanner_t *s, uint16_t type, const char *form, const word_t *first)
{
	word_t w = *first;
	for (; *form; form++) {
		if (strchr("hbTS", *form))
			return put_rest(s, *form) ? 0 : bad(s, type, &w);
		if (!scan_word(s, &w))
			return scan_error(s, "unexpected end of the record after \"%.*s\"",
					  (int)w.len, w.at);
		if (!put_field(s, *form, &w))
			return bad(s, type, &w);
	}
	return 0;
}

/* Bytes that a field takes of what is left; more than that: it is cut off. */
static size_t field_size(char field, const uint8_t *p, size_t left)
{
	size_t n = 0;
	switch (field) {
	case 'n':
	case 'N':
		while (n < left && p[n] && p[n] < 64)
			n += p[n] + 1u;
		return n < left && !p[n] && n < SODNS_NAME_MAX ? n + 1 : left + 1;
	case '1':
		return 1;
	case '2':
	case 'y':
		return 2;
	case 'A':
		return 16;
	case 's':
		return left ? p[0] + 1u : 1;
	default: /* 4 t a d */
		return 4;
	}
}

/* Whether bytes are RDATA of that form, as far as its fields have sizes. */
static bool has_form(const char *form, const uint8_t *p, size_t left)
{
	for (; *form; form++) {
		if (strchr("hbTSr", *form))
			return true;
		size_t n = field_size(*form, p, left);
		if (n > left)
			return false;
		p += n;
		left -= n;
	}
	return !left;
}

/* \# LENGTH HEX (RFC 3597, 5). */
static int by_bytes(scanner_t *s, uint16_t type)
{
	word_t w;
	uint64_t len;
	const char *form = form_of(type);
	if (!scan_word(s, &w) || !scan_number(&w, RDATA_MAX, &len))
		return scan_error(s, "\\# wants the length of the data");
	if (!put_hex_words(s) || s->rdata_len != len ||
	    (form && !has_form(form, s->rdata, s->rdata_len)))
		return bad(s, type, &w);
	return 0;
}

static void add_text(char **text, size_t *len, size_t *room, const char *more, size_t n)
{
	if (*len + n + 1 > *room) {
		*room = (*len + n + 1) * 2;
		*text = realloc(*text, *room);
		if (!*text)
			abort();
	}
	memcpy(*text + *len, more, n);
	*len += n;
	(*text)[*len] = 0;
}

/* The line put together again without comments and parentheses. */
static char *line_for_ldns(scanner_t *s, uint16_t type, uint32_t ttl)
{
	char head[SODNS_NAME_TEXT_MAX + 64], buf[16];
	char *text = NULL;
	size_t len = 0, room = 0, n = sodns_name_to_text(s->owner, head);
	const char *before = NULL; /* the end of a word */
	word_t w;
	n += (size_t)sprintf(head + n, " %u IN %s", ttl, sodns_type_text(type, buf));
	add_text(&text, &len, &room, head, n);
	while (scan_word(s, &w)) {
		/* key="value" is one word to ldns. */
		bool joined = w.quoted && w.at - 1 == before;
		before = w.at + w.len;
		add_text(&text, &len, &room, " ", joined ? 0 : 1);
		add_text(&text, &len, &room, "\"", w.quoted ? 1 : 0);
		add_text(&text, &len, &room, w.at, w.len);
		add_text(&text, &len, &room, "\"", w.quoted ? 1 : 0);
	}
	return text;
}

static int by_ldns(scanner_t *s, uint16_t type, uint32_t ttl)
{
	char buf[16], *text = line_for_ldns(s, type, ttl);
	ldns_rr *rr = NULL;
	ldns_rdf *origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, s->origin_len, s->origin);
	ldns_buffer *wire = ldns_buffer_new(1024);
	ldns_status st = ldns_rr_new_frm_str(&rr, text, ttl, origin, NULL);
	if (st == LDNS_STATUS_OK)
		st = ldns_rr_rdata2buffer_wire(wire, rr);
	bool ok = st == LDNS_STATUS_OK &&
		  put(s, ldns_buffer_begin(wire), ldns_buffer_position(wire));
	ldns_buffer_free(wire);
	ldns_rdf_deep_free(origin);
	ldns_rr_free(rr);
	free(text);
	return ok ? 0
		  : scan_error(s, "bad %s record: %s", sodns_type_text(type, buf),
			       ldns_get_errorstr_by_id(st));
}

int scan_rdata(scanner_t *s, uint16_t type, uint32_t ttl)
{
	const char *form = form_of(type), *begin;
	unsigned parens = s->parens, line = s->line;
	word_t w = {.at = "", .len = 0};
	s->rdata_len = 0;
	if (!scan_more(s))
		return scan_error(s, "unexpected end of the record");
	begin = s->p;
	if (s->end - begin > 2 && begin[0] == '\\' && begin[1] == '#') {
		scan_word(s, &w);
		return by_bytes(s, type);
	}
	if (!form) {
		int rc = by_ldns(s, type, ttl);
		/* The targets of service bindings are looked up in the zone. */
		if (!rc && !s->options->keep_case &&
		    (type == SODNS_TYPE_SVCB || type == SODNS_TYPE_HTTPS))
			sodns_name_lower(s->rdata + 2, s->rdata + 2);
		return rc;
	}
	if (!by_form(s, type, form, &w))
		return 0;
	/* Mnemonics in places where numbers stand mostly: ldns knows them. */
	if (type != SODNS_TYPE_DS && type != SODNS_TYPE_DNSKEY && type != SODNS_TYPE_RRSIG &&
	    type != 59 && type != 60)
		return -1;
	s->p = begin;
	s->parens = parens;
	s->line = line;
	s->rdata_len = 0;
	return by_ldns(s, type, ttl);
}
