/*
 * reload: looks now and then whether the Corefile, a file that it imports, plugin.cfg or a plugin's
 * .so has changed on disk, and asks the host to read everything again.
 */
#include <string.h>
#include <sys/random.h>

#include <sodns/ability.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/server.h>
#include <sodns/wait.h>

#define INTERVAL_MIN (2 * (int64_t)SODNS_SECOND)
#define JITTER_MIN (1 * (int64_t)SODNS_SECOND)

/* What is wrong for long is told once in so long. */
#define TELL_AGAIN (600 * SODNS_SECOND)
/* A file that is being written is looked at again until it stays as it is. */
#define SETTLE (200 * SODNS_MS)

struct reload {
	uint64_t pause;
	bool looks;
	const char *hash; /* of the configuration that this is a part of */
	sodns_metric_t *info;
	sodns_service_t *service;
};

static const sodns_family_t failed_family = {
	.name = "coredns_reload_failed_total",
	.help = "Counter of the number of failed reload attempts."};
static const sodns_family_t last_family = {
	.name = "sodns_reload_last_successful",
	.help = "Whether the configuration that was wanted last is the one that runs.",
	.kind = SODNS_GAUGE};
static const char *const info_labels[] = {"hash", "value", NULL};
static const sodns_family_t info_family = {
	.name = "coredns_reload_version_info",
	.help = "A metric with a constant '1' value labeled by hash, and value which "
		"type of hash generated.",
	.kind = SODNS_GAUGE,
	.labels = info_labels};

static void on_failed(const char *why)
{
	sodns_log(SODNS_LOG_ERROR, "reload", "Corefile changed but reload failed: %s", why);
}

struct look {
	char hex[129];
	char err[512];
	bool ok;
};

static void look(void *work)
{
	struct look *l = work;
	l->ok = sodns_host_fingerprint(l->hex, l->err, sizeof(l->err));
}

/* What is on disk now, as soon as two looks agree. False: it can't be said this time. */
static bool look_until_settled(const struct reload *r, struct look *now)
{
	struct look before;
	if (sodns_blocking(look, now, sizeof(*now), NULL))
		return false;
	while (now->ok && strcmp(now->hex, r->hash)) {
		before = *now;
		if (!sodns_service_sleep(SETTLE) || sodns_blocking(look, now, sizeof(*now), NULL))
			return false;
		if (!strcmp(before.hex, now->hex))
			break;
	}
	if (!now->ok)
		sodns_log_once(SODNS_LOG_WARNING, "reload", now->err, TELL_AGAIN,
			       "%s: the configuration stays as it is", now->err);
	return now->ok;
}

static void watch(void *arg)
{
	const struct reload *r = arg;
	struct look now;
	char refused[129] = "";
	sodns_log(SODNS_LOG_INFO, "reload", "Running configuration SHA512 = %s", r->hash);
	while (sodns_service_sleep(r->pause)) {
		if (!look_until_settled(r, &now))
			continue;
		bool running = !strcmp(now.hex, r->hash);
		if (!running && strcmp(now.hex, refused))
			sodns_host_reload(on_failed);
		/* What was refused has been taken back. */
		if (running && *refused)
			sodns_metric_set(sodns_metric(&last_family, NULL), 1);
		/* What does not build is not tried again before it changes again. */
		memcpy(refused, running ? "" : now.hex, running ? 1 : sizeof(refused));
	}
}

static void note_last(void *arg, const sodns_instance_t *i)
{
	if (!strcmp(i->plugin, "reload"))
		*(void **)arg = i->self;
}

/* One of a configuration looks: the last one, as with CoreDNS. */
static int prepare(void *self, sodns_prepare_t *p)
{
	struct reload *r = self;
	void *last = NULL;
	sodns_prepare_each(p, SODNS_ALL_BLOCKS, NULL, note_last, &last);
	r->looks = last == r;
	r->hash = sodns_prepare_fingerprint(p);
	return r->hash ? SODNS_OK : SODNS_EIO;
}

static void start(void *self)
{
	struct reload *r = self;
	const char *const values[] = {"sha512", r->hash};
	if (!r->looks)
		return;
	r->info = sodns_metric_own(&info_family, values);
	sodns_metric_set(r->info, 1);
	r->service = sodns_service_start("reload", watch, r);
}

static void stop(void *self)
{
	struct reload *r = self;
	sodns_metric_drop(r->info);
	r->info = NULL;
}

static void teardown(void *self)
{
	struct reload *r = self;
	sodns_service_stop(r->service);
	sodns_metric_drop(r->info);
}

/* As it is written. */
struct wish {
	int64_t interval, jitter;
};

#define JITTER_SAYS "jitter value must be 0 or greater or equal to 1s"

static int check_jitter(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	const struct wish *w = to;
	(void)o;
	(void)word;
	return w->jitter && w->jitter < JITTER_MIN ? sodns_error(s, JITTER_SAYS) : SODNS_OK;
}

static const sodns_option_t args[] = {
	{"INTERVAL", SODNS_OPT_DURATION, SODNS_FIELD(struct wish, interval), .min = INTERVAL_MIN,
	 .flags = SODNS_OPT_OPTIONAL, .fallback = "30s", .help = "between two looks",
	 .says.low = "interval value must be greater or equal to 2s"},
	{"JITTER", SODNS_OPT_DURATION, SODNS_FIELD(struct wish, jitter),
	 .flags = SODNS_OPT_OPTIONAL, .fallback = "15s", .check = check_jitter,
	 .help = "how much the interval varies", .says.low = JITTER_SAYS},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.repeats = SODNS_FIRST,
					.help = "looks whether the Corefile has changed"};

/* interval ± jitter/2, so that a fleet does not reload at the same moment. */
static int64_t spread(int64_t interval, int64_t jitter)
{
	uint64_t random = 0;
	if (jitter > interval / 2)
		jitter = interval / 2;
	if (jitter <= 0 || getrandom(&random, sizeof(random), 0) < 0)
		return interval;
	return interval + (int64_t)(random % (uint64_t)jitter) - jitter / 2;
}

static int setup(sodns_setup_t *s)
{
	struct wish w = {0};
	if (sodns_setup_read_all(s, &w))
		return SODNS_EINVAL;
	struct reload *r = sodns_setup_alloc(s, sizeof(*r));
	r->pause = (uint64_t)spread(w.interval, w.jitter);
	sodns_metric(&failed_family,
		     NULL); /* shows 0 from the start on: alerts want to see it grow */
	return sodns_add_instance(s, r);
}

SODNS_PLUGIN(.name = "reload", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .prepare = prepare, .start = start, .stop = stop, .teardown = teardown);
