/*
 * What libsodns and the library of DNS over HTTPS agree on: the client's end of an HTTP/2 connection.
 * It reads and writes no socket; who owns the connection seals and sends what it says.
 */
#ifndef CORE_DOH_PROVIDER_H
#define CORE_DOH_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sodns/library.h>

#define DOH_ID "sodns.doh"
#define DOH_VERSION 1

typedef struct doh doh_t;

/* Questions go by the owner's numbers; each is answered or refused once, unless it was forgotten. */
typedef struct doh_owner {
	void (*send)(void *arg, const uint8_t *bytes, size_t len);
	/* At least a header; it may be written to. */
	void (*answer)(void *arg, uint16_t id, uint8_t *message, size_t len);
	/* unseen: the server has not looked at it. */
	void (*refuse)(void *arg, uint16_t id, bool unseen, const char *why);
} doh_owner_t;

typedef struct doh_provider {
	sodns_library_head_t head;
	/* The connection is made; speaks first. NULL: no memory. */
	doh_t *(*begin)(const char *authority, const doh_owner_t *owner, void *arg);
	/* By GET or POST. Copies the message; its id is sent as 0. */
	bool (*ask)(doh_t *d, bool get, uint16_t id, const uint8_t *message, size_t len);
	void (*forget)(doh_t *d, uint16_t id);
	/* Bytes from the server: NULL, or why the connection is of no use any more. */
	const char *(*input)(doh_t *d, const uint8_t *bytes, size_t len);
	/* Whether more may be asked on this connection. */
	bool (*is_open)(const doh_t *d);
	/* Tells the owner nothing more. NULL is allowed. */
	void (*end)(doh_t *d);
} doh_provider_t;

#endif
