/*
 * What the face and the library agree on: the functions of sodns/tls.h that need OpenSSL.
 */
#ifndef SODNS_LIB_TLS_TABLE_H
#define SODNS_LIB_TLS_TABLE_H

#include <sodns/library.h>
#include <sodns/tls.h>

#define TLS_ID "sodns.tls"
#define TLS_VERSION 1

/* A file that libsodns has read. bytes NULL: not wanted. */
typedef struct tls_blob {
	const char *name;
	uint8_t *bytes;
	size_t len;
} tls_blob_t;
enum { TLS_CERT, TLS_KEY, TLS_CA, TLS_BLOBS };

/* A context's files as they were read; sessions count as users. */
typedef struct tls_files tls_files_t;

typedef struct tls_table {
	sodns_library_head_t head;
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
} tls_table_t;

#endif
