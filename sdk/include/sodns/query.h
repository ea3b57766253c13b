/*
 * What was asked, by which client, over what, and until when.
 *
 * A query is never changed by a plugin. One that wants to ask something else further down the chain
 * derives a changed copy and passes that to sodns_next(): the question that the client sent, and
 * its letter case, are restored by the server when the reply leaves. sodns_ask() begins a new
 * question at the routing step, as if a client had asked it, inside the same deadline.
 *
 * All functions here belong to a query's worker while the query runs: [query] unless they say
 * otherwise.
 */
#ifndef SODNS_QUERY_H
#define SODNS_QUERY_H

#include <sodns/net.h>
#include <sodns/rr.h>

enum sodns_protocol {
	SODNS_UDP = 1,
	SODNS_TCP = 2,
	SODNS_TLS = 3,
	SODNS_HTTPS = 4,
	SODNS_QUIC = 5,
	SODNS_GRPC = 6
};

/* The name asked, lower case; until the query ends. */
SODNS_API const uint8_t *sodns_query_name(const sodns_query_t *q);
/* The name with the letter case in which it was asked. */
SODNS_API const uint8_t *sodns_query_original_name(const sodns_query_t *q);
/* The longest of `count` zones (lower case) that the name asked lies in: its index (the last of
 * several equal ones), or -1. */
SODNS_API int sodns_query_match(const sodns_query_t *q, const uint8_t *const *zones, size_t count);
/* sodns_name_hash() of the name asked without its n leftmost labels (at most as many as it has): known
 * already, so that a look-up in a table need not hash. */
SODNS_API uint64_t sodns_query_name_hash(const sodns_query_t *q, unsigned n);
/* Labels of the name asked, the root's not counted. */
SODNS_API unsigned sodns_query_name_labels(const sodns_query_t *q);
SODNS_API uint16_t sodns_query_type(const sodns_query_t *q);
SODNS_API uint16_t sodns_query_class(const sodns_query_t *q);
/* SODNS_OPCODE_QUERY or SODNS_OPCODE_NOTIFY; everything else is answered before the chain. */
SODNS_API unsigned sodns_query_opcode(const sodns_query_t *q);
SODNS_API uint16_t sodns_query_id(const sodns_query_t *q);
/* Header bits as received: SODNS_RD, SODNS_CD, … */
SODNS_API uint16_t sodns_query_flags(const sodns_query_t *q);
/* Bytes of the query's message. */
SODNS_API size_t sodns_query_length(const sodns_query_t *q);
/* The client's message as it was received, also for derived queries; *len is its length. Until the
 * query ends. */
SODNS_API const uint8_t *sodns_query_wire(const sodns_query_t *q, size_t *len);
/* Where in that message a TSIG record begins (RFC 8945), or 0. It is the last record of the message;
 * its owner is a valid name, its RDATA end within the message. */
SODNS_API size_t sodns_query_tsig(const sodns_query_t *q);

/* EDNS (RFC 6891): whether there was an OPT record, the UDP size as sent, the DO bit. */
SODNS_API bool sodns_query_has_edns(const sodns_query_t *q);
SODNS_API uint16_t sodns_query_edns_size(const sodns_query_t *q);
SODNS_API bool sodns_query_do(const sodns_query_t *q);
/* All flag bits of the OPT record, DO (0x8000) among them. */
SODNS_API uint16_t sodns_query_edns_flags(const sodns_query_t *q);
/* An option's bytes, or NULL; *len is set. The first one if there are several. */
SODNS_API const uint8_t *sodns_query_option(const sodns_query_t *q, uint16_t code, size_t *len);
/* All options of the OPT record as they stand there (code, length, bytes), checked; *len is set. */
SODNS_API const uint8_t *sodns_query_options(const sodns_query_t *q, size_t *len);
/* Lowers the client's EDNS size for everything from here on: the functions below, the reply's OPT
 * record, and what the reply is fitted to. At least 512; ignored where it is not lower. It holds for
 * all clients: those whose address may be another's are not held to 1232 bytes then. */
SODNS_API void sodns_query_limit_size(sodns_query_t *q, uint16_t size);
/* The lowest of those limits, or 0: none was set. */
SODNS_API uint16_t sodns_query_size_limit(const sodns_query_t *q);
/* What the client takes, in bytes: 512 or the EDNS size over UDP, 65535 over everything else. */
SODNS_API uint16_t sodns_query_size(const sodns_query_t *q);
/* Room for the reply, in bytes: what the client takes; over UDP at most what a datagram holds (65507),
 * and at most 1232 where the client's address may be another's: neither local
 * (sodns_address_is_local()) nor known to be its own (sodns_query_trust_peer()), unless
 * sodns_query_limit_size() said otherwise. */
SODNS_API uint16_t sodns_query_room(const sodns_query_t *q);
/* Says that the client's address is its own, because it proved that it gets what is sent there: a
 * server cookie of ours (RFC 7873), for one. Only over UDP is there a doubt. */
SODNS_API void sodns_query_trust_peer(sodns_query_t *q);

SODNS_API enum sodns_protocol sodns_query_protocol(const sodns_query_t *q);
/* "udp" or "tcp": what CoreDNS calls proto, by the socket underneath. */
SODNS_API const char *sodns_query_proto(const sodns_query_t *q);
SODNS_API const sodns_address_t *sodns_query_peer(const sodns_query_t *q);
/* The address the client sent to. */
SODNS_API const sodns_address_t *sodns_query_local(const sodns_query_t *q);

