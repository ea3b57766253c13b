/*
 * Inside the TLS library: certificates and keys as OpenSSL holds them, and sessions.
 */
#ifndef SODNS_LIB_TLS_FILES_H
#define SODNS_LIB_TLS_FILES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <openssl/ssl.h>

#include "table.h"

/* The newest ticket of one server, by its address, name and protocols. */
typedef struct tls_ticket {
	struct tls_ticket *next;
	SSL_SESSION *session;
	char key[];
} tls_ticket_t;

struct tls_files {
	_Atomic(unsigned) users; /* the context, and each session */
	SSL_CTX *ctx;
	bool server, insecure;
	pthread_mutex_t lock;  /* tickets */
	tls_ticket_t *tickets; /* client: the last used first */
	FILE *keylog;
};

tls_files_t *tls_files_load(const sodns_tls_options_t *o, const tls_blob_t blobs[TLS_BLOBS],
			    char *err, size_t err_size);
void tls_files_unload(tls_files_t *f);
/* When the first certificate of the chain expires, in seconds since 1970; 0: there is none. */
int64_t tls_files_expire(const tls_files_t *f);

/* tickets.c: what a session with this server and name, protocols is kept under, or NULL. Freed by
 * the caller. */
char *tls_ticket_key(const sodns_address_t *peer, const char *server_name, const char *alpn);
/* Keeps a session, whose count becomes its own, in place of an older one. */
void tls_ticket_keep(tls_files_t *f, const char *key, SSL_SESSION *session);
/* The session to take up, counted for the caller, or NULL: none, or its certificate is not (any more)
 * good for the name. */
SSL_SESSION *tls_ticket_find(tls_files_t *f, const char *key, const char *server_name);
void tls_tickets_free(tls_files_t *f);
/* What a session is kept under (session.c). */
const char *tls_session_key(const SSL *ssl);

/* Picks a server's protocol: the first of ours that the client has too. */
int tls_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		    const unsigned char *in, unsigned in_len, void *arg);
/* The text of OpenSSL's first error, without codes. */
const char *tls_error_text(void);

#endif
