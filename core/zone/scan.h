/*
 * The scanner's inside: words of a master file, and what is made of them.
 */
#ifndef CORE_ZONE_SCAN_H
#define CORE_ZONE_SCAN_H

#include <sodns/name.h>
#include <sodns/rr.h>

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
	bool open_quote; /* the text ended within a quoted string */
	const zonefile_options_t *options;
	zonefile_record_f fn;
	void *ctx;
	char *err;
	size_t err_size;
	bool ttl_known;
	uint32_t ttl; /* $TTL, or the last one given */
	bool ttl_fixed;
	bool generating; /* within $GENERATE */
	bool blank;      /* the entry has its owner from the one before */
	uint8_t origin[SODNS_NAME_MAX];
	uint8_t owner[SODNS_NAME_MAX];
	size_t origin_len;
	bool owner_known;
	uint8_t *rdata;
	size_t rdata_room;
	size_t rdata_len;
} scanner_t;

/* The next word of the entry; false at its end. */
bool scan_word(scanner_t *s, word_t *w);
/* Whether a word comes before the entry ends, without taking it. */
bool scan_more(scanner_t *s);
/* Notes an error with file and line; returns -1. */
int scan_error(scanner_t *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A word as a name, completed by the origin; lower case if `lower` says so and the options do not keep
 * it. 0 or the length. */
size_t scan_name(const scanner_t *s, const word_t *w, bool lower, uint8_t out[SODNS_NAME_MAX]);
/* "3600", "1h30m". */
bool scan_ttl(const word_t *w, uint32_t *out);
/* A record type, or 0. */
uint16_t scan_type(const word_t *w);
bool scan_number(const word_t *w, uint64_t max, uint64_t *out);
/* Reads the entry's RDATA into s->rdata. */
int scan_rdata(scanner_t *s, uint16_t type, uint32_t ttl);
/* $GENERATE: the rest of the line. */
int scan_generate(scanner_t *s);
/* Parses a text that stands for lines of this file. */
int scan_lines(scanner_t *s, const char *text, size_t len);

#endif
