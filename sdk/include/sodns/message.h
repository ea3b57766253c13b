/*
 * Messages without a query: what a plugin sends to another server on its own account, and what comes
 * back (RFC 1035, 4). No memory is taken: a message is built in a buffer of the caller's, and read
 * where it lies. All functions: [any thread].
 *
 *	uint8_t query[512];
 *	sodns_message_t m;
 *	sodns_message_begin(&m, query, sizeof(query), sodns_message_id(), SODNS_RD);
 *	sodns_message_add_question(&m, name, SODNS_TYPE_A, SODNS_CLASS_IN);
 *	sodns_message_add_edns(&m, 1232, true);
 *	int len = sodns_message_end(&m);
 *
 * What does not fit is left out whole, and the end says so: nothing has to be asked in between.
 *
 *	sodns_message_reader_t r;
 *	sodns_message_record_t rr;
 *	if (sodns_message_read(&r, answer, len))
 *		return;                            // no message
 *	while ((rc = sodns_message_next(&r, &rr)) > 0)
 *		if (rr.section == SODNS_ANSWER && rr.type == SODNS_TYPE_CNAME)
 *			use(rr.rdata);             // a name, uncompressed
 *	if (rc < 0)
 *		...                                // malformed from there on
 */
#ifndef SODNS_MESSAGE_H
#define SODNS_MESSAGE_H

#include <sodns/reply.h>

/* Bytes of a message's header, and of the longest query: one question, no records. */
#define SODNS_MESSAGE_HEADER 12u
#define SODNS_MESSAGE_QUERY_MAX (SODNS_MESSAGE_HEADER + SODNS_NAME_MAX + 4u)

/* An id that can't be guessed (RFC 5452, 9.2). */
SODNS_API uint16_t sodns_message_id(void);

/* A message that is being built. Read only, but by the functions below. */
typedef struct sodns_message {
	uint8_t *bytes; /* the message so far: whole and well-formed at any time */
	size_t length;
	size_t size;   /* room for it; at most 65535 bytes of it are used */
	int error;     /* SODNS_ERANGE: something did not fit; SODNS_EINVAL: or came out of order */
	uint16_t edns; /* where the OPT record begins, 0: there is none */
	uint8_t part;  /* the section that was last added to: 0 the question, 1 the answer ... */
	uint8_t spare[5];
} sodns_message_t;

/* Begins with a header: its id and second word (SODNS_QR and its like, an opcode << 11, an rcode),
 * all counts 0. The room is the caller's, and has to stay. */
SODNS_API void sodns_message_begin(sodns_message_t *m, void *room, size_t size, uint16_t id,
				   uint16_t flags);
/* A question. Names here and below are in wire form; their letter case is kept. */
SODNS_API void sodns_message_add_question(sodns_message_t *m, const uint8_t *name, uint16_t type,
					  uint16_t rclass);
/* A record behind the others; sections come in their order. An owner that is the first question's
 * name or an end of it, letter for letter, becomes a pointer to it (RFC 1035, 4.1.4); names in RDATA
 * stay as they are. */
SODNS_API void sodns_message_add_record(sodns_message_t *m, enum sodns_section section,
					const uint8_t *owner, uint16_t type, uint16_t rclass,
					uint32_t ttl, const void *rdata, uint16_t len);
/* All records of an RRset. */
SODNS_API void sodns_message_add_set(sodns_message_t *m, enum sodns_section section,
				     const sodns_rrset_t *set);
/* An OPT record (RFC 6891): once, behind every record but one of TSIG. */
SODNS_API void sodns_message_add_edns(sodns_message_t *m, uint16_t size, bool dnssec_ok);
/* Options of that OPT record, while nothing stands behind it: one; several as they stand in another
 * message (code, length, bytes), which are not looked at. */
SODNS_API void sodns_message_add_option(sodns_message_t *m, uint16_t code, const void *bytes,
					size_t len);
SODNS_API void sodns_message_add_options(sodns_message_t *m, const uint8_t *options, size_t len);
/* The message's length, or the error of what went wrong first. */
SODNS_API int sodns_message_end(const sodns_message_t *m);

/* A whole query: an id that can't be guessed, flags (SODNS_RD, say) and one question. Its length. */
SODNS_API size_t sodns_message_query(uint8_t out[SODNS_MESSAGE_QUERY_MAX], uint16_t flags,
				     const uint8_t *name, uint16_t type, uint16_t rclass);

/* A message that is being read. */
typedef struct sodns_message_reader {
	/* known when it was begun */
	uint16_t id;
	uint16_t flags;    /* the header's second word, opcode and rcode in it */
	uint16_t count[4]; /* as the header has them: questions, then the sections' records */
	uint8_t name
		[SODNS_NAME_MAX]; /* of the first question, letter case kept; the root if none */
	uint16_t type, rclass;    /* of the first question, 0 if there is none */

	/* the reader's own */
	const uint8_t *bytes;
	size_t length, at, steps;
	uint32_t done; /* records */
	uint8_t spare[12];
} sodns_message_reader_t;

/* What RDATA may take with its names unpacked, in types that have names which come compressed. */
#define SODNS_MESSAGE_RDATA_MAX 2048u

typedef struct sodns_message_record {
	uint8_t section; /* enum sodns_section */
	uint16_t type,
		rclass; /* an OPT record is one like others: its class is a size, its TTL flags */
	uint32_t ttl;
	const uint8_t
		*rdata; /* well-formed for its type (unknown types: any bytes), names unpacked; it
				 lies in the message or in `space` */
	uint16_t rdata_len;
	uint8_t owner[SODNS_NAME_MAX]; /* letter case kept */
	uint8_t space[SODNS_MESSAGE_RDATA_MAX];
} sodns_message_record_t;

/* Begins to read: header and questions. The message has to stay where it is while it is read. 0, or
 * SODNS_EINVAL for what is no message. */
SODNS_API int sodns_message_read(sodns_message_reader_t *r, const uint8_t *message, size_t len);
/* The next record. 1: there is one; 0: all that the header promises were there; SODNS_EINVAL: it is
 * malformed or cut short, as is every further call. A message of any bytes takes no longer than one
 * of that size may: pointers to pointers are counted. */
SODNS_API int sodns_message_next(sodns_message_reader_t *r, sodns_message_record_t *out);

/* Among EDNS options as they stand in an OPT record (code, length, bytes; `len` bytes of any kind)
 * the first with this code: its bytes, *out_len set, or NULL. */
SODNS_API const uint8_t *sodns_edns_find(const uint8_t *options, size_t len, uint16_t code,
					 size_t *out_len);

#endif
