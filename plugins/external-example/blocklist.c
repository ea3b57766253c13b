/*
 * blocklist: the names of a file, and all below them, are not there.
 *
 *	blocklist FILE {
 *		answer nxdomain|zero	NXDOMAIN (default), or the address of no host
 *		ttl SECONDS		of that address; default 60
 *		reload DURATION		how often the file is looked at; default 10s, 0s: never
 *	}
 *
 * The file has a name a line, "*.NAME" for those below it alone, or lines as a hosts file has them.
 */
#include <sodns/file.h>
#include <sodns/metrics.h>
#include <sodns/name_set.h>
#include <sodns/plugin.h>

enum answer { NXDOMAIN, ZERO };

struct blocklist {
	const char *path;
	enum answer answer;
	uint32_t ttl;
	uint64_t reload;
	sodns_follow_t *names; /* sodns_name_set_t * */
	sodns_metric_t *blocked, *entries;
};

static const char *const answers[] = {[NXDOMAIN] = "nxdomain", [ZERO] = "zero"};
static const sodns_option_t args[] = {
	{"FILE", SODNS_OPT_PATH, SODNS_FIELD(struct blocklist, path), .help = "with the names"},
};
static const sodns_option_t properties[] = {
	{"answer", SODNS_OPT_WORD, SODNS_FIELD(struct blocklist, answer),
	 .words = SODNS_WORDS(answers), .fallback = "nxdomain", .help = "what clients get"},
	{"ttl", SODNS_OPT_SECONDS, SODNS_FIELD(struct blocklist, ttl), .fallback = "60",
	 .help = "TTL of zero addresses"},
	{"reload", SODNS_OPT_DURATION, SODNS_FIELD(struct blocklist, reload), .fallback = "10s",
	 .help = "how often the file is looked at, 0s: never"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_ONCE,
					.help = "blocks the names of a file"};

/* Adds a name of the list. Hosts files have names of the host itself, which have no dot. */
static void add(sodns_name_set_t *set, sodns_text_t *t)
{
	uint8_t name[SODNS_NAME_MAX];
	bool below = t->word[0] == '*' && t->word[1] == '.';
	if (sodns_name_from_text(t->word + (below ? 2 : 0), NULL, name) < 0)
		sodns_text_warning(t, "'%s' is no name: it is left out", t->word);
	else if (sodns_name_labels(name) > 1)
		sodns_name_set_add(set, name, below ? SODNS_NAME_BELOW : SODNS_NAME_TREE, 0);
}

static void *parse(void *arg, sodns_text_t *t)
{
	sodns_name_set_t *set = sodns_name_set_new();
	sodns_address_t address;
	(void)arg;
	while (set && sodns_text_line(t)) {
		const char *word = sodns_text_word(t);
		if (!sodns_address_from_text(word, &address))
			word = sodns_text_word(t);
		for (; word; word = sodns_text_word(t))
			add(set, t);
	}
	if (set && !sodns_name_set_freeze(set))
		return set;
	sodns_name_set_free(set);
	return sodns_text_error(t, "no memory for the names");
}

static void published(void *arg, void *object)
{
	const struct blocklist *b = arg;
	size_t count = sodns_name_set_count(object);
	sodns_metric_set(b->entries, (double)count);
	sodns_log(SODNS_LOG_INFO, "blocklist", "%zu names of %s are blocked", count, b->path);
}

static sodns_reply_t *block(const struct blocklist *b, sodns_query_t *q)
{
	static const uint8_t zero[16], blocked[2] = {0, 15}; /* RFC 8914, 4.16 */
	sodns_reply_t *r = sodns_reply(q);
	uint16_t type = sodns_query_type(q);
	sodns_metric_add(b->blocked, 1);
	sodns_reply_add_option(r, 15, blocked, sizeof(blocked));
	if (b->answer == NXDOMAIN)
		sodns_reply_set_rcode(r, SODNS_NXDOMAIN);
	else if (type == SODNS_TYPE_A || type == SODNS_TYPE_AAAA)
		sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), type, b->ttl, zero,
				       type == SODNS_TYPE_A ? 4 : 16);
	return r;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct blocklist *b = h->self;
	const sodns_name_set_t *names = sodns_follow_reach(b->names);
	return sodns_name_set_match(names, sodns_query_name(q), NULL) ? block(b, q)
								      : sodns_next(h, q);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct blocklist *b = self;
	const sodns_follow_options_t o = {.size = sizeof(o),
					  .plugin = "blocklist",
					  .path = b->path,
					  .interval = b->reload,
					  .arg = b,
					  .parse = parse,
					  .release = sodns_name_set_free,
					  .published = published};
	b->names = sodns_follow_new(&o);
	return sodns_follow_prepare(b->names, p);
}

static void start(void *self)
{
	sodns_follow_start(((struct blocklist *)self)->names);
}

static void teardown(void *self)
{
	sodns_follow_free(((struct blocklist *)self)->names);
}

static int setup(sodns_setup_t *s)
{
	static const sodns_family_t blocked = {.name = "blocklist_blocked_total",
					       .help = "Queries for names of the list."};
	static const sodns_family_t entries = {
		.name = "blocklist_entries", .help = "Names of the list.", .kind = SODNS_GAUGE};
	struct blocklist *b = sodns_setup_alloc(s, sizeof(*b));
	b->blocked = sodns_metric(&blocked, NULL);
	b->entries = sodns_metric(&entries, NULL);
	if (sodns_setup_read_all(s, b))
		return SODNS_EINVAL;
	return sodns_add_handler(s, b);
}

SODNS_PLUGIN(.name = "blocklist", .version = "0.1", .setup = setup, .options = &options,
	     .serve_dns = serve, .prepare = prepare, .start = start, .teardown = teardown);
