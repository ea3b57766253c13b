/*
 * PROXY headers: read whole and as the beginning of a longer text, with the same result; and the
 * length that comes out lies within what there is.
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/intree/proxyproto/header.h"
#include "fuzz.h"

/* Of just this size, so that reading beyond it shows. */
static ptrdiff_t read_exactly(const uint8_t *data, size_t len, struct header *h)
{
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	ptrdiff_t n = header_read(copy, len, h);
	free(copy);
	if (n > (ptrdiff_t)len || (n == SODNS_EINVAL && !h->reason))
		abort();
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct header whole, part;
	ptrdiff_t n = read_exactly(data, len, &whole);
	/* In pieces: it waits until all of it is there, or knows sooner that it is no good. */
	for (size_t i = 0; i <= len && i < 600; i++) {
		ptrdiff_t m = read_exactly(data, i, &part);
		if (m == SODNS_EBUSY)
			continue;
		if (m != n || (n > 0 && i != (size_t)n) ||
		    memcmp(&part.source, &whole.source, sizeof(part.source)))
			abort();
		break;
	}
	return 0;
}
