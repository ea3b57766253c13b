/*
 * TLS (RFC 8446, RFC 5246) for servers and for clients of upstreams. A context is made from files; a
 * session is one connection's state, and turns bytes into bytes: it reads and writes no socket. The
 * library behind it is opened when a context is first loaded.
 *
 *	setup:     self->tls = sodns_tls_new(&options);
 *	prepare:   if (sodns_tls_load(self->tls, err, sizeof(err)) < 0) ...
 *	serving:   sessions, each on one thread
 *	teardown:  sodns_tls_release(self->tls);
 *
 * A block's listeners get a context by sodns_server_tls() (server.h): the core then puts sessions
 * under whatever transport the block's keys name.
 */
#ifndef SODNS_TLS_H
#define SODNS_TLS_H

#include <sodns/net.h>

typedef struct sodns_tls sodns_tls_t;
typedef struct sodns_tls_session sodns_tls_session_t;

/* What a server wants of its clients' certificates; as the values of Go's ClientAuthType. */
enum sodns_tls_client_auth {
	SODNS_TLS_NO_CERT,
	SODNS_TLS_REQUEST,
	SODNS_TLS_REQUIRE,
	SODNS_TLS_VERIFY_IF_GIVEN,
	SODNS_TLS_REQUIRE_AND_VERIFY,
};

/* All texts are copied. */
typedef struct sodns_tls_options {
	uint32_t size;          /* of this struct */
	bool server;            /* else a client */
	const char *cert, *key; /* PEM files; both NULL: none (clients only) */
	const char *
		ca; /* PEM file of the authorities that peers are verified by; NULL: the system's */
	enum sodns_tls_client_auth client_auth;
	bool insecure; /* client: takes any certificate */
	const char
		*keylog; /* file to which secrets are appended for debuggers of the wire, or NULL */
} sodns_tls_options_t;

/* A context, counted: one user. Opens nothing; can't fail. [any thread] */
SODNS_API sodns_tls_t *sodns_tls_new(const sodns_tls_options_t *options);
/* One user more. */
SODNS_API sodns_tls_t *sodns_tls_keep(sodns_tls_t *t);
/* One user less. NULL is allowed. */
SODNS_API void sodns_tls_release(sodns_tls_t *t);
/* Reads the files, if this is the first time or one of them has changed; sessions that begin
 * afterwards use what was read. 1: read, 0: nothing has changed, or a negative value with the reason
 * in err, worded "could not load TLS cert: …"; what was read earlier then stays in use. Blocks.
 * [any thread] */
SODNS_API int sodns_tls_load(sodns_tls_t *t, char *err, size_t err_size);
/* When the certificate in use, or one of the chain behind it, expires: seconds since 1970. 0: none is
 * loaded. [any thread] */
SODNS_API int64_t sodns_tls_expires(sodns_tls_t *t);

/* Takes bytes that are to go to the peer; called within the functions below. */
typedef void (*sodns_tls_send_f)(void *arg, const uint8_t *bytes, size_t len);
/* The state of a new connection. server_name, of a client: sent (RFC 6066) and, unless the context
 * is insecure, what the peer's certificate must be for: a name or an address; NULL: any name that the
 * authorities vouch for. alpn: protocols in order of preference, "h2,http/1.1"; NULL: none. A client
 * speaks first, here. NULL: not loaded, or no memory. */
SODNS_API sodns_tls_session_t *sodns_tls_session(sodns_tls_t *t, const char *server_name,
						 const char *alpn, sodns_tls_send_f send,
						 void *arg);
/* The same, of a client, to the server at `peer`. What that server gave for it is taken up again in the
 * next session with the same address, name and protocols (tickets; RFC 8446, 2.2), if its certificate
 * still is good for the name: with no other. Without an address no session is taken up. */
SODNS_API sodns_tls_session_t *sodns_tls_session_to(sodns_tls_t *t, const sodns_address_t *peer,
						    const char *server_name, const char *alpn,
						    sodns_tls_send_f send, void *arg);
/* Bytes from the peer. They must be read until sodns_tls_read() returns 0 before the next ones come:
 * `bytes` is used until then. */
SODNS_API void sodns_tls_input(sodns_tls_session_t *s, const uint8_t *bytes, size_t len);
/* What the peer said: bytes written to `out`; 0: no more for now; SODNS_ECANCELLED: the peer has ended
 * the session; SODNS_EIO: it is broken. */
SODNS_API ptrdiff_t sodns_tls_read(sodns_tls_session_t *s, uint8_t *out, size_t size);
/* Whether the handshake is done, so that something can be written. */
SODNS_API bool sodns_tls_ready(const sodns_tls_session_t *s);
/* Encrypts and sends. 0 or SODNS_EIO. */
SODNS_API int sodns_tls_write(sodns_tls_session_t *s, const uint8_t *bytes, size_t len);
/* The protocol that both agreed on, or "". Until the session ends. */
SODNS_API const char *sodns_tls_alpn(const sodns_tls_session_t *s);
/* Why the session broke: "certificate verify failed", or "". Until the session ends. */
SODNS_API const char *sodns_tls_why(const sodns_tls_session_t *s);
/* Says good-bye, if the handshake was done, and frees the session. NULL is allowed. */
SODNS_API void sodns_tls_end(sodns_tls_session_t *s);

#endif
