/*
 * What a plugin may be able to do beyond answering: named structs that its `ability` callback
 * returns. The host asks each instance once, after setup, for the ids below. A struct begins with
 * its size, so that it can grow; a change of meaning is a new id.
 */
#ifndef SODNS_ABILITY_H
#define SODNS_ABILITY_H

#include <sodns/reply.h>
#include <sodns/setup.h>

/* "sodns.prefetch/1": called for every query of a batch that this instance's block will serve,
 * before the first one is served: stage 0 for all, then stage 1 for all. Only hints; must not wait
 * or answer. [query] */
#define SODNS_ABILITY_PREFETCH "sodns.prefetch/1"
typedef struct sodns_prefetch_ability {
	uint32_t size;
	void (*touch)(void *self, const sodns_query_t *q, unsigned stage);
} sodns_prefetch_ability_t;

/* "sodns.metadata/1": gives a query its metadata before the chain runs, where the block asks for
 * them. [query] */
#define SODNS_ABILITY_METADATA "sodns.metadata/1"
typedef struct sodns_metadata_ability {
	uint32_t size;
	void (*provide)(void *self, sodns_query_t *q);
} sodns_metadata_ability_t;

/* "sodns.ready/1": whether the instance can serve. It is asked before prepare() has run, too: after a
 * crash blocks are prepared while others serve. [any thread] */
#define SODNS_ABILITY_READY "sodns.ready/1"
typedef struct sodns_ready_ability {
	uint32_t size;
	bool (*ready)(void *self);
} sodns_ready_ability_t;

/* "sodns.preface/1": reads what stands in front of messages, such as the header of a proxy. It is a
 * matter of the listener and not of one server block: it comes before anything is parsed, so that the
 * block is not known yet, and concerns all queries of the listener, also those of blocks without the
 * plugin. Instances of several plugins are asked one after the other, in plugin.cfg's order, each for
 * what the one before has left. They may be asked before their prepare() has run: after a crash
 * blocks are prepared while others serve.
 *
 * `datagram` sees a packet that came over UDP. It may let it pass (SODNS_PASS), answer REFUSED by a
 * bare header (SODNS_REJECT) or drop it (SODNS_DISCARD); and it may correct peer and local address
 * and cut bytes off, by moving `bytes` forward and lowering `len`. NULL: all pass. Must not wait.
 *
 * `stream` sees the first bytes of a connection, which is one client's, before TLS and the transport
 * do. It returns how many of them are its own (0: none), SODNS_EBUSY to be asked again, from the
 * beginning, when more have come, or another negative value to close the connection. It may correct
 * the addresses; on a negative value what it wrote there is forgotten. NULL: it takes none. Must not
 * wait.
 *
 * `agrees` says whether another instance of the same plugin, of another server block of the listener,
 * does the very same: then one of them is asked for both. If it does not, or is NULL, the
 * configuration is refused, by file and line of both directives. Called when all setups have
 * succeeded. [query] */
#define SODNS_ABILITY_PREFACE "sodns.preface/1"
enum sodns_verdict { SODNS_PASS, SODNS_REJECT, SODNS_DISCARD };
typedef struct sodns_packet {
	const uint8_t *bytes;
	size_t len;
	sodns_address_t peer;
	sodns_address_t local;
	uint8_t protocol; /* enum sodns_protocol */
} sodns_packet_t;
typedef struct sodns_preface_ability {
	uint32_t size;
	enum sodns_verdict (*datagram)(void *self, sodns_packet_t *p);
	ptrdiff_t (*stream)(void *self, sodns_packet_t *p);
	bool (*agrees)(const void *self, const void *other);
} sodns_preface_ability_t;

/* "sodns.admit/1": decides for each query that a client sent to this instance's server block whether
 * its chain is called at all: rate limits, lists of clients, shedding of load. It is asked when the
 * block is known, whatever the transport, and never for other blocks' queries, also where they share
 * a listener; not for what plugins ask by sodns_ask(). All instances of the block that have the
 * ability are asked in plugin.cfg's order, wherever the plugins that answer stand, until one does not
 * let the query pass: SODNS_REJECT answers it REFUSED, SODNS_DISCARD drops it. No plugin of the chain
 * sees a query that did not pass; metadata and views have been asked for it, however. [query]
 * [may wait] */
#define SODNS_ABILITY_ADMIT "sodns.admit/1"
typedef struct sodns_admit_ability {
	uint32_t size;
	enum sodns_verdict (*admit)(void *self, sodns_query_t *q);
} sodns_admit_ability_t;

/* "sodns.class/1": queries of classes other than IN are let in to servers that have such an
 * instance. */
#define SODNS_ABILITY_CLASS "sodns.class/1"

/* "sodns.subnet/1": the instance lets clients say which network they are in (RFC 7871), and its answers
 * depend on that: plugins in front of it that keep answers have none for such clients. */
#define SODNS_ABILITY_SUBNET "sodns.subnet/1"

/* "sodns.drain/1": the daemon is about to end. Returns for how long it shall go on
 * serving first (the longest of all instances counts). On the control thread; must not block. */
#define SODNS_ABILITY_DRAIN "sodns.drain/1"
typedef struct sodns_drain_ability {
	uint32_t size;
	uint64_t (*drain)(void *self);
} sodns_drain_ability_t;

/* "sodns.unrouted/1": sees what left for queries that no block of the listener serves. One instance
 * of a configuration is asked, the first. [query] */
