/*
 * What an API server might send, in pieces of any size: the first byte says of which. Every object that
 * comes out is one that begins and ends with its brackets.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "kubewatch/split.h"

static bool take(void *arg, const char *json, size_t len)
{
	(void)arg;
	if (len < 2 || json[0] != '{' || (json[len - 1] != '}' && json[len - 1] != ']'))
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	size_t step = (data[0] & 0x3f) + 1u;
	for (int kind = SPLIT_EVENTS; kind <= SPLIT_LIST; kind++) {
		split_t s = {0};
		split_begin(&s, (enum split_kind)kind, take, NULL);
		for (size_t at = 1; at < len; at += step) {
			size_t n = len - at < step ? len - at : step;
			if (!split_feed(&s, (const char *)data + at, n))
				break;
		}
		split_complete(&s);
		split_free(&s);
	}
	return 0;
}
