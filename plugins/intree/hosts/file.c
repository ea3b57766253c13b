/*
 * The hosts file, followed: read at the start, and again when it has changed.
 */
#include "hosts.h"

#define FILE_MAX (1u << 30)

static void *parse(void *arg, sodns_text_t *text)
{
	struct table *t = table_new();
	hosts_parse(arg, t, text);
	return t;
}

static void published(void *arg, void *object)
{
	const struct hosts *h = arg;
	const struct table *t = object;
	size_t lines = h->lines ? h->lines->entries : 0;
	sodns_metric_set(h->entries, (double)(t->entries + lines));
	sodns_metric_set(h->reloaded, (double)sodns_follow_mark(h->file)->modified / 1e9);
	sodns_log(SODNS_LOG_DEBUG, "hosts", "Parsed hosts file into %zu entries", t->entries);
}

/* A file that can't be read is no reason not to start: setup has told of one that is not there. */
int hosts_prepare(void *self, sodns_prepare_t *p)
{
	struct hosts *h = self;
	const sodns_follow_options_t o = {
		.size = sizeof(o),
		.optional = true,
		.plugin = "hosts",
		.path = h->path,
		.interval = h->reload,
		.max = FILE_MAX,
		.arg = h,
		.parse = parse,
		.release = table_free,
		.published = published,
	};
	char err[1024];
	(void)p;
	h->file = sodns_follow_new(&o);
	sodns_follow_load(h->file, err, sizeof(err));
	return SODNS_OK;
}

void hosts_start(void *self)
{
	sodns_follow_start(((struct hosts *)self)->file);
}

void hosts_teardown(void *self)
{
	struct hosts *h = self;
	sodns_follow_free(h->file);
	table_free(h->lines);
}