/* The server's address as in metrics ("dns://:53"), the zone of the block that serves the query
 * (text, with the final dot), and its view ("" without). Until the query ends. */
SODNS_API const char *sodns_query_server(const sodns_query_t *q);
SODNS_API const char *sodns_query_zone(const sodns_query_t *q);
SODNS_API const char *sodns_query_view(const sodns_query_t *q);

/* When the query arrived and until when it has to be answered: nanoseconds of sodns_now(). */
SODNS_API uint64_t sodns_query_received(const sodns_query_t *q);
SODNS_API uint64_t sodns_query_deadline(const sodns_query_t *q);
/* Queries that are put aside at this moment, as they wait for something, of those that came by the same
 * UDP socket as this one. 0 over connections, which have limits of their own. */
SODNS_API unsigned sodns_query_waiting(const sodns_query_t *q);
/* Brings the deadline forward; a later one than it has is ignored. */
SODNS_API void sodns_query_limit(sodns_query_t *q, uint64_t deadline);
/* The monotonic clock in nanoseconds. [any thread] */
SODNS_API uint64_t sodns_now(void);
/* The time of day: seconds since 1970, for what goes over the wire. [any thread] */
SODNS_API uint64_t sodns_time(void);

/* Memory of the query's arena, aligned for everything, not cleared; never NULL (what does not fit a
 * chunk gets one of its own). Gone when the query ends. */
SODNS_API void *sodns_alloc(sodns_query_t *q, size_t size);
/* printf into the arena. */
SODNS_API char *sodns_printf(sodns_query_t *q, const char *format, ...) SODNS_PRINTF(2, 3);
/* Calls fn(arg) when the query ends, after its reply left; last come, first called. */
SODNS_API void sodns_cleanup(sodns_query_t *q, void (*fn)(void *arg), void *arg);

/* A copy of q that may be changed by the setters below and passed on; it shares q's arena,
 * deadline, metadata, finishers and observers. */
SODNS_API sodns_query_t *sodns_query_derive(sodns_query_t *q);
/* Setters for derived queries. The name is copied; letter case is kept as the "original". */
SODNS_API void sodns_query_set_name(sodns_query_t *derived, const uint8_t *name);
SODNS_API void sodns_query_set_type(sodns_query_t *derived, uint16_t type);
SODNS_API void sodns_query_set_class(sodns_query_t *derived, uint16_t rclass);
/* Header bits to send on: AA, RD, RA, AD, CD. RD and CD are also those of replies made from it. */
SODNS_API void sodns_query_set_flags(sodns_query_t *derived, uint16_t flags);
/* As if it had come over another transport: what it has room for follows from that. */
SODNS_API void sodns_query_set_protocol(sodns_query_t *derived, enum sodns_protocol protocol);
/* Turns EDNS on with this size, or off with size 0. */
SODNS_API void sodns_query_set_edns(sodns_query_t *derived, uint16_t size, bool dnssec_ok);
/* Replaces the first option with this code, or adds one (bytes are copied); with bytes NULL removes
 * all that have it. Turns EDNS on if it was off. */
SODNS_API void sodns_query_set_option(sodns_query_t *derived, uint16_t code, const uint8_t *bytes,
				      size_t len);
/* Adds an option behind the others, whatever they are. */
SODNS_API void sodns_query_add_option(sodns_query_t *derived, uint16_t code, const uint8_t *bytes,
				      size_t len);

/* Those options that the setters above have made, as all of them stand there (code, length, bytes):
 * what the configuration wants to be said, where the client's are its own affair. *len is set. */
SODNS_API const uint8_t *sodns_query_set_options(const sodns_query_t *q, size_t *len);

/* What the client gets depends on more than the question and its flags (an option that went to
 * another server, such as a subnet): no plugin may keep the answer for other clients. Holds until the
 * query ends, for all derived from it. */
SODNS_API void sodns_query_set_private(sodns_query_t *q);
SODNS_API bool sodns_query_private(const sodns_query_t *q);

/* Asks name and type as a new question of the same client, from routing on: any server block of the
 * listener may answer it, with its whole chain. Returns the reply, never NULL: an error where none came
 * about, SERVFAIL where questions are more than 8 deep inside each other. The reply and what
 * it points to are the query's and good until the client's query ends, also after further calls; it may
 * be edited, and its records put into other replies. If it is returned as the answer to q, its records
 * have the names that were asked for here. It waits at most until q's deadline. [query] [may wait] */
SODNS_API sodns_reply_t *sodns_ask(sodns_query_t *q, const uint8_t *name, uint16_t type);
/* How deep in sodns_ask() this query is: 0 for the client's own. */
SODNS_API unsigned sodns_query_depth(const sodns_query_t *q);

/* Metadata: named values that plugins give to a query and others read, such as "view/name". A value
 * is computed when first read, by fn(arg, q), which returns text that lives as long as the query,
 * or NULL. `key` must outlive the query. A later setting of the same key wins. Kept only where the
 * server block collects metadata (the metadata plugin): elsewhere setting does nothing. */
typedef const char *(*sodns_metadata_f)(void *arg, sodns_query_t *q);
SODNS_API void sodns_metadata_set(sodns_query_t *q, const char *key, sodns_metadata_f fn,
				  void *arg);
/* The value, or NULL if no plugin gave one. */
SODNS_API const char *sodns_metadata_get(sodns_query_t *q, const char *key);

#endif
