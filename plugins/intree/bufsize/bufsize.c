/*
 * bufsize: a ceiling for clients' EDNS sizes, so that answers are not fragmented.
 */
#include <stdlib.h>

#include <sodns/plugin.h>

#define SIZE_DEFAULT 1232
#define SIZE_MIN 512
#define SIZE_LIMIT 4096

struct bufsize {
	uint16_t size;
};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct bufsize *b = h->self;
	sodns_query_limit_size(q, b->size);
	return sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	struct bufsize *b = sodns_setup_alloc(s, sizeof(*b));
	size_t count;
	char *end;
	sodns_setup_next(s);
	const char *const *args = sodns_setup_args(s, &count);
	long size = count ? strtol(args[0], &end, 10) : SIZE_DEFAULT;
	if (count > 1 || (count && (*end || !*args[0])) || size < SIZE_MIN || size > SIZE_LIMIT)
		return count == 1 ? sodns_error(s,
						"Wrong argument count or unexpected line ending "
						"after '%s': the size must be in range [%d, %d]",
						args[0], SIZE_MIN, SIZE_LIMIT)
				  : sodns_error_args(s);
	b->size = (uint16_t)size;
	return sodns_add_handler(s, b);
}

SODNS_PLUGIN(.name = "bufsize", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve);
