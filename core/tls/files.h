/*
 * Inside the TLS library: certificates and keys as OpenSSL holds them, and sessions.
 */
#ifndef CORE_TLS_FILES_H
#define CORE_TLS_FILES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <openssl/ssl.h>

#include "tls/provider.h"

struct tls_files {
	_Atomic(unsigned) users; /* the context, and each session */
	SSL_CTX *ctx;
	bool server, insecure;
	pthread_mutex_t lock;   /* resumable */
	SSL_SESSION *resumable; /* client: the newest ticket of the server */
	FILE *keylog;
};

tls_files_t *tls_files_load(const sodns_tls_options_t *o, const tls_blob_t blobs[TLS_BLOBS],
			    char *err, size_t err_size);
void tls_files_unload(tls_files_t *f);
/* When the first certificate of the chain expires, in seconds since 1970; 0: there is none. */
int64_t tls_files_expire(const tls_files_t *f);

/* Picks a server's protocol: the first of ours that the client has too. */
int tls_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		    const unsigned char *in, unsigned in_len, void *arg);
/* The text of OpenSSL's first error, without codes. */
const char *tls_error_text(void);

#endif
