/*
 * RDATA by type: a field each after the type's form (rrtype.h). The fields that most records have are
 * here; what is rarer has its own files.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "message/rdata.h"
#include "zone/scan.h"

bool scan_put(scanner_t *s, const void *bytes, size_t len)
{
	if (s->rdata_len + len > s->rdata_room)
		return false;
	memcpy(s->rdata + s->rdata_len, bytes, len);
	s->rdata_len += len;
	return true;
}

bool scan_put_number(scanner_t *s, uint64_t v, unsigned bytes)
{
	uint8_t out[8];
	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	return scan_put(s, out, bytes);
}

bool scan_put_ipv4(scanner_t *s, const char *text, size_t len)
{
	uint8_t out[4];
	unsigned part = 0, v = 0, digits = 0;
	for (size_t i = 0; i <= len; i++) {
		char c = i < len ? text[i] : '.';
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
	return part == 4 && scan_put(s, out, 4);
}

bool scan_put_ipv6(scanner_t *s, const char *text, size_t len)
{
	char copy[64];
	uint8_t out[16];
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = 0;
	return inet_pton(AF_INET6, copy, out) == 1 && scan_put(s, out, 16);
}

bool scan_put_name(scanner_t *s, const word_t *w, bool lower)
{
	uint8_t name[SODNS_NAME_MAX];
	size_t n = scan_name(s, w, lower, name);
	return n && scan_put(s, name, n);
}

bool scan_take(scanner_t *s)
{
	s->why = "unexpected end of the record";
	if (!scan_word(s, &s->word))
		return false;
	s->why = NULL;
	return true;
}

/* A digit that is not the first of three stands for itself in a string, as in CoreDNS. */
static const char *string_escape(const char *p, const char *end, uint8_t *out)
{
	unsigned digits = 0;
	while (digits < 3 && p + digits < end && p[digits] >= '0' && p[digits] <= '9')
		digits++;
	if (digits == 3 || p == end)
		return scan_escape(p, end, out);
	*out = (uint8_t)*p;
	return p + 1;
}

/* A character-string (RFC 1035, 3.3), escapes resolved. Where it may be several (`cut`), longer ones
 * are cut into pieces of 255, as the oracle does. */