#define SODNS_ABILITY_UNROUTED "sodns.unrouted/1"
typedef struct sodns_unrouted_ability {
	uint32_t size;
	void (*done)(void *self, sodns_query_t *q, const sodns_done_t *done);
} sodns_unrouted_ability_t;

/* "sodns.early/1": tells the outside that the process lives. `begin` is called once, before start(), when
 * everything is prepared and nothing serves yet: at the process's start, while others are waited for; not
 * for a reload, beside which the configuration before serves on. On the control thread; must not block. */
#define SODNS_ABILITY_EARLY "sodns.early/1"
typedef struct sodns_early_ability {
	uint32_t size;
	void (*begin)(void *self);
} sodns_early_ability_t;

/* "sodns.await/1": waits for something outside that is better there before the configuration serves.
 * When everything is prepared, `waits` is asked every few milliseconds until it says false, which it has
 * to do in some time. What costs others something, as requests to a server do, begins when it is asked
 * first: a configuration that is only checked is prepared, and waits for nothing. On the control thread,
 * or that of a reload; must not block. */
#define SODNS_ABILITY_AWAIT "sodns.await/1"
typedef struct sodns_await_ability {
	uint32_t size;
	bool (*waits)(void *self);
} sodns_await_ability_t;

/* "sodns.transfer/1": hands out whole zones.
 *
 * `transfer` calls emit(arg, set) for every RRset of the zone named `zone` (lower case), in any order
 * but the SOA first; the SOA that ends a transfer is added by the caller. `since`, unless NULL, is
 * the serial that the client has (IXFR): an instance whose zone is no newer emits the SOA alone; one that keeps
 * changes may emit the differences (RFC 1995, 4), again without the last SOA. What a set points to
 * need live only until emit returns; emit may wait, so that the zone has to be one version
 * throughout. Stops when emit returns other than 0 and returns that. SODNS_ENOENT: no such zone here,
 * others are asked. Any other negative value: SERVFAIL. [query] [may wait]
 *
 * `counted` says that what `transfer` reads after emit has waited is counted: views of zones (zone.h:
 * sodns_zone_transfer() reads nothing else), what is its own or its instance's. The transfer then
 * begins when the chain has ended (sodns_stream()), and may last for hours. Without it everything is
 * collected before the first message leaves, as memory for which there is a bound.
 *
 * `zones` calls fn(arg, zone) for each zone that can be handed out now, for a plugin that tells their
 * secondaries when the configuration comes into force. NULL: none that are known. [any thread] */
#define SODNS_ABILITY_TRANSFER "sodns.transfer/1"
typedef struct sodns_transfer_ability {
	uint32_t size;
	int (*transfer)(void *self, sodns_query_t *q, const uint8_t *zone, const uint32_t *since,
			int (*emit)(void *arg, const sodns_rrset_t *set), void *arg);
	void (*zones)(void *self, void (*fn)(void *arg, const uint8_t *zone), void *arg);
	bool counted;
} sodns_transfer_ability_t;

/* "sodns.notify/1": wants to know when a zone has changed, to tell its secondaries. Does not wait.
 * [any thread] */
#define SODNS_ABILITY_NOTIFY "sodns.notify/1"
typedef struct sodns_notify_ability {
	uint32_t size;
	void (*notify)(void *self, const uint8_t *zone);
} sodns_notify_ability_t;

/* "sodns.autopath/1": knows the search path of the client that asks. `search` writes at most `max` zones (lower
 * case; good until the query ends) and returns how many; 0: none is known, or the query is none of
 * its own. The host's own search path and the root follow, added by the caller, unless the last one is
 * the root itself. Does not wait. [query] */
#define SODNS_ABILITY_AUTOPATH "sodns.autopath/1"
typedef struct sodns_autopath_ability {
	uint32_t size;
	size_t (*search)(void *self, sodns_query_t *q, const uint8_t **out, size_t max);
} sodns_autopath_ability_t;

/* Which instances can do what: calls fn(arg, instance) for the instances of this server block, or of all blocks,
 * that have the ability `id` (any id, also of plugins' own making; NULL: all instances), in chain
 * order. What it points to is valid until the caller's teardown begins (plugin.h, `stop`).
 * [prepare] */
typedef struct sodns_instance {
	const char *plugin;
	void *self;
	const void *ability; /* NULL if id was NULL */
	bool in_chain;
} sodns_instance_t;
enum sodns_scope { SODNS_THIS_BLOCK, SODNS_ALL_BLOCKS };
SODNS_API void sodns_prepare_each(sodns_prepare_t *p, enum sodns_scope scope, const char *id,
				  void (*fn)(void *arg, const sodns_instance_t *i), void *arg);
/* Those instances of this block that want to know of changed zones (SODNS_ABILITY_NOTIFY): found
 * once, told from then on until the caller's `stop`. [prepare], [any thread] */
typedef struct sodns_notifier sodns_notifier_t;
SODNS_API const sodns_notifier_t *sodns_prepare_notifier(sodns_prepare_t *p);
SODNS_API void sodns_notify(const sodns_notifier_t *n, const uint8_t *zone);
/* The servers at which this block answers, as in metrics ("dns://:53"), and its view ("" without);
 * *count is set. Until teardown. [prepare] */
SODNS_API const char *const *sodns_prepare_servers(sodns_prepare_t *p, size_t *count);
SODNS_API const char *sodns_prepare_view(sodns_prepare_t *p);
/* The zones of this block as text, one for each key; *count is set. Until teardown. [prepare] */
SODNS_API const char *const *sodns_prepare_zones(sodns_prepare_t *p, size_t *count);

#endif
