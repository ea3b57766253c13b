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

#define HOSTS_FILE "/etc/hosts"

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

/* Whatever is no property is an entry, up to the fallthrough. */
static int read_entry(sodns_setup_t *s, void *to)
{
	struct hosts *h = to;
	const char *word = sodns_setup_value(s);
	if (h->fallthrough.set)
		return sodns_error_property(s);
	warn_of_line(s, word);
	do
		append(h, word, ' ');
	while ((word = sodns_setup_arg(s)));
	append(h, "", '\n');
	return SODNS_OK;
}

static int look_at_file(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	const struct hosts *h = to;
	struct stat st;
	char place[1024];
	(void)o;
	(void)word;
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

static const sodns_option_t args[] = {
	{"FILE", SODNS_OPT_PATH, SODNS_FIELD(struct hosts, path), .flags = SODNS_OPT_OPTIONAL,
	 .otherwise = HOSTS_FILE, .check = look_at_file},
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct hosts, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "that are answered for"},
};
static const char reload_wants[] = "reload needs a duration (zero seconds to disable)";
static const sodns_option_t properties[] = {
	{"ttl", SODNS_OPT_SECONDS, SODNS_FIELD(struct hosts, ttl), .min = 1, .max = 65535,
	 .fallback = "3600", .flags = SODNS_OPT_LEAVES_MORE, .help = "TTL of the answers",
	 .says = {.missing = "ttl needs a time in second",
		  .bad = "ttl needs a number of second: '{}'",
		  .low = "ttl provided is invalid: {} is not {range}"}},
	{"no_reverse", SODNS_OPT_FLAG, SODNS_FIELD(struct hosts, no_reverse),
	 .flags = SODNS_OPT_LEAVES_MORE, .help = "makes no PTR records"},
	{"reload", SODNS_OPT_DURATION, SODNS_FIELD(struct hosts, reload), .fallback = "5s",
	 .help = "how often the file is looked at, 0s: never",
	 .says = {.missing = reload_wants,
		  .extra = reload_wants,
		  .bad = "invalid duration for reload '{}'",
		  .low = "invalid negative duration for reload '{}'"}},
	{"fallthrough", SODNS_OPT_FALLTHROUGH, SODNS_FIELD(struct hosts, fallthrough),
	 .help = "passes names that are not known on"},
	{"fallthrough_unsupported", SODNS_OPT_FLAG,
	 SODNS_FIELD(struct hosts, fallthrough_unsupported),
	 .help = "passes other types than A, AAAA and PTR on"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_ONCE,
	.other = read_entry,
	.other_form = "[INLINE]",
	.help = "answers from a hosts file and from entries in the Corefile",
};

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
	if (sodns_setup_read_all(s, h))
		return SODNS_EINVAL;
	/* No file that is told to the sandbox: that would open its folder, /etc. */
	h->path = h->path ? h->path : HOSTS_FILE;
	return h->fallthrough_unsupported && !h->fallthrough.set
		       ? sodns_error(s, "fallthrough_unsupported requires fallthrough")
		       : SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct hosts *h = sodns_setup_alloc(s, sizeof(*h));
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

SODNS_PLUGIN(.name = "hosts", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = hosts_serve, .prepare = hosts_prepare, .start = hosts_start,
	     .teardown = hosts_teardown);
