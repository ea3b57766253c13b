/*
 * What libsodns and the TLS library agree on: the functions of sodns/tls.h that need OpenSSL.
 */
#ifndef CORE_TLS_PROVIDER_H
#define CORE_TLS_PROVIDER_H

#include <sodns/tls.h>

#define TLS_PROVIDER_FILE "libsodns-tls.so.1"
#define TLS_PROVIDER_SYMBOL "sodns_tls_provider"

/* A file that libsodns has read. bytes NULL: not wanted. */
typedef struct tls_blob {
	const char *name;
	uint8_t *bytes;
	size_t len;
} tls_blob_t;
enum { TLS_CERT, TLS_KEY, TLS_CA, TLS_BLOBS };

/* A context's files as they were read; sessions count as users. */
typedef struct tls_files tls_files_t;

typedef struct tls_provider {
	uint32_t size;
	tls_files_t *(*load)(const sodns_tls_options_t *o, const tls_blob_t blobs[TLS_BLOBS],
			     char *err, size_t err_size);
	void (*unload)(tls_files_t *f);
	sodns_tls_session_t *(*session)(tls_files_t *f, const sodns_address_t *peer,
					const char *server_name, const char *alpn,
					sodns_tls_send_f send, void *arg);
	void (*input)(sodns_tls_session_t *s, const uint8_t *bytes, size_t len);
	ptrdiff_t (*read)(sodns_tls_session_t *s, uint8_t *out, size_t size);
	bool (*ready)(const sodns_tls_session_t *s);
	int (*write)(sodns_tls_session_t *s, const uint8_t *bytes, size_t len);
	const char *(*alpn)(const sodns_tls_session_t *s);
	const char *(*why)(const sodns_tls_session_t *s);
	void (*end)(sodns_tls_session_t *s);
	int64_t (*expire)(const tls_files_t *f);
} tls_provider_t;

#endif
