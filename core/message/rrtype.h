/*
 * Every record type that IANA lists: its name and the fields of its RDATA. The one table that the
 * decoder, the encoder, the zone scanner and the printer go by, so that a type is known everywhere or
 * nowhere, and that says for every type where names stand.
 *
 * A form has a letter for each field:
 *
 *	N c n   a name: N and c may be compressed when written (RFC 3597, 4), n only when received; N is
 *	        lower case when it comes from a zone file
 *	u U     a name that is never compressed; U is lower case when it comes from a zone file
 *	V       such names up to the end (HIP's servers)
 *	1 2 4 6 8  numbers by bytes
 *	t d     a time span, a date: four bytes
 *	a A     an IPv4, an IPv6 address
 *	s S Q   a character-string; one or more of them up to the end; one that may be missing there
 *	r       text up to the end, without a length
 *	h H     bytes as hexadecimal digits up to the end; H may be none
 *	b B     bytes as base64 up to the end; B may be none
 *	x z     bytes behind their length in one byte: hexadecimal, base32 (NSEC3's salt and hash)
 *	D       bytes behind their length in two bytes (TSIG, TKEY)
 *	y m M k a type, a DNSSEC algorithm, a certificate's kind, DSYNC's scheme, by name or number
 *	T O     a bitmap of types (RFC 4034, 4.1.2); the old one (NXT)
 *	e E q   an EUI-48, an EUI-64, a 64-bit locator
 *	v P w l SvcParams; address prefixes; WKS's services; a location
 *	g G i   IPSECKEY's gateway and AMTRELAY's relay with what stands before them; HIP's tag and key
 *	j o p   an NSAP, an ATM address; A6's address and name
 */
#ifndef CORE_MESSAGE_RRTYPE_H
#define CORE_MESSAGE_RRTYPE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RR_NAMED = 1,  /* its form has N, c or n: names that may come compressed */
	RR_PACKED = 2, /* and N or c: names that are compressed when written */
	RR_META = 4,   /* part of messages, never of a zone */
	RR_SILENT = 8, /* its name is understood but not said: CoreDNS says TYPEnnn */
};

typedef struct rrtype {
	const char *name; /* NULL: it has no name */
	const char *form; /* NULL: no text form, RDATA may be any bytes */
	uint8_t flags;
} rrtype_t;

#define RRTYPE_LOW 265u
extern const rrtype_t rrtype_low[RRTYPE_LOW];

/* A type above the low ones. [any thread] */
const rrtype_t *rrtype_high(uint16_t type);

/* What is known of a type; never NULL. [any thread] */
static inline const rrtype_t *rrtype(uint16_t type)
{
	return type < RRTYPE_LOW ? &rrtype_low[type] : rrtype_high(type);
}

#endif
