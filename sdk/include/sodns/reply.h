/*
 * What goes back. A reply is one of five things: records, a wire image (a whole message, as a cache
 * keeps it), an error (an rcode and a text for the log, of which the server makes the message in
 * the end), a drop, or a stream that begins when the chain has ended. Edits of records do nothing on
 * an error, a drop or a stream; on a wire image they open it into records first. So a plugin that edits what sodns_next() returned needs to ask nothing.
 *
 * Replies belong to the query's arena. The host notes the plugin that made one. [query] throughout.
 */
#ifndef SODNS_REPLY_H
#define SODNS_REPLY_H

#include <sodns/query.h>

enum sodns_section { SODNS_ANSWER = 0, SODNS_AUTHORITY = 1, SODNS_ADDITIONAL = 2 };
enum sodns_reply_kind { SODNS_RECORDS, SODNS_WIRE, SODNS_ERROR, SODNS_DROP, SODNS_STREAM };

/* An empty NOERROR reply to q: records, RD and CD as asked. */
SODNS_API sodns_reply_t *sodns_reply(sodns_query_t *q);
/* An error: the client gets rcode and nothing else; the text, which may be NULL, goes to `errors`.
 */
SODNS_API sodns_reply_t *sodns_fail(sodns_query_t *q, int rcode, const char *format, ...)
	SODNS_PRINTF(3, 4);
/* No answer at all. */
SODNS_API sodns_reply_t *sodns_drop(sodns_query_t *q);
/* A whole message, copied when it leaves: id, header bits and the client's EDNS are put right, TTLs
 * are lowered by `age` seconds at the `ttl_count` offsets (ttls: offsets of 32-bit TTLs; both must
 * live as long as the query). The message must hold q's question in lower case and no OPT record:
 * what sodns_reply_image() makes. It is opened into records where it can't leave as it is: it does
 * not fit, or the client wrote the name in other letters. Editing header bits, rcode and TTLs leaves
 * it whole. */
SODNS_API sodns_reply_t *sodns_reply_wire(sodns_query_t *q, const uint8_t *message, size_t len,
					  const uint16_t *ttls, size_t ttl_count, uint32_t age);
/* The message that r would be, made for sodns_reply_wire(): q's question in lower case, all records,
 * names compressed, no OPT record, the id 0. It may be kept and served for other queries with the
 * same question. In the query's arena. Another server's answer that is an image stays one: its bytes
 * are copied. SODNS_EINVAL: r is neither records nor an image; SODNS_ERANGE: longer than a message may
 * be, or an rcode above 15. */
typedef struct sodns_image {
	uint8_t *message;
	size_t length;
	uint16_t *ttls; /* offsets of the TTLs */
	size_t ttl_count;
} sodns_image_t;
SODNS_API int sodns_reply_image(sodns_reply_t *r, sodns_image_t *out);
/* A received message opened into records: names decompressed into the arena, OPT's options taken as
 * the reply's. Every name, every count and the RDATA of every known type are checked, so that
 * walking them comes to an end. NULL if it is malformed, or has fewer records than it promises.
 */
SODNS_API sodns_reply_t *sodns_reply_parse(sodns_query_t *q, const uint8_t *message, size_t len);

/* A message that another server answered q with, to be passed on as it is: where that can be, a wire
 * image without a copy (it must live as long as the query, and is the reply's from now on), else
 * records. Its own question (letter case), RD and CD leave as they stand there; its OPT record is
 * cut off and becomes the reply's. It is checked as by sodns_reply_parse(): NULL if it is malformed
 * or cut short, whatever its TC says. It must hold q's question. */
SODNS_API sodns_reply_t *sodns_reply_received(sodns_query_t *q, uint8_t *message, size_t len);

SODNS_API enum sodns_reply_kind sodns_reply_kind(const sodns_reply_t *r);
/* Opens an image into records, with what that costs; records stay as they are. False: r is neither. */
SODNS_API bool sodns_reply_open(sodns_reply_t *r);
/* What r says as the calling plugin's own reply to q: its header and records, which are shared, without
 * what is between two hops only: OPT and TSIG records. An image of q's question stays one. r is records
 * or an image, and is not used any more. */
SODNS_API sodns_reply_t *sodns_reply_again(sodns_query_t *q, sodns_reply_t *r);

/* A record of an image, as far as it can be seen from outside. */
typedef struct sodns_image_record {
	enum sodns_section section;
	uint16_t type, rclass;
	uint32_t ttl; /* with which it will leave */
	bool asked;   /* its owner is the question's name, by a pointer to it */
} sodns_image_record_t;
/* The i-th record of an image, from 0 on; false: r is no image, or has no more. */
SODNS_API bool sodns_reply_image_record(const sodns_reply_t *r, size_t i,
					sodns_image_record_t *out);

SODNS_API int sodns_reply_rcode(const sodns_reply_t *r);
/* The text of an error, or NULL. */
SODNS_API const char *sodns_reply_error(const sodns_reply_t *r);
/* The plugin that made it: its directive, "" for the server itself. */
SODNS_API const char *sodns_reply_plugin(const sodns_reply_t *r);
SODNS_API void sodns_reply_set_rcode(sodns_reply_t *r, int rcode);
/* Header bits: SODNS_AA, SODNS_TC, SODNS_RA, SODNS_AD, … Set and clear. */
SODNS_API uint16_t sodns_reply_flags(const sodns_reply_t *r);
SODNS_API void sodns_reply_set_flags(sodns_reply_t *r, uint16_t set, uint16_t clear);

/* Appends an RRset; what it points to must live as long as the query. An owner that is the query's
 * own name, or a suffix of it, is best given as a pointer into it. */
SODNS_API void sodns_reply_add(sodns_reply_t *r, enum sodns_section section,
			       const sodns_rrset_t *set);
