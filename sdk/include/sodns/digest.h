/*
 * Digests (FIPS 180-4), and codes that can be made with the key alone (HMAC, RFC 2104). They are
 * OpenSSL's, in a library that is opened when it is first asked for.
 *
 * What is digested lies in memory here and there as a rule: it is given as parts, one behind the other.
 *
 *	const sodns_digest_part_t parts[] = {{name, name_len}, {salt, salt_len}};
 *	uint8_t out[SODNS_DIGEST_MAX];
 *	size_t len = sodns_digest(SODNS_SHA1, parts, 2, out);
 *
 * Everything but the opening: [any thread], for a query as well. A digest and a code take no lock and
 * no memory, and cannot fail; sums and keys end the process where there is no memory for them.
 */
#ifndef SODNS_DIGEST_H
#define SODNS_DIGEST_H

#include <sodns/abi.h>

enum sodns_digest_kind { SODNS_SHA1, SODNS_SHA224, SODNS_SHA256, SODNS_SHA384, SODNS_SHA512 };
#define SODNS_DIGEST_MAX 64

typedef struct sodns_digest_part {
	const void *bytes;
	size_t len;
} sodns_digest_part_t;

/* Must have returned 0 before any other function of this header is called: in prepare, as a rule.
 * SODNS_EIO: the reason is in err. Blocks. [any thread] */
SODNS_API int sodns_digest_open(char *err, size_t err_size);

/* The bytes of a digest of that kind. */
SODNS_API size_t sodns_digest_length(enum sodns_digest_kind kind);
/* The digest of all parts as if they were one; returns its length. */
SODNS_API size_t sodns_digest(enum sodns_digest_kind kind, const sodns_digest_part_t *parts,
			      size_t count, uint8_t out[SODNS_DIGEST_MAX]);

/* A digest of what comes bit by bit. One thread at a time. */
typedef struct sodns_digest_sum sodns_digest_sum_t;
SODNS_API sodns_digest_sum_t *sodns_digest_begin(enum sodns_digest_kind kind);
SODNS_API void sodns_digest_add(sodns_digest_sum_t *s, const void *bytes, size_t len);
/* Writes the digest (unless out is NULL), returns its length, and frees the sum. */
SODNS_API size_t sodns_digest_end(sodns_digest_sum_t *s, uint8_t out[SODNS_DIGEST_MAX]);

/* A secret, prepared for one kind of digest. Threads share it. */
typedef struct sodns_hmac_key sodns_hmac_key_t;
SODNS_API sodns_hmac_key_t *sodns_hmac_key(enum sodns_digest_kind kind, const void *secret,
					   size_t len);
/* Wipes it out. NULL is allowed. */
SODNS_API void sodns_hmac_key_free(sodns_hmac_key_t *k);
/* The bytes of a code. */
SODNS_API size_t sodns_hmac_length(const sodns_hmac_key_t *k);
/* The code over all parts as if they were one; returns its length. */
SODNS_API size_t sodns_hmac(const sodns_hmac_key_t *k, const sodns_digest_part_t *parts,
			    size_t count, uint8_t out[SODNS_DIGEST_MAX]);
/* Whether two codes are the same, in a time that does not tell where they differ. */
SODNS_API bool sodns_hmac_equal(const void *a, const void *b, size_t len);

#endif
