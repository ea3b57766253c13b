/*
 * The weight file, followed: read at the start, and again when it has changed.
 */
#include "loadbalance.h"

static void *parse(void *arg, sodns_text_t *t)
{
	(void)arg;
	return weights_parse(t->bytes, t->length, t->path, t->error, t->error_size);
}

static void published(void *arg, void *object)
{
	const struct loadbalance *l = arg;
	(void)object;
	sodns_log(SODNS_LOG_INFO, "loadbalance", "Successfully reloaded weight file %s", l->path);
}

static int read_first(const struct loadbalance *l, sodns_prepare_t *p)
{
	char err[1500], interval[40];
	int rc = sodns_follow_load(l->weights, err, sizeof(err));
	if (rc >= 0)
		return SODNS_OK;
	if (rc == SODNS_EINVAL)
		return sodns_prepare_error(p, "%s", err);
	if (!l->reload)
		return sodns_prepare_error(p, "weight file open error: %s", l->path);
	sodns_duration_to_text((int64_t)l->reload, interval);
	sodns_log(SODNS_LOG_WARNING, "loadbalance",
		  "Failed to open weight file:%s. Will try again in %s", l->path, interval);
	return SODNS_OK;
}

int loadbalance_prepare(void *self, sodns_prepare_t *p)
{
	struct loadbalance *l = self;
	const sodns_follow_options_t o = {
		.size = sizeof(o),
		.optional = true,
		.plugin = "loadbalance",
		.path = l->path,
		.interval = l->reload,
		.arg = l,
		.parse = parse,
		.release = weights_free,
		.published = published,
	};
	if (!l->weighted)
		return SODNS_OK;
	l->weights = sodns_follow_new(&o);
	return read_first(l, p);
}

void loadbalance_start(void *self)
{
	struct loadbalance *l = self;
	if (l->weights)
		sodns_follow_start(l->weights);
}

void loadbalance_teardown(void *self)
{
	sodns_follow_free(((struct loadbalance *)self)->weights);
}
