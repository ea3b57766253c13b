/*
 * RDATA in wire form, names in it uncompressed, by the table of types: where fields begin and end,
 * and whether bytes are RDATA of a type at all. Whatever comes from the network, from a zone file, as
 * generic bytes (RFC 3597) or from a plugin into a zone passes rdata_valid() once; nothing behind that
 * can walk out of it.
 */
#ifndef CORE_MESSAGE_RDATA_H
#define CORE_MESSAGE_RDATA_H

#include <stddef.h>

#include "message/rrtype.h"

/* The length of the uncompressed name that begins at p, within `left` bytes; 0: there is none.
 * [any thread] */
size_t rdata_name(const uint8_t *p, size_t left);

/* Bytes of the field that begins at p, of `left` that there are; more than that: it is malformed.
 * Names must not be compressed. IPSECKEY's and AMTRELAY's fields look at nothing before p.
 * [any thread] */
size_t rdata_field(char field, const uint8_t *p, size_t left);

/* Whether a field's letter stands for a name that may come compressed. */
static inline bool rdata_is_name(char field)
{
	return field == 'N' || field == 'c' || field == 'n';
}

/* Whether bytes are RDATA of the type, from end to end. Of types without a form: always.
 * [any thread] */
bool rdata_valid(uint16_t type, const uint8_t *rdata, size_t len);

/* How many names RDATA of the type has that may come compressed. [any thread] */
size_t rdata_names(uint16_t type);

/* Unpacks the RDATA of such a type which stands in a message from `at` to `end`: at most 255 bytes
 * more for each of its names. The bytes written, SIZE_MAX if it is malformed. *steps: name.h.
 * [any thread] */
size_t rdata_unpack(uint16_t type, const uint8_t *message, size_t at, size_t end, uint8_t *out,
		    size_t *steps);

/* Where the first name begins in well-formed RDATA of a type that has one at a fixed place: MX, SRV,
 * SVCB and their like. SIZE_MAX: nowhere. [any thread] */
size_t rdata_target(uint16_t type);

/* Whether two well-formed RDATA are one, letter case in names aside (RFC 4034, 6.2; RFC 4343).
 * [any thread] */
bool rdata_equal(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

#endif
