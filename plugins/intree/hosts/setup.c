/*
 * The directive.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodns/file.h>

#include "hosts.h"

#define TTL_DEFAULT 3600
#define RELOAD_DEFAULT 5000000000u

static int read_ttl(sodns_setup_t *s, struct hosts *h)
{
	const char *text = sodns_setup_arg(s);
	char *end;
	if (!text)
		return sodns_error(s, "ttl needs a time in second");
	long ttl = strtol(text, &end, 10);
	if (!*text || *end)
		return sodns_error(s, "ttl needs a number of second: '%s'", text);
	if (ttl <= 0 || ttl > 65535)
		return sodns_error(s, "ttl provided is invalid: %s is not in range [1, 65535]",
				   text);
	h->ttl = (uint32_t)ttl;
	return SODNS_OK;
}

static int read_reload(sodns_setup_t *s, struct hosts *h)
{
	size_t count;
	int64_t ns;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1)
		return sodns_error(s, "reload needs a duration (zero seconds to disable)");
	if (sodns_duration_from_text(args[0], &ns))
		return sodns_error(s, "invalid duration for reload '%s'", args[0]);
	if (ns < 0)
		return sodns_error(s, "invalid negative duration for reload '%s'", args[0]);
	h->reload = (uint64_t)ns;
	return SODNS_OK;
}

static void append(struct hosts *h, const char *word, char separator)
{
	size_t n = strlen(word);
	char *more = realloc(h->text, h->text_len + n + 2);
	if (!more)
		abort();
	memcpy(more + h->text_len, word, n);
	more[h->text_len + n] = separator;
	h->text = more;
	h->text_len += n + 1;
}

/* Whatever is no property is an entry, up to the fallthrough. */
/* CoreDNS passes such a line over in silence. */
static void warn_of_line(sodns_setup_t *s, const char *word)
{
	sodns_address_t a;
	char copy[SODNS_ADDRESS_TEXT_MAX * 2];
	int n = snprintf(copy, sizeof(copy), "%s", word);
	if (n < 0 || (size_t)n >= sizeof(copy) || !hosts_read_address(copy, &a))
		sodns_warning(s,
			      "'%s' is neither a property nor an IP address: the line is left out",
			      word);
}

static int read_line(sodns_setup_t *s, struct hosts *h)
{
	const char *word = sodns_setup_value(s);
	size_t count;
	if (!strcmp(word, "fallthrough"))
		return sodns_setup_fallthrough(s, &h->fallthrough);
	if (!strcmp(word, "ttl"))
		return read_ttl(s, h);
	if (!strcmp(word, "reload"))
		return read_reload(s, h);
	if (!strcmp(word, "fallthrough_unsupported")) {
		h->fallthrough_unsupported = true;
		return sodns_setup_arg(s) ? sodns_error_args(s) : SODNS_OK;
	}
	if (!strcmp(word, "no_reverse")) {
		h->no_reverse = true;
		return SODNS_OK;
	}
	if (h->fallthrough.set)
		return sodns_error_property(s);
	warn_of_line(s, word);
	append(h, word, ' ');
	const char *const *args = sodns_setup_args(s, &count);
	for (size_t i = 0; i < count; i++)
		append(h, args[i], ' ');
	append(h, "", '\n');
	return SODNS_OK;
}

static int read_path(sodns_setup_t *s, struct hosts *h)
{
	const char *path = sodns_setup_arg(s);
	struct stat st;
	char place[1024];
	if (!path)
		return SODNS_OK;
	h->path = sodns_setup_path(s, path);
	if (stat(h->path, &st) && errno != ENOENT)
		return sodns_error(s, "unable to access hosts file '%s': %s%s", h->path,
				   strerror(errno),
				   sodns_file_place(h->path, place, sizeof(place)));
	if (stat(h->path, &st))
		sodns_log(SODNS_LOG_WARNING, "hosts", "File does not exist: %s%s", h->path,
			  sodns_file_place(h->path, place, sizeof(place)));
	else if (S_ISDIR(st.st_mode))
		sodns_log(SODNS_LOG_WARNING, "hosts", "Hosts file \"%s\" is a directory", h->path);
	return SODNS_OK;
}

static void make_metrics(struct hosts *h)
{
	static const char *const labels[] = {"hostsfile", NULL};
	static const sodns_family_t entries = {
		.name = "coredns_hosts_entries",
		.help = "The combined number of entries in hosts and Corefile.",
		.kind = SODNS_GAUGE,
		.labels = labels,
	};
	static const sodns_family_t reloaded = {
		.name = "coredns_hosts_reload_timestamp_seconds",
		.help = "The timestamp of the last reload of hosts file.",
		.kind = SODNS_GAUGE,
	};
	h->entries = sodns_metric(&entries, &h->path);
	h->reloaded = sodns_metric(&reloaded, NULL);
}

static int read_directive(sodns_setup_t *s, struct hosts *h)
{
	for (unsigned i = 0; sodns_setup_next(s); i++) {
		if (i)
			return sodns_error(s, "this plugin can only be used once per Server Block");
		int rc = read_path(s, h);
		h->zones = rc ? NULL : sodns_setup_zone_args(s, &h->zone_count);
		if (!h->zones)
			return SODNS_EINVAL;
		while (sodns_setup_block(s)) {
			rc = read_line(s, h);
			if (rc)
				return rc;
		}
	}
	if (h->fallthrough_unsupported && !h->fallthrough.set)
		return sodns_error(s, "fallthrough_unsupported requires fallthrough");
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct hosts *h = sodns_setup_alloc(s, sizeof(*h));
	h->path = "/etc/hosts";
	h->ttl = TTL_DEFAULT;
	h->reload = RELOAD_DEFAULT;
	int rc = read_directive(s, h);
	if (!rc && h->text) {
		h->lines = table_new();
		sodns_text_t lines = {0};
		sodns_text_begin(&lines, h->text, h->text_len);
		hosts_parse(h, h->lines, &lines);
	}
	free(h->text);
	h->text = NULL;
	if (rc)
		return rc;
	make_metrics(h);
	return sodns_add_handler(s, h);
}

SODNS_PLUGIN(.name = "hosts", .version = SODNS_SDK_VERSION, .setup = setup,
	     .serve_dns = hosts_serve, .prepare = hosts_prepare, .start = hosts_start,
	     .teardown = hosts_teardown);
