/*
 * Making a context of certificates, keys and authorities. Errors are worded as CoreDNS words them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "files.h"

const char *tls_error_text(void)
{
	unsigned long code = ERR_peek_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return text ? text : "unknown error";
}

/* The chain that follows the certificate in its file. */
static bool use_chain(SSL_CTX *ctx, BIO *b)
{
	X509 *x;
	SSL_CTX_clear_chain_certs(ctx);
	while ((x = PEM_read_bio_X509(b, NULL, NULL, NULL)))
		if (SSL_CTX_add0_chain_cert(ctx, x) != 1) {
			X509_free(x);
			return false;
		}
	bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return ended;
}

static bool use_certificate(SSL_CTX *ctx, const tls_blob_t *blob)
{
	BIO *b = BIO_new_mem_buf(blob->bytes, (int)blob->len);
	X509 *x = PEM_read_bio_X509_AUX(b, NULL, NULL, NULL);
	bool ok = x && SSL_CTX_use_certificate(ctx, x) == 1 && use_chain(ctx, b);
	X509_free(x);
	BIO_free(b);
	return ok;
}

static bool use_key(SSL_CTX *ctx, const tls_blob_t *blob)
{
	BIO *b = BIO_new_mem_buf(blob->bytes, (int)blob->len);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	bool ok = k && SSL_CTX_use_PrivateKey(ctx, k) == 1;
	EVP_PKEY_free(k);
	BIO_free(b);
	return ok;
}

static int load_pair(SSL_CTX *ctx, const tls_blob_t *blobs, char *err, size_t err_size)
{
	const char *name = blobs[TLS_CERT].name;
	if (!blobs[TLS_CERT].bytes)
		return 0;
	if (use_certificate(ctx, &blobs[TLS_CERT])) {
		name = blobs[TLS_KEY].name;
		if (blobs[TLS_KEY].bytes && use_key(ctx, &blobs[TLS_KEY]))
			return 0;
	}
	snprintf(err, err_size, "could not load TLS cert: %s: %s", name ? name : "no key",
		 tls_error_text());
	return -1;
}

/* The authorities by which peers are verified; a server also names them to its clients. */
static int load_authorities(SSL_CTX *ctx, bool server, const tls_blob_t *blob, char *err,
			    size_t err_size)
{
	X509 *x;
	unsigned count = 0;
	if (!blob->bytes)
		return SSL_CTX_set_default_verify_paths(ctx) == 1 ? 0 : -1;
	BIO *b = BIO_new_mem_buf(blob->bytes, (int)blob->len);
	while ((x = PEM_read_bio_X509(b, NULL, NULL, NULL))) {
		count += X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) == 1;
		if (server)
			SSL_CTX_add_client_CA(ctx, x);
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error();
	if (count)
		return 0;
	snprintf(err, err_size, "could not read root certs: %s: no certificate in it", blob->name);
	return -1;
}

static int take_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static void set_verification(SSL_CTX *ctx, const sodns_tls_options_t *o)
{
	static const struct {
		int mode;
		bool any;
	} by_auth[] = {
		[SODNS_TLS_NO_CERT] = {SSL_VERIFY_NONE, false},
		[SODNS_TLS_REQUEST] = {SSL_VERIFY_PEER, true},
		[SODNS_TLS_REQUIRE] = {SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, true},
		[SODNS_TLS_VERIFY_IF_GIVEN] = {SSL_VERIFY_PEER, false},
		[SODNS_TLS_REQUIRE_AND_VERIFY] = {SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
						  false},
	};
	if (!o->server)
		SSL_CTX_set_verify(ctx, o->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	else
		SSL_CTX_set_verify(ctx, by_auth[o->client_auth].mode,
				   by_auth[o->client_auth].any ? take_any : NULL);
}

static void write_keylog(const SSL *ssl, const char *line)
{
	tls_files_t *f = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	fprintf(f->keylog, "%s\n", line);
	fflush(f->keylog);
}

/* The newest ticket is kept for the next connection; the count of the session is ours. */
static int keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	const char *key = tls_session_key(ssl);
	if (!key)
		return 0;
	tls_ticket_keep(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)), key, ticket);
	return 1;
}

static void set_manners(tls_files_t *f)
{
	static const unsigned char id[] = "sodns";
	/* Of TLS 1.2 what keeps its secrets when the key is lost, and has no padding to be asked about
	 * (RFC 9325, 4.2). */
	static const char suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
	SSL_CTX *ctx = f->ctx;
	SSL_CTX_set_app_data(ctx, f);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(ctx, suites);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Idle connections keep no buffers. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	if (f->server) {
		SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_alpn_select_cb(ctx, tls_select_alpn, NULL);
	} else {
		SSL_CTX_set_session_cache_mode(ctx,
					       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ctx, keep_ticket);
	}
}

static int fill(tls_files_t *f, const sodns_tls_options_t *o, const tls_blob_t *blobs, char *err,
		size_t err_size)
{
	f->ctx = SSL_CTX_new(o->server ? TLS_server_method() : TLS_client_method());
	if (!f->ctx) {
		snprintf(err, err_size, "TLS: %s", tls_error_text());
		return -1;
	}
	set_manners(f);
	set_verification(f->ctx, o);
	if (load_pair(f->ctx, blobs, err, err_size) ||
	    load_authorities(f->ctx, o->server, &blobs[TLS_CA], err, err_size))
		return -1;
	if (!o->keylog)
		return 0;
	f->keylog = fopen(o->keylog, "ae");
	if (!f->keylog) {
		snprintf(err, err_size, "unable to write TLS Key Log to \"%s\": %s", o->keylog,
			 strerror(errno));
		return -1;
	}
	SSL_CTX_set_keylog_callback(f->ctx, write_keylog);
	return 0;
}

tls_files_t *tls_files_load(const sodns_tls_options_t *o, const tls_blob_t blobs[TLS_BLOBS],
			    char *err, size_t err_size)
{
	tls_files_t *f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	*f = (tls_files_t){.server = o->server, .insecure = o->insecure, .users = 1};
	pthread_mutex_init(&f->lock, NULL);
	if (!fill(f, o, blobs, err, err_size))
		return f;
	tls_files_unload(f);
	return NULL;
}

void tls_files_unload(tls_files_t *f)
{
	if (atomic_fetch_sub(&f->users, 1) > 1)
		return;
	tls_tickets_free(f);
	SSL_CTX_free(f->ctx);
	if (f->keylog)
		fclose(f->keylog);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
