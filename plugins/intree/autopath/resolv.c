/*
 * The search list of a resolv.conf.
 */
#include <string.h>

#include "autopath.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word of the line, or NULL; *len is set. */
static const char *word(const char **at, const char *end, size_t *len)
{
	while (*at < end && is_blank(**at))
		++*at;
	const char *begin = *at;
	while (*at < end && !is_blank(**at))
		++*at;
	*len = (size_t)(*at - begin);
	return *len ? begin : NULL;
}

static int add(struct search *out, const char *text, size_t len)
{
	char copy[SODNS_NAME_TEXT_MAX];
	if (len >= sizeof(copy) || memchr(text, 0, len))
		return SODNS_EINVAL;
	if (out->count == SEARCH_MAX)
		return SODNS_OK;
	memcpy(copy, text, len);
	copy[len] = 0;
	uint8_t *name = out->name[out->count];
	if (sodns_name_from_text(copy, NULL, name) < 0)
		return SODNS_EINVAL;
	sodns_name_lower(name, name);
	out->count++;
	return SODNS_OK;
}

static int read_line(const char *at, const char *end, struct search *out)
{
	size_t len;
	const char *key = word(&at, end, &len), *w;
	bool domain = key && len == 6 && !memcmp(key, "domain", 6);
	if (!domain && !(key && len == 6 && !memcmp(key, "search", 6)))
		return SODNS_OK;
	out->count = 0;
	while ((w = word(&at, end, &len))) {
		int rc = add(out, w, len);
		if (rc)
			return rc;
		if (domain)
			break;
	}
	return SODNS_OK;
}

int resolv_read(const char *text, size_t len, struct search *out)
{
	const char *end = text + len;
	out->count = 0;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		int rc = read_line(text, stop, out);
		if (rc)
			return rc;
		text = newline ? newline + 1 : end;
	}
	return SODNS_OK;
}