/* Appends one record of class IN; rdata is copied, owner must live as long as the query. */
SODNS_API void sodns_reply_add_record(sodns_reply_t *r, enum sodns_section section,
				      const uint8_t *owner, uint16_t type, uint32_t ttl,
				      const void *rdata, uint16_t len);
/* The RRsets of a section, to read and to change in place (the data stay const); *count is set. An
 * image is opened for it. A
 * record is not necessarily in one set with all of its like: sets are runs of equal owner, type and
 * TTL. */
SODNS_API sodns_rrset_t *sodns_reply_sets(sodns_reply_t *r, enum sodns_section section,
					  size_t *count);
/* Removes the sets for which drop() says so. */
SODNS_API void sodns_reply_filter(sodns_reply_t *r, enum sodns_section section,
				  bool (*drop)(void *arg, const sodns_rrset_t *set), void *arg);
SODNS_API void sodns_reply_clear(sodns_reply_t *r, enum sodns_section section);
/* Lowers every TTL above `seconds` (OPT has none). */
SODNS_API void sodns_reply_cap_ttl(sodns_reply_t *r, uint32_t seconds);
/* Sets every TTL (OPT has none). */
SODNS_API void sodns_reply_set_ttl(sodns_reply_t *r, uint32_t seconds);

/* Adds an EDNS option to the reply. It leaves where the client sent an OPT record: others get none
 * (RFC 6891, 7). The DO bit stays the client's (RFC 3225, 3). Options of the query that go back
 * otherwise (sodns_server_echo_option()) don't then. */
SODNS_API void sodns_reply_add_option(sodns_reply_t *r, uint16_t code, const void *bytes,
				      size_t len);
/* The options that go back (sodns_server_echo_option()) are q's instead of the client's. For a plugin
 * that changed them on the way down, in q; does nothing where the reply has options of its own, or q
 * no EDNS. */
SODNS_API void sodns_reply_echo(sodns_reply_t *r, const sodns_query_t *q);
/* Size and DO bit of the reply's own OPT, for plugins further up; clients get their own back. */
SODNS_API void sodns_reply_set_edns(sodns_reply_t *r, uint16_t size, bool dnssec_ok);

/* Whether the reply has an OPT record of its own, as another server's answer may. */
SODNS_API bool sodns_reply_has_edns(const sodns_reply_t *r);
/* An option of another server's answer as it came, also one that is between it and this server and does
 * not leave, such as a cookie: its bytes, or NULL; *len is set. The first one if there are several. */
SODNS_API const uint8_t *sodns_reply_received_option(const sodns_reply_t *r, uint16_t code,
						     size_t *len);
/* Removes those of the reply's own options for which drop() says so. */
SODNS_API void sodns_reply_filter_options(sodns_reply_t *r, bool (*drop)(void *arg, uint16_t code),
					  void *arg);
/* Whether the reply has an OPT record of its own, with the DO bit set. */
SODNS_API bool sodns_reply_do(const sodns_reply_t *r);

/* Bytes of the message with all its records and without compression, before it is fitted. */
SODNS_API size_t sodns_reply_length(const sodns_reply_t *r);

/* From now on edits of r do nothing: for the last message of a stream, whose records have an order
 * that no plugin further up may change. */
SODNS_API void sodns_reply_seal(sodns_reply_t *r);

/* Sends r as a message of its own, before the reply that serve_dns will return: for streams such as
 * zone transfers. Finishers work on it as on the last one; rewriters further up and observers never
 * see it. Over TCP and what is built on it only: SODNS_EINVAL otherwise and in sub-queries. What r's
 * records point to is needed no more when it returns: a stream clears one reply and fills it again.
 * Waits while the client does not read, and at least until others of the worker had their turn; each
 * message that left moves the deadline. SODNS_ECANCELLED: the client has gone. [query] [may wait] */
SODNS_API int sodns_send(sodns_query_t *q, sodns_reply_t *r) SODNS_MAY_WAIT;

/* An answer that takes its time: messages that fn sends when the chain has ended, and the last one,
 * which it returns (NULL: SERVFAIL; what cannot go on is dropped). Plugins further up have their say
 * about the reply before that and see none of it; finishers and observers work as always. While fn
 * waits the query holds nothing that it could reach, so that a client may read for hours: what fn
 * uses after a wait is its own (arg lives as long as the query does), its instance's, or a view of a
 * zone (zone.h), which stays what it was. In sub-queries it is a SERVFAIL. [query] */
typedef sodns_reply_t *(*sodns_stream_f)(sodns_query_t *q, void *arg);
SODNS_API sodns_reply_t *sodns_stream(sodns_query_t *q, sodns_stream_f fn, void *arg);

/* Finishers work on the packet, in reverse order of registration, when it is ready: they may change
 * it and append to it up to `room`; they return the new length. `reserve` bytes are kept free for
 * each. */
typedef size_t (*sodns_finish_f)(void *arg, sodns_query_t *q, uint8_t *packet, size_t len,
				 size_t room);
SODNS_API void sodns_on_finish(sodns_query_t *q, sodns_finish_f fn, void *arg, size_t reserve);

/* Observers see what leaves. Every pointer is good until the observer returns. */
typedef struct sodns_done {
	const uint8_t *packet; /* NULL: nothing is sent */
	size_t length;         /* of the packet */
	const sodns_reply_t *reply;
	int rcode;
	uint64_t duration; /* nanoseconds since the query arrived */
} sodns_done_t;
typedef void (*sodns_observe_f)(void *arg, sodns_query_t *q, const sodns_done_t *done);
SODNS_API void sodns_on_done(sodns_query_t *q, sodns_observe_f fn, void *arg);

#endif
