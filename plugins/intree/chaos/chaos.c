/*
 * chaos: version.bind, authors.bind and their like, in class CH.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/random.h>

#define TEXT_MAX 255

struct text {
	uint8_t len;
	const char *at;
};

struct chaos {
	struct text version, host;
	struct text *authors;
	size_t author_count;
	const char *version_text, **names; /* as they are written */
	size_t name_count;
};

enum { ZONE_NONE, ZONE_VERSION, ZONE_AUTHORS, ZONE_HOST };
static const struct {
	uint8_t name[16];
	int what;
} zones[] = {
	{"\x07version\x04"
	 "bind",
	 ZONE_VERSION},
	{"\x07version\x06server", ZONE_VERSION},
	{"\x07"
	 "authors\x04"
	 "bind",
	 ZONE_AUTHORS},
	{"\x08hostname\x04"
	 "bind",
	 ZONE_HOST},
	{"\x02id\x06server", ZONE_HOST},
};

static int asked(const sodns_query_t *q)
{
	if (sodns_query_class(q) != SODNS_CLASS_CH || sodns_query_type(q) != SODNS_TYPE_TXT)
		return ZONE_NONE;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (sodns_name_equal(sodns_query_name(q), zones[i].name))
			return zones[i].what;
	return ZONE_NONE;
}

static void add(sodns_query_t *q, sodns_reply_t *r, const struct text *t)
{
	uint8_t *data = sodns_alloc(q, t->len + 3u);
	data[0] = (uint8_t)((t->len + 1) >> 8);
	data[1] = (uint8_t)(t->len + 1);
	data[2] = t->len;
	memcpy(data + 3, t->at, t->len);
	const sodns_rrset_t set = {.owner = sodns_query_original_name(q),
				   .type = SODNS_TYPE_TXT,
				   .rclass = SODNS_CLASS_CH,
				   .count = 1,
				   .data = data,
				   .data_len = t->len + 3u};
	sodns_reply_add(r, SODNS_ANSWER, &set);
}

/* In an order of chance: no author shall feel to be the last. */
static void add_authors(sodns_query_t *q, sodns_reply_t *r, const struct chaos *c)
{
	size_t n = c->author_count, *order = sodns_alloc(q, n * sizeof(*order) + 1);
	for (size_t i = 0; i < n; i++) {
		size_t k = sodns_random_below((uint32_t)i + 1);
		order[i] = order[k];
		order[k] = i;
	}
	for (size_t i = 0; i < n; i++)
		add(q, r, &c->authors[order[i]]);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct chaos *c = h->self;
	int what = asked(q);
	if (what == ZONE_NONE)
		return sodns_next(h, q);
	sodns_reply_t *r = sodns_reply(q);
	if (what == ZONE_AUTHORS)
		add_authors(q, r, c);
	else
		add(q, r, what == ZONE_VERSION ? &c->version : &c->host);
	return r;
}

static struct text text_of(const char *at)
{
	size_t n = strlen(at);
	return (struct text){.len = (uint8_t)(n < TEXT_MAX ? n : TEXT_MAX), .at = at};
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct text *)a)->at, ((const struct text *)b)->at);
}

/* Each author once. */
static void set_authors(sodns_setup_t *s, struct chaos *c)
{
	size_t count = c->name_count;
	c->authors = sodns_setup_alloc(s, count * sizeof(*c->authors));
	for (size_t i = 0; i < count; i++)
		c->authors[i] = text_of(c->names[i]);
	qsort(c->authors, count, sizeof(*c->authors), by_text);
	for (size_t i = 0; i < count; i++)
		if (!i || by_text(&c->authors[i], &c->authors[c->author_count - 1]))
			c->authors[c->author_count++] = c->authors[i];
}

static const sodns_option_t args[] = {
	{"VERSION", SODNS_OPT_TEXT, SODNS_FIELD(struct chaos, version_text),
	 .flags = SODNS_OPT_OPTIONAL, .otherwise = "the first line of sodns -version",
	 .help = "what version.bind is"},
	{"AUTHORS", SODNS_OPT_TEXT, SODNS_LIST(struct chaos, names, name_count),
	 .bare = "the sodns authors", .help = "what authors.bind are"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.repeats = SODNS_FIRST,
					.says.block = "unknown property '{}'",
					.help = "answers version.bind and its like"};

static int setup(sodns_setup_t *s)
{
	struct chaos *c = sodns_setup_alloc(s, sizeof(*c));
	char *host = sodns_setup_alloc(s, 256);
	if (gethostname(host, 255))
		strcpy(host, "localhost");
	c->host = text_of(host);
	if (sodns_setup_read_all(s, c))
		return SODNS_EINVAL;
	c->version = text_of(c->version_text ? c->version_text : "sodns-" SODNS_SDK_VERSION);
	set_authors(s, c);
	return sodns_add_handler(s, c);
}

static const void *ability(void *self, const char *id)
{
	(void)self;
	return strcmp(id, SODNS_ABILITY_CLASS) ? NULL : "";
}

SODNS_PLUGIN(.name = "chaos", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve, .ability = ability);
