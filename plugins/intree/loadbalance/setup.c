/*
 * The directive, and reading the weight file again when it has changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadbalance.h"

#define RELOAD_DEFAULT 30000000000u
#define FILE_MAX (64u << 20)

static int read_prefer(sodns_setup_t *s, struct loadbalance *l)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	sodns_prefix_t *all = sodns_setup_alloc(s, (l->prefer_count + count) * sizeof(*all));
	if (l->prefer_count)
		memcpy(all, l->prefer, l->prefer_count * sizeof(*all));
	l->prefer = all;
	for (size_t i = 0; i < count; i++) {
		if (!strchr(args[i], '/') || sodns_prefix_from_text(args[i], &all[l->prefer_count]))
			return sodns_error(s, "invalid CIDR \"%s\": invalid CIDR address: %s",
					   args[i], args[i]);
		l->prefer_count++;
	}
	return SODNS_OK;
}

static int read_reload(sodns_setup_t *s, struct loadbalance *l)
{
	size_t count;
	int64_t ns;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error(s, "reload duration value is missing");
	if (count > 1)
		return sodns_error(s, "unexpected argument");
	if (sodns_duration_from_text(args[0], &ns))
		return sodns_error(s, "invalid reload duration '%s'", args[0]);
	if (ns < 0)
		return sodns_error(s, "reload duration must not be negative: '%s'", args[0]);
	l->reload = (uint64_t)ns;
	return SODNS_OK;
}

static int read_policy(sodns_setup_t *s, struct loadbalance *l)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	l->weighted = count && !strcmp(args[0], "weighted");
	if (l->weighted) {
		if (count < 2)
			return sodns_error(s, "missing weight file argument");
		if (count > 2)
			return sodns_error(s, "unexpected argument(s)");
		l->path = sodns_setup_path(s, args[1]);
		return SODNS_OK;
	}
	if (count && strcmp(args[0], "round_robin"))
		return sodns_error(s, "unknown policy: %s", args[0]);
	if (count > 1)
		return sodns_error(s, "unknown property for %s", args[0]);
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct loadbalance *l = sodns_setup_alloc(s, sizeof(*l));
	l->reload = RELOAD_DEFAULT;
	while (sodns_setup_next(s)) {
		int rc = read_policy(s, l);
		while (!rc && sodns_setup_block(s)) {
			const char *property = sodns_setup_value(s);
			if (!l->weighted && !strcmp(property, "prefer"))
				rc = read_prefer(s, l);
			else if (l->weighted && !strcmp(property, "reload"))
				rc = read_reload(s, l);
			else
				rc = sodns_error_property(s);
		}
		if (rc)
			return rc;
	}
	return sodns_add_handler(s, l);
}

/* The file's text; NULL: it can't be opened. */
static char *read_text(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	*len = 0;
	while (f && !feof(f) && !ferror(f) && *len < FILE_MAX) {
		char *more = realloc(text, room += 65536);
		if (!more)
			abort();
		text = more;
		*len += fread(text + *len, 1, room - *len, f);
	}
	if (f)
		fclose(f);
	return text;
}

/* SODNS_ENOENT: no file; SODNS_EINVAL: a bad one, of which err tells. */
static int update(struct loadbalance *l, char *err, size_t err_size)
{
	size_t len;
	char *text = read_text(l->path, &len);
	if (!text)
		return SODNS_ENOENT;
	if (l->text && len == l->text_len && !memcmp(text, l->text, len)) {
		free(text);
		return SODNS_OK;
	}
	struct weights *w = weights_parse(text, len, l->path, err, err_size);
	free(l->text);
	l->text = text;
	l->text_len = len;
	if (!w)
		return SODNS_EINVAL;
	sodns_retire(sodns_publish(&l->weights, w), weights_free);
	sodns_log(SODNS_LOG_INFO, "loadbalance", "Successfully reloaded weight file %s", l->path);
	return SODNS_OK;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct loadbalance *l = self;
	char err[1500], interval[40];
	int rc = l->weighted ? update(l, err, sizeof(err)) : SODNS_OK;
	if (rc == SODNS_EINVAL)
		return sodns_prepare_error(p, "%s", err);
	if (rc == SODNS_ENOENT && !l->reload)
		return sodns_prepare_error(p, "weight file open error: %s", l->path);
	if (rc == SODNS_ENOENT) {
		sodns_duration_to_text((int64_t)l->reload, interval);
		sodns_log(SODNS_LOG_WARNING, "loadbalance",
			  "Failed to open weight file:%s. Will try again in %s", l->path, interval);
	}
	return SODNS_OK;
}

static void update_blocking(void *arg)
{
	struct loadbalance *l = *(struct loadbalance **)arg;
	char err[1500];
	int rc = update(l, err, sizeof(err));
	if (rc == SODNS_ENOENT)
		sodns_log(SODNS_LOG_ERROR, "loadbalance", "weight file open error: %s", l->path);
	else if (rc)
		sodns_log(SODNS_LOG_ERROR, "loadbalance", "%s", err);
}

static void watch(void *arg)
{
	struct loadbalance *l = arg;
	uint64_t ms = l->reload / 1000000u;
	while (sodns_service_sleep(ms > UINT32_MAX ? UINT32_MAX : ms ? (uint32_t)ms : 1))
		sodns_blocking(update_blocking, &l, sizeof(l), NULL);
}

static void start(void *self)
{
	struct loadbalance *l = self;
	if (l->weighted && l->reload)
		l->service = sodns_service_start("loadbalance", watch, l);
}

static void teardown(void *self)
{
	struct loadbalance *l = self;
	sodns_service_stop(l->service);
	sodns_retire(sodns_publish(&l->weights, NULL), weights_free);
	free(l->text);
}

SODNS_PLUGIN(.name = "loadbalance", .version = SODNS_SDK_VERSION, .setup = setup,
	     .serve_dns = loadbalance_serve, .prepare = prepare, .start = start,
	     .teardown = teardown);
