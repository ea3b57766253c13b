/*
 * Sessions that are taken up again. A ticket vouches for the server that gave it, and for no other:
 * it is kept under that server's address and the name that was asked for, and offered only while the
 * certificate that was seen when it was given is good for that name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "files.h"

#define TICKETS_MAX 64u

char *tls_ticket_key(const sodns_address_t *peer, const char *server_name, const char *alpn)
{
	char address[2 * sizeof(peer->bytes) + 1] = "";
	if (!peer)
		return NULL;
	for (size_t i = 0; i < sizeof(peer->bytes); i++)
		snprintf(address + 2 * i, 3, "%02x", peer->bytes[i]);
	if (!server_name)
		server_name = "";
	if (!alpn)
		alpn = "";
	size_t size = sizeof(address) + 64 + strlen(server_name) + strlen(alpn);
	char *key = malloc(size);
	if (key)
		snprintf(key, size, "%u %s %u %u %s %s", peer->family, address, peer->scope,
			 peer->port, alpn, server_name);
	return key;
}

static void ticket_free(tls_ticket_t *t)
{
	SSL_SESSION_free(t->session);
	free(t);
}

/* Takes it out of the list. */
static tls_ticket_t *take(tls_files_t *f, const char *key)
{
	for (tls_ticket_t **at = &f->tickets; *at; at = &(*at)->next)
		if (!strcmp((*at)->key, key)) {
			tls_ticket_t *t = *at;
			*at = t->next;
			return t;
		}
	return NULL;
}

static void put_first(tls_files_t *f, tls_ticket_t *t)
{
	t->next = f->tickets;
	f->tickets = t;
}

/* Ends the list behind the newest ones. */
static void drop_old(tls_files_t *f)
{
	tls_ticket_t **at = &f->tickets;
	for (unsigned i = 0; *at && i < TICKETS_MAX; i++)
		at = &(*at)->next;
	while (*at) {
		tls_ticket_t *t = *at;
		*at = t->next;
		ticket_free(t);
	}
}

void tls_ticket_keep(tls_files_t *f, const char *key, SSL_SESSION *session)
{
	size_t n = strlen(key) + 1;
	pthread_mutex_lock(&f->lock);
	tls_ticket_t *t = take(f, key);
	if (t)
		SSL_SESSION_free(t->session);
	else if ((t = malloc(sizeof(*t) + n)))
		memcpy(t->key, key, n);
	if (t) {
		t->session = session;
		put_first(f, t);
		drop_old(f);
	} else {
		SSL_SESSION_free(session);
	}
	pthread_mutex_unlock(&f->lock);
}

/* Taking a session up looks at no certificate: what it was given for is looked at here. */
static bool still_good(const tls_files_t *f, SSL_SESSION *session, const char *name)
{
	X509 *x = SSL_SESSION_get0_peer(session);
	if (f->insecure)
		return true;
	if (!x || X509_cmp_current_time(X509_get0_notAfter(x)) <= 0)
		return false;
	return !name || X509_check_ip_asc(x, name, 0) == 1 ||
	       X509_check_host(x, name, 0, 0, NULL) == 1;
}

SSL_SESSION *tls_ticket_find(tls_files_t *f, const char *key, const char *server_name)
{
	SSL_SESSION *found = NULL;
	pthread_mutex_lock(&f->lock);
	tls_ticket_t *t = take(f, key);
	if (t && !still_good(f, t->session, server_name)) {
		ticket_free(t);
		t = NULL;
	}
	if (t) {
		put_first(f, t);
		found = t->session;
		SSL_SESSION_up_ref(found);
	}
	pthread_mutex_unlock(&f->lock);
	return found;
}

void tls_tickets_free(tls_files_t *f)
{
	while (f->tickets) {
		tls_ticket_t *t = f->tickets;
		f->tickets = t->next;
		ticket_free(t);
	}
}