static bool put_string(scanner_t *s, const word_t *w, bool cut)
{
	size_t length = s->rdata_len, n = 0;
	const char *p = w->at, *end = p + w->len;
	if (!scan_put(s, "", 1))
		return false;
	while (p < end) {
		uint8_t c = (uint8_t)*p++;
		if (c == '\\' && !(p = string_escape(p, end, &c)))
			return false;
		if (n == 255) {
			s->rdata[length] = 255;
			length = s->rdata_len;
			n = 0;
			if (!cut || !scan_put(s, "", 1))
				return false;
		}
		if (!scan_put(s, &c, 1))
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
	if (!put_string(s, w, true))
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

/* The type bitmap of NSEC (RFC 4034, 4.1.2). */
static bool put_types(scanner_t *s)
{
	uint8_t map[256][32];
	uint8_t used[256] = {0};
	word_t w;
	memset(map, 0, sizeof(map));
	while (scan_word(s, &w)) {
		uint16_t t = scan_type(&w);
		s->word = w;
		if (!t)
			return false;
		map[t >> 8][(t & 255) / 8] |= (uint8_t)(0x80 >> (t & 7));
		if ((t & 255) / 8 + 1 > used[t >> 8])
			used[t >> 8] = (uint8_t)((t & 255) / 8 + 1);
	}
	for (unsigned b = 0; b < 256; b++) {
		uint8_t head[2] = {(uint8_t)b, used[b]};
		if (used[b] && (!scan_put(s, head, 2) || !scan_put(s, map[b], used[b])))
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
		return v <= UINT32_MAX && scan_put_number(s, v, 4);
	t.tm_sec = (int)(v % 100);
	t.tm_min = (int)(v / 100 % 100);
	t.tm_hour = (int)(v / 10000 % 100);
	t.tm_mday = (int)(v / 1000000 % 100);
	t.tm_mon = (int)(v / 100000000 % 100) - 1;
	t.tm_year = (int)(v / 10000000000) - 1900;
	const struct tm given = t;
	time_t seconds = timegm(&t);
	/* A day that no month has would be another's. */
	bool real = t.tm_mon == given.tm_mon && t.tm_mday == given.tm_mday &&
		    t.tm_hour == given.tm_hour && t.tm_min == given.tm_min &&
		    t.tm_sec == given.tm_sec;
	return real && seconds >= 0 && seconds <= UINT32_MAX &&
	       scan_put_number(s, (uint64_t)seconds, 4);
}

static bool put_field(scanner_t *s, char field, const word_t *w)
{
	uint64_t v;
	uint32_t ttl;
	switch (field) {
	case 'a':
		return scan_put_ipv4(s, w->at, w->len);
	case 'A':
		return scan_put_ipv6(s, w->at, w->len);
	case 'N':
	case 'U':
		return scan_put_name(s, w, true);
	case 'c':
	case 'n':
	case 'u':
		return scan_put_name(s, w, false);
	case '1':
	case '2':
	case '4':
		return scan_number(w, (1ull << (8 * (field - '0'))) - 1, &v) &&
		       scan_put_number(s, v, (unsigned)(field - '0'));
	case '8':
		return scan_number(w, UINT64_MAX, &v) && scan_put_number(s, v, 8);
	case 't':
		return scan_ttl(w, &ttl) && scan_put_number(s, ttl, 4);
	case 's':
		return put_string(s, w, false);
	case 'r':
		return put_bare_string(s, w);
	case 'y':
		return scan_type(w) && scan_put_number(s, scan_type(w), 2);
	case 'd':
		return put_date(s, w);
	default:
		s->word = *w;
		return scan_rare_word(s, field);
	}
}

/* Whether a field takes its words itself. */
static bool takes_words(char field)
{
	return strchr("hHbBTSQvgGipwOlPV", field);
}

static bool put_strings(scanner_t *s)
{
	word_t w;
	while (scan_word(s, &w)) {
		s->word = w;
		if (!put_string(s, &w, true))
			return false;
	}
	return true;
}

/* Bytes that may be missing are perhaps written as "-". */
static bool is_none(scanner_t *s, size_t before)
{
	return s->rdata_len == before && s->word.len == 1 && *s->word.at == '-' && !scan_more(s);
}

static bool put_words(scanner_t *s, char field)
{
	size_t before = s->rdata_len;
	bool good;
	switch (field) {
	case 'h':
	case 'H':
		good = scan_put_hex_words(s);
		break;
	case 'b':
		good = scan_put_base64_words(s);
		break;
	case 'B':
		good = scan_put_base64_words(s) || is_none(s, before);
		break;
	case 'Q':
		return !scan_more(s) || (scan_take(s) && put_string(s, &s->word, false));
	case 'S':
		good = put_strings(s);
		break;
	case 'T':
		return put_types(s);
	case 'v':
		return scan_svcb(s);
	default:
		return scan_rare(s, field);
	}
	return good && (field == 'H' || field == 'B' || s->rdata_len > before);
}

#define RARE "gGipwOlPVxzjoq"

static int bad(scanner_t *s, uint16_t type)
{
	char buf[16];
	return scan_error(s, "bad %s record: \"%.*s\"%s%s", sodns_type_text(type, buf),
			  (int)s->word.len, s->word.at, s->why ? ": " : "", s->why ? s->why : "");
}

static int by_form(scanner_t *s, uint16_t type, const char *form)
{
	const char *begin = form;
	word_t w = s->word;
	for (; *form; form++) {
		if (takes_words(*form)) {
			s->word = w;
			if (!put_words(s, *form))
				return bad(s, type);
			continue;
		}
		if (!scan_word(s, &w))
			return scan_error(s, "unexpected end of the record after \"%.*s\"",
					  (int)w.len, w.at);
		if (put_field(s, *form, &w))
			continue;
		s->word = w;
		return bad(s, type);
	}
	/* Fields that are put together may not go together. */
	if (strpbrk(begin, RARE) && !rdata_valid(type, s->rdata, s->rdata_len))
		return bad(s, type);
	return 0;
}

/* Names that are lower case when they come from a zone file, in RDATA that came as bytes. */
static void lower_names(scanner_t *s, const char *form)
{
	uint8_t *p = s->rdata;
	size_t left = s->rdata_len, n;
	for (; form && *form; form++, p += n, left -= n) {
		n = rdata_field(*form, p, left);
		if (*form == 'N' || *form == 'U')
			sodns_name_lower(p, p);
	}
}

/* \# LENGTH HEX (RFC 3597, 5). */
static int by_bytes(scanner_t *s, uint16_t type)
{
	uint64_t len;
	if (!scan_word(s, &s->word) || !scan_number(&s->word, RDATA_MAX, &len))
		return scan_error(s, "\\# wants the length of the data");
	if (!scan_put_hex_words(s))
		return bad(s, type);
	if (s->rdata_len != len) {
		s->why = "not as long as it says";
		return bad(s, type);
	}
	if (!rdata_valid(type, s->rdata, s->rdata_len)) {
		s->why = "malformed data";
		return bad(s, type);
	}
	if (!s->options->keep_case)
		lower_names(s, rrtype(type)->form);
	return 0;
}

/* Whether RDATA come as bytes: a string that begins so stands for itself unless a number follows. */
static bool are_bytes(scanner_t *s, const char *form)
{
	const char *p = s->p;
	word_t mark, w;
	uint64_t n;
	if (s->end - p < 2 || p[0] != '\\' || p[1] != '#')
		return false;
	const scanner_t before = *s;
	bool alone = scan_word(s, &mark) && mark.len == 2;
	bool bytes = alone && (!form || *form != 'S' ||
			       (scan_word(s, &w) && scan_number(&w, UINT32_MAX, &n)));
	s->p = before.p;
	s->parens = before.parens;
	s->line = before.line;
	return bytes;
}

/* $GENERATE of BIND takes one word: RDATA of several are quoted there. */
static int by_quoted_form(scanner_t *s, uint16_t type, const char *form)
{
	scan_word(s, &s->word);
	const char *p = s->p, *end = s->end;
	s->p = s->word.at;
	s->end = s->p + s->word.len;
	int rc = by_form(s, type, form);
	if (!rc && scan_word(s, &s->word))
		rc = bad(s, type);
	s->p = p;
	s->end = end;
	return rc;
}

int scan_rdata(scanner_t *s, uint16_t type)
{
	const rrtype_t *t = rrtype(type);
	s->word = (word_t){.at = "", .len = 0};
	s->why = NULL;
	s->rdata_len = 0;
	if (t->flags & RR_META)
		return scan_error(s, "%s is no type of records", t->name);
	/* A list of prefixes may be empty. */
	if (!scan_more(s) && (!t->form || *t->form != 'P'))
		return scan_error(s, "unexpected end of the record");
	if (s->p < s->end && *s->p == '\\' && are_bytes(s, t->form)) {
		scan_word(s, &s->word);
		return by_bytes(s, type);
	}
	if (t->form && s->generating && *s->p == '"' && !strpbrk(t->form, "sSr"))
		return by_quoted_form(s, type, t->form);
	if (t->form)
		return by_form(s, type, t->form);
	s->why = "its data are written as \\# LENGTH HEX";
	return bad(s, type);
}
