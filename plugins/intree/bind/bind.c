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
	const char **more = sodns_setup_alloc(l->setup, (l->count + 1) * sizeof(*more));
	char *copy = sodns_setup_alloc(l->setup, strlen(text) + 1);
	if (l->count)
		memcpy(more, l->texts, l->count * sizeof(*more));
	strcpy(copy, text);
	more[l->count++] = copy;
	l->texts = more;
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

static int resolve(sodns_setup_t *s, const char *const *words, size_t count, struct list *out)
{
	*out = (struct list){.setup = s};
	for (size_t i = 0; i < count; i++) {
		if (interface_addresses(words[i], append, out))
			continue;
		if (!is_address(words[i]))
			return sodns_error(s, "not a valid IP address or interface name: \"%s\"",
					   words[i]);
		append(out, words[i]);
	}
	return 0;
}

static bool has(const struct list *l, const char *text)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->texts[i], text))
			return true;
	return false;
}

static int parse(sodns_setup_t *s)
{
	struct list all, except = {0};
	size_t count;
	const char *const *words = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error(s, "at least one address or interface name is expected");
	if (resolve(s, words, count, &all))
		return -1;
	while (sodns_setup_block(s)) {
		if (strcmp(sodns_setup_value(s), "except"))
			return sodns_error(s, "invalid option \"%s\"", sodns_setup_value(s));
		words = sodns_setup_args(s, &count);
		if (!count)
			return sodns_error(s, "at least one address or interface must be given to "
					      "except subdirective");
		if (resolve(s, words, count, &except))
			return -1;
	}
	for (size_t i = 0; i < all.count; i++)
		if (!has(&except, all.texts[i]) && sodns_server_bind(s, all.texts[i]))
			return -1;
	return 0;
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s))
		if (parse(s))
			return -1;
	return 0;
}

SODNS_PLUGIN(.name = "bind", .version = SODNS_SDK_VERSION, .setup = setup);
