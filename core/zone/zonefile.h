/*
 * Master files (RFC 1035, 5; RFC 2308; RFC 3597): text to records in wire form, one callback each.
 *
 * Records are scanned in one pass, by the table of types (message/rrtype.h); only service bindings
 * take memory.
 */
#ifndef CORE_ZONE_ZONEFILE_H
#define CORE_ZONE_ZONEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zonefile_record {
	const uint8_t *owner; /* wire form, lower case */
	uint16_t type, rclass;
	uint32_t ttl;
	const uint8_t *rdata; /* names in it are not compressed; those of NS, SOA, CNAME and MX are
				 lower case */
	uint16_t rdata_len;
	const char *file; /* where it stands, for messages */
	unsigned line;
} zonefile_record_t;

/* Not 0 stops, with the reason in err. */
typedef int (*zonefile_record_f)(void *ctx, const zonefile_record_t *rr, char *err,
				 size_t err_size);

typedef struct zonefile_options {
	const uint8_t *origin; /* wire form */
	uint32_t default_ttl;  /* for records before the first TTL */
	bool soa_ttl;    /* such records have the SOA's MINIMUM once that came; before it they are
				  errors if owner and type are all they say */
	bool no_include; /* $INCLUDE is an error */
	bool keep_case;  /* names stay as they are written */
	unsigned *files; /* counts the files read; may be NULL */
} zonefile_options_t;

/* 0, or negative with "FILE:LINE: …" in err. */
int zonefile_parse_file(const char *path, const zonefile_options_t *o, zonefile_record_f fn,
			void *ctx, char *err, size_t err_size);
int zonefile_parse_text(const char *name, const char *text, size_t len, const zonefile_options_t *o,
			zonefile_record_f fn, void *ctx, char *err, size_t err_size);

/* The first record of the text alone, its RDATA in `size` bytes at rdata. 1: there is none. */
int zonefile_parse_first(const char *text, size_t len, const zonefile_options_t *o, uint8_t *rdata,
			 size_t size, zonefile_record_f fn, void *ctx, char *err, size_t err_size);

#endif
