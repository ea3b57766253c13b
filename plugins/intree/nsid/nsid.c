/*
 * nsid: tells which server answered, to clients that ask (RFC 5001).
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

static const sodns_option_t args[] = {
	{"DATA", SODNS_OPT_TEXT, SODNS_FIELD(struct nsid, data), .max = 1023,
	 .flags = SODNS_OPT_OPTIONAL | SODNS_OPT_JOINED, .otherwise = "the host's name",
	 .help = "the server's identifier", .says.high = "the data are longer than {max} bytes"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args), .repeats = SODNS_ONCE, .help = "tells which server answered"};

static int setup(sodns_setup_t *s)
{
	struct nsid *n = sodns_setup_alloc(s, sizeof(*n));
	char *host = sodns_setup_alloc(s, 256);
	if (gethostname(host, 255))
		strcpy(host, "localhost");
	n->data = host;
	if (sodns_setup_read_all(s, n))
		return SODNS_EINVAL;
	n->len = strlen(n->data);
	return sodns_add_handler(s, n);
}

SODNS_PLUGIN(.name = "nsid", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
