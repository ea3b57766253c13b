/*
 * The directive: log [NAMES...] [FORMAT] { class CLASSES... json [LABELS...] }
 */
#include <string.h>

#include "log.h"

/* The format with {common} and {combined} written out. */
static const char *expand(sodns_setup_t *s, const char *format)
{
	static const struct {
		const char *name, *text;
	} words[] = {{"{common}", COMMON_FORMAT}, {"{combined}", COMBINED_FORMAT}};
	for (size_t i = 0; i < 2; i++) {
		const char *at;
		while ((at = strstr(format, words[i].name))) {
			size_t before = (size_t)(at - format), n = strlen(words[i].text);
			const char *rest = at + strlen(words[i].name);
			char *out = sodns_setup_alloc(s, before + n + strlen(rest) + 1);
			memcpy(out, format, before);
			memcpy(out + before, words[i].text, n);
			strcpy(out + before + n, rest);
			format = out;
		}
	}
	return format;
}

/* What a directive says beside its names. */
struct wish {
	unsigned classes;
	bool json;
	const char *format; /* NULL: none was given */
	const char *labels; /* of `json`, as a format */
};

static int read_classes(sodns_setup_t *s, struct wish *w)
{
	const char *word;
	size_t n = 0;
	for (; (word = sodns_setup_arg(s)); n++) {
		enum class c = class_from_text(word);
		if (!c)
			return sodns_error(s, "invalid Class: %s (success, denial, error or all)",
					   word);
		w->classes |= c;
	}
	return n ? 0 : sodns_error_args(s);
}

static const char *joined(sodns_setup_t *s, const char *a, const char *b)
{
	char *out = sodns_setup_alloc(s, strlen(a) + strlen(b) + 1);
	return strcat(strcpy(out, a), b);
}

static int read_json(sodns_setup_t *s, struct wish *w)
{
	const char *word;
	w->json = true;
	while ((word = sodns_setup_arg(s))) {
		if (!strchr(word, '/') || strpbrk(word, "{}"))
			return sodns_error(s, "not a metadata label: '%s'", word);
		w->labels = joined(s, joined(s, w->labels, "{/"), joined(s, word, "}"));
	}
	return 0;
}

static int read_block(sodns_setup_t *s, struct wish *w)
{
	while (sodns_setup_block(s)) {
		const char *property = sodns_setup_value(s);
		int rc = !strcmp(property, "class")  ? read_classes(s, w)
			 : !strcmp(property, "json") ? read_json(s, w)
						     : sodns_error_property(s);
		if (rc)
			return rc;
	}
	if (!w->classes)
		w->classes = CLASS_ALL;
	return 0;
}

/* Where the whole log is JSON these lines are too, but for who wrote a format for them. */
static void compile(sodns_setup_t *s, const struct wish *w, struct rule *out)
{
	const char *format = w->format;
	out->classes = w->classes;
	if (w->json || (!format && sodns_log_json()))
		object_compile(s, joined(s, format ? format : OBJECT_FORMAT, w->labels), out);
	else
		format_compile(s, format ? format : COMMON_FORMAT, out);
}

static const uint8_t *scope_of(sodns_setup_t *s, const char *text)
{
	uint8_t name[SODNS_NAME_MAX];
	int len = sodns_name_from_text(text, NULL, name);
	if (len < 0) {
		sodns_error(s, "not a domain name: '%s'", text);
		return NULL;
	}
	uint8_t *out = sodns_setup_alloc(s, (size_t)len);
	sodns_name_lower(name, out);
	return out;
}

static int read_directive(sodns_setup_t *s, struct log *l)
{
	static const char *const everything[] = {"."};
	size_t n;
	const char *const *args = sodns_setup_args(s, &n);
	struct wish w = {.labels = ""};
	if (n > 1 && strchr(args[n - 1], '{'))
		w.format = expand(s, args[--n]);
	if (!n)
		args = everything;
	n = n ? n : 1;
	struct rule *rules = sodns_setup_alloc(s, (l->count + n) * sizeof(*rules));
	if (l->count)
		memcpy(rules, l->rules, l->count * sizeof(*rules));
	for (size_t i = 0; i < n; i++) {
		rules[l->count + i].scope = scope_of(s, args[i]);
		if (!rules[l->count + i].scope)
			return -1;
	}
	if (read_block(s, &w))
		return -1;
	for (size_t i = 0; i < n; i++)
		compile(s, &w, &rules[l->count + i]);
	l->rules = rules;
	l->count += n;
	return 0;
}

static int setup(sodns_setup_t *s)
{
	struct log *l = sodns_setup_alloc(s, sizeof(*l));
	while (sodns_setup_next(s))
		if (read_directive(s, l))
			return -1;
	return sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "log", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = log_serve);
