/*
 * The SDK's digests (sodns/digest.h): they open the library, which lies beside libsodns, and pass on.
 */
#include <stdatomic.h>

#include "table.h"

static const sodns_library_t library = {.size = sizeof(library),
					.name = "crypto",
					.what = "the digests",
					.id = CRYPTO_ID,
					.version = CRYPTO_VERSION,
					.table_size = sizeof(crypto_table_t)};
static _Atomic(const crypto_table_t *) table; /* there before anything is digested */

static const crypto_table_t *use(void)
{
	return atomic_load_explicit(&table, memory_order_acquire);
}

int sodns_digest_open(char *err, size_t err_size)
{
	if (use())
		return SODNS_OK;
	const crypto_table_t *t = sodns_library_open(&library, err, err_size);
	if (!t)
		return SODNS_EIO;
	atomic_store_explicit(&table, t, memory_order_release);
	return SODNS_OK;
}

size_t sodns_digest_length(enum sodns_digest_kind kind)
{
	static const uint8_t lengths[] = {[SODNS_SHA1] = 20,
					  [SODNS_SHA224] = 28,
					  [SODNS_SHA256] = 32,
					  [SODNS_SHA384] = 48,
					  [SODNS_SHA512] = 64};
	return lengths[kind];
}

size_t sodns_digest(enum sodns_digest_kind kind, const sodns_digest_part_t *parts, size_t count,
		    uint8_t out[SODNS_DIGEST_MAX])
{
	return use()->digest(kind, parts, count, out);
}

sodns_digest_sum_t *sodns_digest_begin(enum sodns_digest_kind kind)
{
	return use()->sum_begin(kind);
}

void sodns_digest_add(sodns_digest_sum_t *s, const void *bytes, size_t len)
{
	use()->sum_add(s, bytes, len);
}

size_t sodns_digest_end(sodns_digest_sum_t *s, uint8_t out[SODNS_DIGEST_MAX])
{
	return use()->sum_end(s, out);
}

sodns_hmac_key_t *sodns_hmac_key(enum sodns_digest_kind kind, const void *secret, size_t len)
{
	return use()->hmac_key(kind, secret, len);
}

void sodns_hmac_key_free(sodns_hmac_key_t *k)
{
	if (k)
		use()->hmac_key_free(k);
}

size_t sodns_hmac_length(const sodns_hmac_key_t *k)
{
	return sodns_digest_length(use()->hmac_kind(k));
}

size_t sodns_hmac(const sodns_hmac_key_t *k, const sodns_digest_part_t *parts, size_t count,
		  uint8_t out[SODNS_DIGEST_MAX])
{
	return use()->hmac(k, parts, count, out);
}

bool sodns_hmac_equal(const void *a, const void *b, size_t len)
{
	return use()->equal(a, b, len);
}
