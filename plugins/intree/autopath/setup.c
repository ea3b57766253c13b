/*
 * The directive: a file with the search path, or the plugin that knows it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodns/file.h>

#include "autopath.h"

#define HOST_FILE "/etc/resolv.conf"
#define FILE_MAX 65536u

/* 0, SODNS_EINVAL for bad contents, or SODNS_ENOENT with errno set. */
static int read_file(sodns_setup_t *s, const char *path, struct search *out)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return SODNS_ENOENT;
	char *text = sodns_setup_alloc(s, FILE_MAX);
	size_t len = fread(text, 1, FILE_MAX, f);
	bool failed = ferror(f);
	int why = errno;
	fclose(f);
	errno = why;
	return failed ? SODNS_ENOENT : resolv_read(text, len, out);
}

/* The oracle names no line for these: they are kept until prepare, whose errors have none. */
static int fail(sodns_setup_t *s, struct autopath *a, const char *path, const char *why, int number)
{
	static const char form[] = "failed to parse \"%s\": %s";
	char opened[2048];
	if (number) {
		sodns_file_error(opened, sizeof(opened), "open", path, number);
		why = opened;
	}
	int len = snprintf(NULL, 0, form, path, why);
	char *text = sodns_setup_alloc(s, (size_t)len + 1);
	snprintf(text, (size_t)len + 1, form, path, why);
	a->error = text;
	return SODNS_OK;
}

static int read_source(sodns_setup_t *s, struct autopath *a, const char *source)
{
	a->plugin = *source == '@' ? source + 1 : NULL;
	if (a->plugin) {
		/* Without a host's search path there is only the plugin's. */
		if (read_file(s, HOST_FILE, &a->search))
			a->search.count = 0;
		return SODNS_OK;
	}
	source = sodns_setup_path(s, source);
	int rc = read_file(s, source, &a->search);
	if (rc == SODNS_ENOENT)
		return fail(s, a, source, "", errno);
	return rc ? fail(s, a, source, "a domain of its search list is no name", 0) : SODNS_OK;
}

static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct autopath, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "whose names are looked at"},
	{"RESOLV-CONF|@PLUGIN", SODNS_OPT_TEXT, SODNS_FIELD(struct autopath, source),
	 .help = "where the search path is", .says.missing = "no resolv-conf specified"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.help = "walks a client's search path"};

static int setup(sodns_setup_t *s)
{
	struct autopath *a = sodns_setup_alloc(s, sizeof(*a));
	while (sodns_setup_next(s))
		if (sodns_setup_read(s, a) || read_source(s, a, a->source))
			return SODNS_EINVAL;
	return sodns_add_handler(s, a);
}

struct finding {
	const char *plugin;
	bool there;
	const sodns_autopath_ability_t *ability;
	void *self;
};

static void look(void *arg, const sodns_instance_t *i)
{
	struct finding *f = arg;
	if (!i->in_chain || strcmp(i->plugin, f->plugin) != 0)
		return;
	f->there = true;
	if (i->ability && !f->ability) {
		f->ability = i->ability;
		f->self = i->self;
	}
}

/* A plugin that is not in this block is no error, as with the oracle: there is no search path. */
static int prepare(void *self, sodns_prepare_t *p)
{
	struct autopath *a = self;
	struct finding f = {.plugin = a->plugin};
	if (a->error)
		return sodns_prepare_error(p, "%s", a->error);
	if (!a->plugin)
		return SODNS_OK;
	sodns_prepare_each(p, SODNS_THIS_BLOCK, NULL, look, &f);
	sodns_prepare_each(p, SODNS_THIS_BLOCK, SODNS_ABILITY_AUTOPATH, look, &f);
	if (f.there && !f.ability)
		return sodns_prepare_error(p, "%s does not implement the AutoPather interface",
					   a->plugin);
	a->ability = f.ability;
	a->provider = f.self;
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "autopath", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = autopath_serve, .prepare = prepare);
