/*
 * Digests and HMAC by OpenSSL's libcrypto. They are made for the path of a query (a signed message, a name
 * that a zone denies), which takes no memory: so it is the functions of each digest and not EVP, which
 * in OpenSSL 3 looks algorithms up and takes memory for every message, as EVP_MAC does. OpenSSL
 * calls them deprecated for being less general, and keeps them; what uses them is this file alone.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "table.h"

#define BLOCK_MAX SHA512_CBLOCK

/* What has been digested so far. */
typedef struct state {
	enum sodns_digest_kind kind;
	union {
		SHA_CTX sha1;
		SHA256_CTX sha256; /* and SHA-224 */
		SHA512_CTX sha512; /* and SHA-384 */
	} of;
} state_t;

struct sodns_digest_sum {
	state_t state;
};

/* The states that the code of a message begins with, and that of its digest: computed once. */
struct sodns_hmac_key {
	state_t inner, outer;
};

static void begin(state_t *s, enum sodns_digest_kind kind)
{
	s->kind = kind;
	switch (kind) {
	case SODNS_SHA1:
		SHA1_Init(&s->of.sha1);
		return;
	case SODNS_SHA224:
		SHA224_Init(&s->of.sha256);
		return;
	case SODNS_SHA256:
		SHA256_Init(&s->of.sha256);
		return;
	case SODNS_SHA384:
		SHA384_Init(&s->of.sha512);
		return;
	case SODNS_SHA512:
		SHA512_Init(&s->of.sha512);
	}
}

static void add(state_t *s, const void *bytes, size_t len)
{
	if (!len)
		return;
	if (s->kind == SODNS_SHA1)
		SHA1_Update(&s->of.sha1, bytes, len);
	else if (s->kind < SODNS_SHA384)
		SHA256_Update(&s->of.sha256, bytes, len);
	else
		SHA512_Update(&s->of.sha512, bytes, len);
}

static size_t end(state_t *s, uint8_t out[SODNS_DIGEST_MAX])
{
	if (s->kind == SODNS_SHA1) {
		SHA1_Final(out, &s->of.sha1);
		return SHA_DIGEST_LENGTH;
	}
	/* The state knows which of the two it is. */
	if (s->kind < SODNS_SHA384) {
		SHA256_Final(out, &s->of.sha256);
		return s->of.sha256.md_len;
	}
	SHA512_Final(out, &s->of.sha512);
	return s->of.sha512.md_len;
}

static void add_parts(state_t *s, const sodns_digest_part_t *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(s, parts[i].bytes, parts[i].len);
}

static size_t digest(enum sodns_digest_kind kind, const sodns_digest_part_t *parts, size_t count,
		     uint8_t out[SODNS_DIGEST_MAX])
{
	state_t s;
	begin(&s, kind);
	add_parts(&s, parts, count);
	return end(&s, out);
}

static sodns_digest_sum_t *sum_begin(enum sodns_digest_kind kind)
{
	sodns_digest_sum_t *s = malloc(sizeof(*s));
	if (!s)
		abort();
	begin(&s->state, kind);
	return s;
}

static void sum_add(sodns_digest_sum_t *s, const void *bytes, size_t len)
{
	add(&s->state, bytes, len);
}

static size_t sum_end(sodns_digest_sum_t *s, uint8_t out[SODNS_DIGEST_MAX])
{
	uint8_t unwanted[SODNS_DIGEST_MAX];
	size_t len = end(&s->state, out ? out : unwanted);
	free(s);
	return len;
}

/* The secret, disguised by one byte, fills a block. */
static void begin_with(state_t *s, enum sodns_digest_kind kind, const uint8_t secret[BLOCK_MAX],
		       uint8_t disguise)
{
	uint8_t block[BLOCK_MAX];
	size_t size = kind < SODNS_SHA384 ? SHA256_CBLOCK : SHA512_CBLOCK;
	for (size_t i = 0; i < size; i++)
		block[i] = secret[i] ^ disguise;
	begin(s, kind);
	add(s, block, size);
	OPENSSL_cleanse(block, sizeof(block));
}

static sodns_hmac_key_t *hmac_key(enum sodns_digest_kind kind, const void *secret, size_t len)
{
	uint8_t whole[BLOCK_MAX] = {0};
	const sodns_digest_part_t part = {secret, len};
	sodns_hmac_key_t *k = malloc(sizeof(*k));
	if (!k)
		abort();
	if (len > (kind < SODNS_SHA384 ? SHA256_CBLOCK : SHA512_CBLOCK))
		digest(kind, &part, 1, whole);
	else if (len)
		memcpy(whole, secret, len);
	begin_with(&k->inner, kind, whole, 0x36);
	begin_with(&k->outer, kind, whole, 0x5c);
	OPENSSL_cleanse(whole, sizeof(whole));
	return k;
}

static void hmac_key_free(sodns_hmac_key_t *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

static enum sodns_digest_kind hmac_kind(const sodns_hmac_key_t *k)
{
	return k->inner.kind;
}

static size_t hmac(const sodns_hmac_key_t *k, const sodns_digest_part_t *parts, size_t count,
		   uint8_t out[SODNS_DIGEST_MAX])
{
	uint8_t of_message[SODNS_DIGEST_MAX];
	state_t s = k->inner;
	add_parts(&s, parts, count);
	size_t len = end(&s, of_message);
	s = k->outer;
	add(&s, of_message, len);
	return end(&s, out);
}

static bool equal(const void *a, const void *b, size_t len)
{
	return !CRYPTO_memcmp(a, b, len);
}

SODNS_LIBRARY(crypto, crypto_table_t) = {
	.head = {.id = CRYPTO_ID, .version = CRYPTO_VERSION, .size = sizeof(crypto_table_t)},
	.digest = digest,
	.sum_begin = sum_begin,
	.sum_add = sum_add,
	.sum_end = sum_end,
	.hmac_key = hmac_key,
	.hmac_key_free = hmac_key_free,
	.hmac_kind = hmac_kind,
	.hmac = hmac,
	.equal = equal,
};
