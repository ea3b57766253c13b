/*
 * nsid: tells which server answered, to those who ask (RFC 5001).
 */
#include <string.h>
#include <unistd.h>

#include <sodns/plugin.h>

#define OPTION_NSID 3

struct nsid {
	const char *data;
	size_t len;
};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct nsid *n = h->self;
	size_t len;
	bool wanted = sodns_query_option(q, OPTION_NSID, &len) != NULL;
	sodns_reply_t *r = sodns_next(h, q);
	if (wanted)
		sodns_reply_add_option(r, OPTION_NSID, n->data, n->len);
	return r;
}

static int setup(sodns_setup_t *s)
{
	struct nsid *n = sodns_setup_alloc(s, sizeof(*n));
	char *data = sodns_setup_alloc(s, 1024);
	size_t count, at = 0;
	if (gethostname(data, 255))
		strcpy(data, "localhost");
	for (unsigned i = 0; sodns_setup_next(s); i++) {
		if (i)
			return sodns_error(s, "this plugin can only be used once per Server Block");
		const char *const *args = sodns_setup_args(s, &count);
		for (size_t k = 0; k < count; k++) {
			size_t len = strlen(args[k]);
			if (at + len + 2 > 1024)
				return sodns_error(s, "the data are longer than 1023 bytes");
			data[at] = ' ';
			at += k > 0;
			memcpy(data + at, args[k], len + 1);
			at += len;
		}
	}
	n->data = data;
	n->len = strlen(data);
	return sodns_add_handler(s, n);
}

SODNS_PLUGIN(.name = "nsid", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve);
