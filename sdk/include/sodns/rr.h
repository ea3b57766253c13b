/*
 * Record types, classes, rcodes, header bits, and the form in which records travel: the RRset.
 *
 * An RRset's data are its records' RDATA one after the other, each behind its length in two bytes,
 * most significant first: the form of a DNS message, names in it not compressed. They are const:
 * a plugin that wants other data makes new ones in the query's arena and points there.
 */
#ifndef SODNS_RR_H
#define SODNS_RR_H

#include <sodns/name.h>

enum sodns_type {
	SODNS_TYPE_A = 1,
	SODNS_TYPE_NS = 2,
	SODNS_TYPE_CNAME = 5,
	SODNS_TYPE_SOA = 6,
	SODNS_TYPE_PTR = 12,
	SODNS_TYPE_HINFO = 13,
	SODNS_TYPE_MX = 15,
	SODNS_TYPE_TXT = 16,
	SODNS_TYPE_AAAA = 28,
	SODNS_TYPE_SRV = 33,
	SODNS_TYPE_NAPTR = 35,
	SODNS_TYPE_DNAME = 39,
	SODNS_TYPE_OPT = 41,
	SODNS_TYPE_DS = 43,
	SODNS_TYPE_RRSIG = 46,
	SODNS_TYPE_NSEC = 47,
	SODNS_TYPE_DNSKEY = 48,
	SODNS_TYPE_NSEC3 = 50,
	SODNS_TYPE_NSEC3PARAM = 51,
	SODNS_TYPE_TLSA = 52,
	SODNS_TYPE_SVCB = 64,
	SODNS_TYPE_HTTPS = 65,
	SODNS_TYPE_TSIG = 250,
	SODNS_TYPE_IXFR = 251,
	SODNS_TYPE_AXFR = 252,
	SODNS_TYPE_ANY = 255,
	SODNS_TYPE_CAA = 257,
};

enum sodns_class {
	SODNS_CLASS_IN = 1,
	SODNS_CLASS_CH = 3,
	SODNS_CLASS_HS = 4,
	SODNS_CLASS_ANY = 255
};

enum sodns_rcode {
	SODNS_NOERROR = 0,
	SODNS_FORMERR = 1,
	SODNS_SERVFAIL = 2,
	SODNS_NXDOMAIN = 3,
	SODNS_NOTIMP = 4,
	SODNS_REFUSED = 5,
	SODNS_YXDOMAIN = 6,
	SODNS_YXRRSET = 7,
	SODNS_NXRRSET = 8,
	SODNS_NOTAUTH = 9,
	SODNS_NOTZONE = 10,
	SODNS_BADVERS = 16,
	SODNS_BADCOOKIE = 23,
};

enum sodns_opcode { SODNS_OPCODE_QUERY = 0, SODNS_OPCODE_NOTIFY = 4, SODNS_OPCODE_UPDATE = 5 };

/* Bits of the header's second 16-bit word, host byte order. */
#define SODNS_QR 0x8000u
#define SODNS_AA 0x0400u
#define SODNS_TC 0x0200u
#define SODNS_RD 0x0100u
#define SODNS_RA 0x0080u
#define SODNS_Z 0x0040u
#define SODNS_AD 0x0020u
#define SODNS_CD 0x0010u

typedef struct sodns_rrset {
	const uint8_t *owner;
	const uint8_t *data; /* count times: 16-bit length, RDATA */
	uint32_t data_len;
	uint32_t ttl; /* seconds */
	uint16_t type;
	uint16_t rclass;
	uint16_t count;
	uint16_t covers; /* RRSIG: the type its records cover, where they all cover one; else 0 */
	const void *reserved; /* NULL */
} sodns_rrset_t;

/* One record of an RRset's data at `at`: its RDATA, the length in *len. The next one begins at
 * rdata + *len. [any thread] */
static inline const uint8_t *sodns_rdata(const uint8_t *at, uint16_t *len)
{
	*len = (uint16_t)(at[0] << 8 | at[1]);
	return at + 2;
}

/* "A", "TYPE65280"; a pointer to a constant, or into buf for types without a name. [any thread] */
SODNS_API const char *sodns_type_text(uint16_t type, char buf[16]);
/* The type of a text, letter case aside, also TYPE65280. 0: there is none. [any thread] */
SODNS_API uint16_t sodns_type_from_text(const char *text);
/* "IN", "CLASS300"; as sodns_type_text(). [any thread] */
SODNS_API const char *sodns_class_text(uint16_t rclass, char buf[16]);
/* The class of a text, 0 if there is none. [any thread] */
SODNS_API uint16_t sodns_class_from_text(const char *text);
/* One record in presentation form (RFC 1035, 5.1), as a line of a zone file. */
typedef struct sodns_record {
	uint8_t owner[SODNS_NAME_MAX]; /* lower case */
	uint16_t type, rclass;
	uint32_t ttl;
	uint8_t *rdata; /* names in it are not compressed; the caller frees it */
	uint16_t rdata_len;
	const void *reserved[2];
} sodns_record_t;
/* Parses `len` bytes of text: owner, TTL, class, type, RDATA. Relative names are completed by
 * origin (NULL: the root); a record without TTL gets default_ttl. 0, or SODNS_EINVAL with the
 * reason in err (NULL: not wanted): no record, several, or a directive. Takes memory: for
 * setup, and for what is parsed once. [any thread] */
SODNS_API int sodns_record_from_text(const char *text, size_t len, const uint8_t *origin,
				     uint32_t default_ttl, sodns_record_t *out, char *err,
				     size_t err_size);
/* The first record of a text as an RRset of one, its names in the letter case in which they are
 * written; relative ones are completed by the root. Owner and data lie in the caller's `space`, of
 * SODNS_RECORD_SPACE(len) bytes. 0; 1 where the text has no record; SODNS_EINVAL with the reason in
 * err. Common types take no other memory, so that it may be used for each query. [any thread] */
#define SODNS_RECORD_SPACE(len) (SODNS_NAME_MAX + 64u + 8u * (len))
SODNS_API int sodns_rrset_from_text(const char *text, size_t len, uint32_t default_ttl, void *space,
				    sodns_rrset_t *out, char *err, size_t err_size);
/* RDATA in presentation form, names with a final dot, as zone files have it; cut off at `size`.
 * Returns the length, 0 for RDATA that does not parse. Takes memory. [any thread] */
SODNS_API size_t sodns_rdata_to_text(uint16_t type, const uint8_t *rdata, uint16_t len, char *out,
				     size_t size);

/* "NOERROR", "RCODE17" (buf). [any thread] */
SODNS_API const char *sodns_rcode_text(int rcode, char buf[16]);
/* The rcode of a text, letter case aside, or SODNS_EINVAL. [any thread] */
SODNS_API int sodns_rcode_from_text(const char *text);

#endif
