/*
 * What the face and the library agree on: the functions of sodns/digest.h, which need libcrypto.
 */
#ifndef SODNS_LIB_CRYPTO_TABLE_H
#define SODNS_LIB_CRYPTO_TABLE_H

#include <sodns/digest.h>
#include <sodns/library.h>

#define CRYPTO_ID "sodns.crypto"
#define CRYPTO_VERSION 1

typedef struct crypto_table {
	sodns_library_head_t head;
	size_t (*digest)(enum sodns_digest_kind kind, const sodns_digest_part_t *parts,
			 size_t count, uint8_t out[SODNS_DIGEST_MAX]);
	sodns_digest_sum_t *(*sum_begin)(enum sodns_digest_kind kind);
	void (*sum_add)(sodns_digest_sum_t *s, const void *bytes, size_t len);
	size_t (*sum_end)(sodns_digest_sum_t *s, uint8_t out[SODNS_DIGEST_MAX]);
	sodns_hmac_key_t *(*hmac_key)(enum sodns_digest_kind kind, const void *secret, size_t len);
	void (*hmac_key_free)(sodns_hmac_key_t *k);
	enum sodns_digest_kind (*hmac_kind)(const sodns_hmac_key_t *k);
	size_t (*hmac)(const sodns_hmac_key_t *k, const sodns_digest_part_t *parts, size_t count,
		       uint8_t out[SODNS_DIGEST_MAX]);
	bool (*equal)(const void *a, const void *b, size_t len);
} crypto_table_t;

#endif
