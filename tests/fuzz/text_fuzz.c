/*
 * Any bytes as base64, base32hex, hexadecimal, UTF-8, a number, a duration, a string to quote: nothing is
 * read or written beside the memory given, and what decodes encodes and decodes again to the same bytes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/text.h>

#include "fuzz.h"

typedef ptrdiff_t encode_f(const void *bytes, size_t len, char *out, size_t room);
typedef ptrdiff_t decode_f(const char *text, size_t len, void *out, size_t room);

static void must(bool is)
{
	if (!is)
		abort();
}

static void decode(const char *text, size_t len, decode_f *from, encode_f *to)
{
	size_t room = SODNS_DECODED_ROOM(len), text_room = SODNS_HEX_ROOM(room);
	char *bytes = malloc(room), *again = malloc(text_room), *back = malloc(room);
	ptrdiff_t n = from(text, len, bytes, room);
	if (n >= 0) {
		ptrdiff_t wide = to(bytes, (size_t)n, again, text_room);
		must(wide >= 0 && from(again, (size_t)wide, back, (size_t)n) == n);
		must(!n || !memcmp(bytes, back, (size_t)n));
	} else {
		must(n == SODNS_EINVAL);
	}
	free(bytes);
	free(again);
	free(back);
}

static void numbers(const char *text, size_t len)
{
	uint64_t u;
	int64_t i;
	double d, again;
	char out[SODNS_FLOAT_ROOM];
	for (unsigned base = 0; base <= 36; base += base ? 1 : 2) {
		sodns_uint_from_text(text, len, base, 100000, &u);
		sodns_int_from_text(text, len, base, -100000, 100000, &i);
	}
	if (sodns_float_from_text(text, len, &d) || !isfinite(d))
		return;
	size_t n = sodns_float_to_text(d, 'g', -1, out, sizeof(out));
	must(!sodns_float_from_text(out, n, &again) && again == d);
}

static void durations(const char *text, size_t len)
{
	int64_t ns, again;
	char out[300], *copy = malloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = 0;
	if (sodns_duration_from_text(copy, &ns)) {
		sodns_duration_error(copy, out, sizeof(out));
		must(!strncmp(out, "time: ", 6));
	} else {
		must(sodns_duration_to_text(ns, out) < 40);
		must(!sodns_duration_from_text(out, &again) && again == ns);
	}
	free(copy);
}

static void quotes(const char *text, size_t len)
{
	size_t room = SODNS_QUOTE_ROOM(len);
	char *out = malloc(room);
	for (int ascii = 0; ascii < 2; ascii++) {
		size_t n = sodns_quote(text, len, ascii, out, room);
		must(n >= 2 && out[n - 1] == '"' && sodns_utf8_valid(out, n));
		must(sodns_quote(text, len, ascii, out, n / 2) <= n / 2);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* Memory of its own size, so that a byte too many is seen. */
	char *text = malloc(len ? len : 1);
	memcpy(text, data, len);
	decode(text, len, sodns_base64_decode, sodns_base64_encode);
	decode(text, len, sodns_base64url_decode, sodns_base64url_encode);
	decode(text, len, sodns_base32hex_decode, sodns_base32hex_encode);
	decode(text, len, sodns_hex_decode, sodns_hex_encode);
	numbers(text, len);
	durations(text, len);
	quotes(text, len);
	free(text);
	return 0;
}
