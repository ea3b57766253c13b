/*
 * Bytes as text and back: RFC 4648's own vectors, what is no such text, and texts in pieces.
 */
#include "text/encoding.h"

#include "test.h"

typedef ptrdiff_t encode_f(const void *bytes, size_t len, char *out, size_t room);
typedef ptrdiff_t decode_f(const char *text, size_t len, void *out, size_t room);

static const struct codec {
	encode_f *encode;
	decode_f *decode;
	const encoding_t *encoding;
	unsigned bits;
} codecs[] = {
	{sodns_base64_encode, sodns_base64_decode, &encoding_base64, 6},
	{sodns_base64url_encode, sodns_base64url_decode, &encoding_base64url, 6},
	{sodns_base32hex_encode, sodns_base32hex_decode, &encoding_base32hex, 5},
	{sodns_hex_encode, sodns_hex_decode, &encoding_hex, 4},
};
#define CODECS (sizeof(codecs) / sizeof(codecs[0]))

/* Section 10: base64, base64url (without padding), base32hex (likewise, in lower case), base16. */
static void vectors(void **state)
{
	static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
	static const char *const texts[CODECS][7] = {
		{"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"},
		{"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"},
		{"", "co", "cpng", "cpnmu", "cpnmuog", "cpnmuoj1", "cpnmuoj1e8"},
		{"", "66", "666f", "666f6f", "666f6f62", "666f6f6261", "666f6f626172"}};
	(void)state;
	for (size_t c = 0; c < CODECS; c++)
		for (size_t i = 0; i < 7; i++) {
			char text[32], bytes[32];
			size_t len = strlen(plain[i]), text_len = strlen(texts[c][i]);
			assert_int_equal(codecs[c].encode(plain[i], len, text, text_len + 1),
					 text_len);
			assert_string_equal(text, texts[c][i]);
			assert_int_equal(codecs[c].decode(text, text_len, bytes, len), len);
			assert_memory_equal(bytes, plain[i], len);
		}
}

/* All bytes, in memory of exactly the size that is promised, over itself as well. */
static void there_and_back(void **state)
{
	uint8_t all[256 * 3];
	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t c = 0; c < CODECS; c++)
		for (size_t len = 0; len <= sizeof(all); len += 1 + len / 40) {
			size_t room = codecs[c].bits == 6 ? SODNS_BASE64_ROOM(len)
							  : SODNS_HEX_ROOM(len);
			char *text = malloc(room);
			uint8_t *bytes = malloc(len ? len : 1);
			ptrdiff_t n = codecs[c].encode(all, len, text, room);
			assert_in_range(n, 0, room - 1);
			assert_int_equal(codecs[c].decode(text, (size_t)n, bytes, len), len);
			assert_memory_equal(bytes, all, len);
			if (len)
				assert_int_equal(codecs[c].decode(text, (size_t)n, bytes, len - 1),
						 SODNS_ERANGE);
			assert_int_equal(codecs[c].encode(all, len, text, (size_t)n), SODNS_ERANGE);
			n = codecs[c].encode(all, len, text, room);
			assert_int_equal(codecs[c].decode(text, (size_t)n, text, len), len);
			assert_memory_equal(text, all, len);
			free(text);
			free(bytes);
		}
}

static void refuses(void **state)
{
	static const char *const bad[CODECS][16] = {
		{"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zg==Zg==", "Zm9v=", "Zm8=v",
		 "Zm9 v", "Zm9_", "Zm\xff\xff", "Zm8==", "Zm9vY"},
		{"Z", "Zg=", "Zg==", "Zm9vY", "Zm9+", "Zm9/", "Zm\n8", " Zm8"},
		{"c", "cpn", "cpnmuo", "cpnmuoj1e", "cw", "cq", "cpnmuoj1e9", "co======", "cpzg",
		 "co "},
		{"6", "666", "6g", "0x66", "66 66", "-1", "6\xb6"}};
	char out[64];
	(void)state;
	for (size_t c = 0; c < CODECS; c++)
		for (size_t i = 0; bad[c][i]; i++)
			if (codecs[c].decode(bad[c][i], strlen(bad[c][i]), out, sizeof(out)) !=
			    SODNS_EINVAL)
				fail_msg("codec %zu decodes '%s'", c, bad[c][i]);
	/* A zero is a character like others. */
	for (size_t c = 0; c < CODECS; c++)
		assert_int_equal(codecs[c].decode("\0\0\0\0", 4, out, sizeof(out)), SODNS_EINVAL);
}

static void takes(void **state)
{
	char out[16];
	(void)state;
	assert_int_equal(sodns_base64_decode("Zm\r\n9v\nYg=\n=\n", 13, out, sizeof(out)), 4);
	assert_memory_equal(out, "foob", 4);
	/* Bits that make no byte count only where names are compared by the text. */
	assert_int_equal(sodns_base64_decode("Zh==", 4, out, sizeof(out)), 1);
	assert_int_equal(sodns_base64url_decode("-_8", 3, out, sizeof(out)), 2);
	assert_memory_equal(out, "\xfb\xff", 2);
	assert_int_equal(sodns_hex_decode("DeadBEEF", 8, out, sizeof(out)), 4);
	assert_memory_equal(out, "\xde\xad\xbe\xef", 4);
	assert_int_equal(sodns_base32hex_decode("CPNMUOJ1E8", 10, out, sizeof(out)), 6);
	assert_memory_equal(out, "foobar", 6);
}

/* A text cut anywhere decodes as if it were whole; so does a bad one. */
static void in_pieces(void **state)
{
	static const char *const texts[] = {
		"Zm9vYg==", "Zm9vYmE=", "Zm9v=", "Zg=", "cpnmuoj1e8", "666f6f62"};
	(void)state;
	for (size_t c = 0; c < CODECS; c++)
		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
			const size_t len = strlen(texts[t]);
			char whole[32], cut[32];
			ptrdiff_t expected = codecs[c].decode(texts[t], len, whole, sizeof(whole));
			for (size_t at = 0; at <= len; at++) {
				decoder_t d = {0};
				ptrdiff_t n = decode_piece(&d, codecs[c].encoding, texts[t], at,
							   cut, sizeof(cut)),
					  more;
				if (n >= 0) {
					more = decode_piece(&d, codecs[c].encoding, texts[t] + at,
							    len - at, cut + n,
							    sizeof(cut) - (size_t)n);
					n = more < 0 ? more : n + more;
				}
				if (n >= 0 && !decode_end(&d, codecs[c].encoding))
					n = SODNS_EINVAL;
				assert_int_equal(n, expected);
				if (n > 0)
					assert_memory_equal(cut, whole, (size_t)n);
			}
		}
}

static void digits(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		int expected = c >= '0' && c <= '9'   ? c - '0'
			       : c >= 'a' && c <= 'z' ? c - 'a' + 10
			       : c >= 'A' && c <= 'Z' ? c - 'A' + 10
						      : 99;
		assert_int_equal(sodns_digit((char)c), expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),   cmocka_unit_test(there_and_back),
		cmocka_unit_test(refuses),   cmocka_unit_test(takes),
		cmocka_unit_test(in_pieces), cmocka_unit_test(digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
