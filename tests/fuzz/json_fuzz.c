/*
 * JSON of any kind: read to the bottom, by every function, without ever leaving the text.
 */
#include <stdlib.h>

#include <sodns/json.h>

#include "fuzz.h"

static size_t work;

static void look(const sodns_json_text_t *t, const char *text, size_t len)
{
	char out[32];
	if (t->at < text || t->at + t->len > text + len)
		abort();
	size_t n = sodns_json_copy(t, out, sizeof(out));
	if (n < sizeof(out) && !sodns_json_equal(t, out, n))
		abort();
}

static void walk(sodns_json_t *j, const char *text, size_t len, unsigned seed)
{
	sodns_json_text_t t;
	int64_t n;
	bool b;
	if (++work > 100000)
		return;
	switch (seed % 6) {
	case 0:
		if (sodns_json_string(j, &t))
			look(&t, text, len);
		break;
	case 1:
		sodns_json_integer(j, &n);
		break;
	case 2:
		sodns_json_boolean(j, &b);
		break;
	case 3:
		if (sodns_json_array(j))
			while (sodns_json_item(j))
				walk(j, text, len, seed * 7 + 1 + (unsigned)work);
		break;
	case 4:
		if (sodns_json_raw(j, &t) && (t.at < text || t.at + t.len > text + len))
			abort();
		break;
	default:
		if (sodns_json_object(j))
			while (sodns_json_member(j, &t)) {
				look(&t, text, len);
				walk(j, text, len, (unsigned)(t.len + work));
			}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	for (unsigned seed = 0; seed < 6; seed++) {
		sodns_json_t j;
		work = 0;
		sodns_json_begin(&j, (const char *)data, len);
		walk(&j, (const char *)data, len, seed);
	}
	return 0;
}
