/*
 * bind: the addresses that a server block listens on.
 */
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/server.h>

#include "interfaces.h"

/* Texts of addresses, as written or as an interface has them. */
struct list {
	sodns_setup_t *setup;
	const char **texts;
	size_t count;
};

static int append(void *arg, const char *text)
{
	struct list *l = arg;
	char *copy = sodns_setup_alloc(l->setup, strlen(text) + 1);
	strcpy(copy, text);
	*(const char **)sodns_setup_list_add(l->setup, &l->texts, &l->count, sizeof(copy)) = copy;
	return 0;
}

/* An address, with "%zone" behind a link-local one. */
static bool is_address(const char *text)
{
	sodns_address_t a;
	char ip[SODNS_ADDRESS_TEXT_MAX];
	size_t n = strcspn(text, "%");
	if (n >= sizeof(ip))
		return false;
	memcpy(ip, text, n);
	ip[n] = 0;
	return !sodns_address_from_text(ip, &a);
}

static int resolve(sodns_setup_t *s, struct list *l, const char *word)
{
	l->setup = s;
	if (interface_addresses(word, append, l))
		return SODNS_OK;
	if (!is_address(word))
		return sodns_error(s, "not a valid IP address or interface name: \"%s\"", word);
	return append(l, word);
}

/* One `bind`. */
struct binding {
	struct list all, except;
};

static int read_address(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	(void)o;
	return resolve(s, &((struct binding *)to)->all, word);
}

static int read_except(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	(void)o;
	return resolve(s, &((struct binding *)to)->except, word);
}

static const sodns_option_t args[] = {
	{"ADDRESS|IFACE", SODNS_OPT_PARSE, .parse = read_address, .flags = SODNS_OPT_MANY,
	 .help = "where to listen",
	 .says.missing = "at least one address or interface name is expected"},
};
static const sodns_option_t properties[] = {
	{"except", SODNS_OPT_PARSE, .parse = read_except, .flags = SODNS_OPT_MANY,
	 .form = "ADDRESS|IFACE...", .help = "where not to",
	 .says.missing = "at least one address or interface must be given to except subdirective"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_EACH,
					.says.unknown = "invalid option \"{}\"",
					.help = "the addresses that a server block listens on"};

static bool has(const struct list *l, const char *text)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->texts[i], text))
			return true;
	return false;
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s)) {
		struct binding b = {0};
		if (sodns_setup_read(s, &b))
			return SODNS_EINVAL;
		for (size_t i = 0; i < b.all.count; i++)
			if (!has(&b.except, b.all.texts[i]) && sodns_server_bind(s, b.all.texts[i]))
				return SODNS_EINVAL;
	}
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "bind", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options);
