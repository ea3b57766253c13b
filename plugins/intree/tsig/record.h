/*
 * The TSIG record (RFC 8945, 4.2), and what a signature is computed over (4.3).
 */
#ifndef TSIG_RECORD_H
#define TSIG_RECORD_H

#include "keys.h"

/* A record as it came. Pointers are into the message. */
struct record {
	uint8_t owner[SODNS_NAME_MAX], algorithm[SODNS_NAME_MAX]; /* letter case as it came */
	uint32_t ttl;
	uint64_t time;
	uint16_t fudge, mac_len, original_id, error, other_len;
	const uint8_t *mac, *other;
};

/* Reads the record at `at`, whose bounds are hostile. False: malformed. */
bool record_read(const uint8_t *message, size_t len, size_t at, struct record *out);

/* The code over a query: the message before the record at `at`, and the record. */
size_t record_mac(const sodns_hmac_key_t *key, const uint8_t *message, size_t at,
		  const struct record *r, uint8_t out[MAC_MAX]);

/* Over an answer of len bytes: the code of the message before it, the message, the record; of the
 * record the time alone if it follows others in a stream (5.3.1). */
size_t record_mac_answer(const sodns_hmac_key_t *key, const uint8_t *previous, size_t previous_len,
			 const uint8_t *message, size_t len, const struct record *r, bool further,
			 uint8_t out[MAC_MAX]);

/* Bytes of the record on the wire. */
size_t record_length(const struct record *r);
/* Writes it. */
void record_write(const struct record *r, uint8_t *out);

#endif
