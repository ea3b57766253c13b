/*
 * Digests and HMAC: vectors of FIPS 180-4 and of RFC 2202 and 4231, however they are cut into parts, on
 * every thread.
 */
#include <sodns/digest.h>
#include <sodns/text.h>

#include <pthread.h>

#include "test.h"

static void is(const uint8_t *digest, size_t len, const char *hex)
{
	char text[2 * SODNS_DIGEST_MAX + 1];
	assert_int_equal(sodns_hex_encode(digest, len, text, sizeof(text)), strlen(hex));
	assert_string_equal(text, hex);
}

/* In one piece, in pieces of every size, and bit by bit. */
static void digests_to(enum sodns_digest_kind kind, const char *text, const char *hex)
{
	uint8_t out[SODNS_DIGEST_MAX];
	size_t len = strlen(text);
	for (size_t cut = 0; cut <= len; cut++) {
		const sodns_digest_part_t parts[] = {
			{text, cut}, {NULL, 0}, {text + cut, len - cut}};
		is(out, sodns_digest(kind, parts, 3, out), hex);
		sodns_digest_sum_t *s = sodns_digest_begin(kind);
		sodns_digest_add(s, text, cut);
		sodns_digest_add(s, text + cut, len - cut);
		/* Others are reckoned meanwhile. */
		sodns_digest(kind, parts, 1, out);
		is(out, sodns_digest_end(s, out), hex);
	}
	sodns_digest_sum_t *given_up = sodns_digest_begin(kind);
	assert_int_equal(sodns_digest_end(given_up, NULL), sodns_digest_length(kind));
}

#define LONG "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

static const struct {
	enum sodns_digest_kind kind;
	const char *abc, *longer;
} digests[] = {
	{SODNS_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d",
	 "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	{SODNS_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
	 "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525"},
	{SODNS_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{SODNS_SHA384,
	 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca1"
	 "34c825a7",
	 "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1f"
	 "e3c8452b"},
	{SODNS_SHA512,
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23"
	 "a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	 "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea"
	 "57789ca031ad85c7a71dd70354ec631238ca3445"},
};

static void of_digests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		digests_to(digests[i].kind, "abc", digests[i].abc);
		digests_to(digests[i].kind, LONG, digests[i].longer);
	}
}

static void hmac_is(enum sodns_digest_kind kind, const void *secret, size_t secret_len,
		    const char *text, const char *hex)
{
	uint8_t out[SODNS_DIGEST_MAX];
	size_t len = strlen(text);
	sodns_hmac_key_t *k = sodns_hmac_key(kind, secret, secret_len);
	assert_int_equal(sodns_hmac_length(k), strlen(hex) / 2);
	for (size_t cut = 0; cut <= len; cut++) {
		const sodns_digest_part_t parts[] = {{text, cut}, {text + cut, len - cut}};
		is(out, sodns_hmac(k, parts, 2, out), hex);
	}
	sodns_hmac_key_free(k);
}

static void of_codes(void **state)
{
	static const char what[] = "what do ya want for nothing?";
	static const char larger[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t aa[131];
	(void)state;
	memset(aa, 0xaa, sizeof(aa));
	hmac_is(SODNS_SHA1, "Jefe", 4, what, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	hmac_is(SODNS_SHA1, aa, 80, larger, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	hmac_is(SODNS_SHA224, "Jefe", 4, what,
		"a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44");
	hmac_is(SODNS_SHA224, aa, 131, larger,
		"95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e");
	hmac_is(SODNS_SHA256, "Jefe", 4, what,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	hmac_is(SODNS_SHA256, aa, 131, larger,
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_is(SODNS_SHA384, "Jefe", 4, what,
		"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b"
		"32"
		"39ecfab21649");
	hmac_is(SODNS_SHA384, aa, 131, larger,
		"4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296"
		"24"
		"8df163f44952");
	hmac_is(SODNS_SHA512, "Jefe", 4, what,
		"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d"
		"03"
		"4f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
	hmac_is(SODNS_SHA512, aa, 131, larger,
		"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd"
		"0f"
		"d2215d6a1e5295e64f73f63f0aec8b915a985d786598");
	hmac_is(SODNS_SHA256, NULL, 0, "",
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void of_comparing(void **state)
{
	uint8_t a[64] = {0}, b[64] = {0};
	(void)state;
	assert_true(sodns_hmac_equal(a, b, sizeof(a)));
	for (unsigned bit = 0; bit < 512; bit++) {
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(sodns_hmac_equal(a, b, sizeof(a)));
		b[bit / 8] = 0;
	}
}

static void *on_a_thread(void *arg)
{
	const sodns_digest_part_t abc = {"abc", 3};
	uint8_t out[SODNS_DIGEST_MAX];
	char text[2 * SODNS_DIGEST_MAX + 1];
	unsigned *wrong = arg;
	for (unsigned i = 0; i < 10000; i++) {
		size_t len = sodns_digest(digests[i % 5].kind, &abc, 1, out);
		sodns_hex_encode(out, len, text, sizeof(text));
		*wrong += strcmp(text, digests[i % 5].abc) != 0;
	}
	return NULL;
}

static void on_threads(void **state)
{
	pthread_t threads[4];
	unsigned wrong[4] = {0};
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, on_a_thread, &wrong[i]), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(wrong[i], 0);
}

static int opened(void **state)
{
	char err[512] = "";
	(void)state;
	int rc = sodns_digest_open(err, sizeof(err));
	if (rc)
		fprintf(stderr, "%s\n", err);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(of_digests), cmocka_unit_test(of_codes),
					   cmocka_unit_test(of_comparing),
					   cmocka_unit_test(on_threads)};
	return cmocka_run_group_tests(tests, opened, NULL);
}
