/*
 * Sessions: OpenSSL between two sets of bytes. It reads from what the caller gave and writes to
 * what the caller said, by a BIO of our own, so that nothing is copied on the way.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "files.h"

struct sodns_tls_session {
	SSL *ssl;
	tls_files_t *files;
	sodns_tls_send_f send;
	void *arg;
	const uint8_t *in;
	size_t in_len;
	bool broken;
	char *key;            /* of its tickets; NULL: they are not kept */
	char alpn_wanted[64]; /* in wire form: lengths and names */
	unsigned alpn_len;
	char alpn[32];
	char why[128];
};

static BIO_METHOD *method;

static int bio_read(BIO *b, char *out, int size)
{
	sodns_tls_session_t *s = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	if (!s->in_len) {
		BIO_set_retry_read(b);
		return -1;
	}
	size_t n = s->in_len < (size_t)size ? s->in_len : (size_t)size;
	memcpy(out, s->in, n);
	s->in += n;
	s->in_len -= n;
	return (int)n;
}

static int bio_write(BIO *b, const char *bytes, int len)
{
	sodns_tls_session_t *s = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	s->send(s->arg, (const uint8_t *)bytes, (size_t)len);
	return len;
}

static long bio_ctrl(BIO *b, int command, long number, void *p)
{
	(void)b;
	(void)number;
	(void)p;
	return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

__attribute__((constructor)) static void make_method(void)
{
	method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "sodns");
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	BIO_meth_set_create(method, bio_create);
}

int tls_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		    const unsigned char *in, unsigned in_len, void *arg)
{
	sodns_tls_session_t *s = SSL_get_app_data(ssl);
	unsigned char *chosen;
	(void)arg;
	if (!s->alpn_len ||
	    SSL_select_next_proto(&chosen, out_len, (const unsigned char *)s->alpn_wanted,
				  s->alpn_len, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* "h2,http/1.1" to lengths and names. */
static void set_alpn(sodns_tls_session_t *s, const char *alpn)
{
	while (alpn && *alpn) {
		size_t n = strcspn(alpn, ",");
		if (s->alpn_len + n + 1 > sizeof(s->alpn_wanted))
			return;
		s->alpn_wanted[s->alpn_len++] = (char)n;
		memcpy(s->alpn_wanted + s->alpn_len, alpn, n);
		s->alpn_len += (unsigned)n;
		alpn += n + (alpn[n] == ',');
	}
}

/* The server that a client wants to talk to: by name, or by address. */
static void set_server_name(sodns_tls_session_t *s, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(s->ssl);
	if (!name || X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1)
		return;
	SSL_set_tlsext_host_name(s->ssl, name);
	if (!s->files->insecure)
		X509_VERIFY_PARAM_set1_host(p, name, 0);
}

static void begin_client(sodns_tls_session_t *s, const char *server_name)
{
	SSL_set_connect_state(s->ssl);
	set_server_name(s, server_name);
	if (s->alpn_len)
		SSL_set_alpn_protos(s->ssl, (const unsigned char *)s->alpn_wanted, s->alpn_len);
	SSL_SESSION *before = s->key ? tls_ticket_find(s->files, s->key, server_name) : NULL;
	if (before)
		SSL_set_session(s->ssl, before);
	SSL_SESSION_free(before);
	SSL_do_handshake(s->ssl);
	ERR_clear_error();
}

const char *tls_session_key(const SSL *ssl)
{
	return ((const sodns_tls_session_t *)SSL_get_app_data(ssl))->key;
}

static sodns_tls_session_t *session_new(tls_files_t *f, const sodns_address_t *peer,
					const char *server_name, const char *alpn,
					sodns_tls_send_f send, void *arg)
{
	sodns_tls_session_t *s = calloc(1, sizeof(*s));
	BIO *b = s ? BIO_new(method) : NULL;
	if (!b || !(s->ssl = SSL_new(f->ctx))) {
		BIO_free(b);
		free(s);
		return NULL;
	}
	atomic_fetch_add(&f->users, 1);
	s->files = f;
	s->send = send;
	s->arg = arg;
	BIO_set_data(b, s);
	SSL_set_bio(s->ssl, b, b);
	SSL_set_app_data(s->ssl, s);
	set_alpn(s, alpn);
	if (!f->server)
		s->key = tls_ticket_key(peer, server_name, alpn);
	if (f->server)
		SSL_set_accept_state(s->ssl);
	else
		begin_client(s, server_name);
	return s;
}

static void session_input(sodns_tls_session_t *s, const uint8_t *bytes, size_t len)
{
	s->in = bytes;
	s->in_len = len;
}

static int note_failure(sodns_tls_session_t *s)
{
	long verified = SSL_get_verify_result(s->ssl);
	s->broken = true;
	if (!*s->why && !s->files->server && verified != X509_V_OK)
		snprintf(s->why, sizeof(s->why), "%s", X509_verify_cert_error_string(verified));
	else if (!*s->why)
		snprintf(s->why, sizeof(s->why), "%s", tls_error_text());
	ERR_clear_error();
	return SODNS_EIO;
}

static ptrdiff_t session_read(sodns_tls_session_t *s, uint8_t *out, size_t size)
{
	size_t n;
	if (s->broken)
		return SODNS_EIO;
	if (SSL_read_ex(s->ssl, out, size, &n) == 1)
		return (ptrdiff_t)n;
	switch (SSL_get_error(s->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return SODNS_ECANCELLED;
	default:
		return note_failure(s);
	}
}

static bool session_ready(const sodns_tls_session_t *s)
{
	return !s->broken && SSL_is_init_finished(s->ssl);
}

static int session_write(sodns_tls_session_t *s, const uint8_t *bytes, size_t len)
{
	size_t n;
	if (s->broken)
		return SODNS_EIO;
	return SSL_write_ex(s->ssl, bytes, len, &n) == 1 ? SODNS_OK : note_failure(s);
}

static const char *session_alpn(const sodns_tls_session_t *cs)
{
	sodns_tls_session_t *s = (sodns_tls_session_t *)(uintptr_t)cs;
	const unsigned char *name;
	unsigned len;
	SSL_get0_alpn_selected(s->ssl, &name, &len);
	if (len && len < sizeof(s->alpn)) {
		memcpy(s->alpn, name, len);
		s->alpn[len] = 0;
	}
	return s->alpn;
}

static const char *session_why(const sodns_tls_session_t *s)
{
	return s->why;
}

static void session_end(sodns_tls_session_t *s)
{
	if (session_ready(s))
		SSL_shutdown(s->ssl);
	ERR_clear_error();
	SSL_free(s->ssl);
	tls_files_unload(s->files);
	free(s->key);
	free(s);
}

SODNS_LIBRARY(tls, tls_table_t) = {
	.head = {.id = TLS_ID, .version = TLS_VERSION, .size = sizeof(tls_table_t)},
	.load = tls_files_load,
	.unload = tls_files_unload,
	.session = session_new,
	.input = session_input,
	.read = session_read,
	.ready = session_ready,
	.write = session_write,
	.alpn = session_alpn,
	.why = session_why,
	.end = session_end,
	.expire = tls_files_expire,
};
