/*
 * The scanner's inside: words of a master file, and what is made of them.
 */
#ifndef CORE_ZONE_SCAN_H
#define CORE_ZONE_SCAN_H

#include <sodns/name.h>
#include <sodns/rr.h>
#include <sodns/text.h>

#include "zone/zonefile.h"

#define RDATA_MAX 65535u
#define INCLUDE_DEPTH_MAX 7

typedef struct word {
	const char *at;
	size_t len;
	bool quoted;
} word_t;

typedef struct scanner {
	const char *file;
	const char *p, *end;
	unsigned line, depth; /* depth: of includes */
	unsigned parens;
	bool open_quote;                 /* the text ended within a quoted string */
	unsigned paren_line, quote_line; /* of the entry: where its first "(" stands, and its first
					    string that does not end on its line; 0: none */
	const zonefile_options_t *options;
	zonefile_record_f fn;
	void *ctx;
	char *err;
	size_t err_size;
	bool ttl_known;
	uint32_t ttl; /* $TTL, or the last one given */
	bool ttl_fixed;
	bool generating; /* within $GENERATE */
	bool minimum_known;
	uint32_t minimum; /* the SOA's */
	bool blank;       /* the entry has its owner from the one before */
	uint8_t origin[SODNS_NAME_MAX];
	uint8_t owner[SODNS_NAME_MAX];
	size_t origin_len;
	bool owner_known;
	uint8_t *rdata;
	size_t rdata_room;
	size_t rdata_len;
	word_t word;     /* of a record that is bad: where it is */
	const char *why; /* and why, or NULL */
} scanner_t;

/* The next word of the entry; false at its end. */
bool scan_word(scanner_t *s, word_t *w);
/* Whether a word comes before the entry ends, without taking it. */
bool scan_more(scanner_t *s);
/* Notes an error with file and line; returns -1. Where a parenthesis or a quote is not closed, what comes
 * behind it is read as part of its entry: then the line is that on which it begins. */
int scan_error(scanner_t *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A word as a name, completed by the origin; lower case if `lower` says so and the options do not keep
 * it. 0 or the length. */
size_t scan_name(const scanner_t *s, const word_t *w, bool lower, uint8_t out[SODNS_NAME_MAX]);
/* "3600", "1h30m". */
bool scan_ttl(const word_t *w, uint32_t *out);
/* A record type, or 0. */
uint16_t scan_type(const word_t *w);
bool scan_number(const word_t *w, uint64_t max, uint64_t *out);
/* Reads the entry's RDATA into s->rdata, where it is well-formed. */
int scan_rdata(scanner_t *s, uint16_t type);

/* Appends bytes to s->rdata; false where there is no room. */
bool scan_put(scanner_t *s, const void *bytes, size_t len);
/* Appends a number of 1 to 8 bytes, most significant first. */
bool scan_put_number(scanner_t *s, uint64_t v, unsigned bytes);
bool scan_put_ipv4(scanner_t *s, const char *text, size_t len);
bool scan_put_ipv6(scanner_t *s, const char *text, size_t len);
bool scan_put_name(scanner_t *s, const word_t *w, bool lower);
/* The next word of a record that must have one, noted for the error. */
bool scan_take(scanner_t *s);
/* One character of a text with escapes (\DDD, \X) at p; what follows it, NULL where it is malformed. */
const char *scan_escape(const char *p, const char *end, uint8_t *out);

/* Bytes in an encoding, of one word or of all words up to the end of the record. */
bool scan_put_hex(scanner_t *s, const word_t *w);
bool scan_put_hex_words(scanner_t *s);
bool scan_put_base64(scanner_t *s, const char *text, size_t len);
bool scan_put_base64_words(scanner_t *s);
bool scan_put_base32(scanner_t *s, const word_t *w);

/* SvcParams up to the end of the record (RFC 9460, 2.1). */
bool scan_svcb(scanner_t *s);
/* Fields of types that are rare: those that take words of their own. `field` as in rrtype.h. */
bool scan_rare(scanner_t *s, char field);
/* And those that are the word in s->word. */
bool scan_rare_word(scanner_t *s, char field);
/* A location: the rest of the record (RFC 1876, 3). */
bool scan_location(scanner_t *s);
/* $GENERATE: the rest of the line. */
int scan_generate(scanner_t *s);
/* Parses a text that stands for lines of this file. */
int scan_lines(scanner_t *s, const char *text, size_t len);

#endif
