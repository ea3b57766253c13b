/*
 * Settings of a server block and of its listeners, made by plugins in setup (bind, timeouts,
 * multisocket, view). A listener is an address and port with a transport. Several blocks may share one;
 * of a setting that is the listener's (timeouts, connections, TLS) it then has the value of that block,
 * among those that set it, which stands last in the Corefile. All functions: [setup].
 */
#ifndef SODNS_SERVER_H
#define SODNS_SERVER_H

#include <sodns/query.h>
#include <sodns/setup.h>
#include <sodns/tls.h>

/* Listen on this address only (text, no port); may be called more than once. */
SODNS_API int sodns_server_bind(sodns_setup_t *s, const char *address);
/* The folder that relative paths of the block's plugins begin at. */
SODNS_API void sodns_server_root(sodns_setup_t *s, const char *path);
/* TCP connections: the time to read a query, to write a reply, to wait for the next query; 0
 * leaves as is. */
SODNS_API void sodns_server_timeouts(sodns_setup_t *s, uint64_t read, uint64_t write,
				     uint64_t idle);
/* Queries that a connection may bring before it is closed; 0: any number. */
SODNS_API void sodns_server_stream_queries(sodns_setup_t *s, uint32_t count);
/* Connections at once of a listener; 0: any number that memory allows (the core's default is 20,000 a
 * worker). */
SODNS_API void sodns_server_connections(sodns_setup_t *s, uint32_t count);
/* TLS under the streams of the block's listeners, but not under plain "dns"; counted while the
 * configuration lives. It has to be loaded when prepare is over. False: the block has one already. */
SODNS_API bool sodns_server_tls(sodns_setup_t *s, sodns_tls_t *tls);
/* The transport of the block's key number `index` ("dns", "tls"); NULL behind the last. */
SODNS_API const char *sodns_setup_transport(const sodns_setup_t *s, size_t index);
/* Options with this code go back to clients as they came, from now on and in all servers. Others go
 * back only where a plugin adds them to its reply, which is what nearly every option wants. */
SODNS_API void sodns_server_echo_option(sodns_setup_t *s, uint16_t code);
/* Debug lines on, and no recovery of any sort. */
SODNS_API void sodns_server_debug(sodns_setup_t *s);
/* This block serves a query only if `filter` says so. `name` goes into metrics and
 * sodns_query_view(). */
SODNS_API void sodns_server_view(sodns_setup_t *s, const char *name,
				 bool (*filter)(void *arg, sodns_query_t *q), void *arg);
/* Queries of this block keep metadata; for names in these zones, the metadata abilities of the
 * block's instances are asked before the chain (and its filter) runs. zones live until teardown. */
SODNS_API void sodns_server_metadata(sodns_setup_t *s, const uint8_t *const *zones, size_t count);

/* Requests to the host. [any thread] */
/* Reads the Corefile again, as SIGUSR1 does. What does not build leaves everything as it is, and
 * `failed` is called with the reason (NULL: it is logged as for SIGUSR1). */
SODNS_API void sodns_host_reload(void (*failed)(const char *why));
/* Ends the process at once, with exit status 1 and the message as a [FATAL] line of the log; queries in
 * hand are not answered any more. */
SODNS_API void sodns_host_fail(const char *who, const char *message);
/* Bytes of memory that the process may use, by `-limit.memory` or its control group: what a plugin keeps by
 * default should follow from it. UINT64_MAX: there is no limit. */
SODNS_API uint64_t sodns_host_memory(void);
/* SHA-512 (hex, 128 characters) over what decides a configuration, as it is on disk now: the Corefile,
 * what it imports, the order of plugin.cfg with plugin.cfg.d, and the files of the plugins in use. What can't be read as a
 * configuration has a hash of its own. False (and a reason in err): there is no Corefile. Blocks; not
 * in a query. */
SODNS_API bool sodns_host_fingerprint(char hex[129], char *err, size_t err_size);
/* The same of the configuration that is being prepared, as it was read; until teardown. NULL: the error is noted in
 * p. [prepare] */
SODNS_API const char *sodns_prepare_fingerprint(sodns_prepare_t *p);

#endif
