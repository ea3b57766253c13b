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

/* What a directive says. */
struct wish {
	const uint8_t **scopes;
	size_t scope_count;
	unsigned classes;
	bool json;
	const char *format; /* NULL: none was given */
	const char *labels; /* of `json`, as a format */
};

static int read_class(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct wish *w = to;
	enum class c = class_from_text(word);
	(void)o;
	w->classes |= c;
	return c ? SODNS_OK
		 : sodns_error(s, "invalid Class: %s (success, denial, error or all)", word);
}

static const char *joined(sodns_setup_t *s, const char *a, const char *b)
{
	char *out = sodns_setup_alloc(s, strlen(a) + strlen(b) + 1);
	return strcat(strcpy(out, a), b);
}

static int read_label(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct wish *w = to;
	(void)o;
	if (!strchr(word, '/') || strpbrk(word, "{}"))
		return sodns_error(s, "not a metadata label: '%s'", word);
	w->labels = joined(s, joined(s, w->labels, "{/"), joined(s, word, "}"));
	return SODNS_OK;
}

/* Where the whole log is JSON these lines are too, but where a format was written for them. */
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

static void add_rules(sodns_setup_t *s, struct log *l, const struct wish *w)
{
	size_t n = w->scope_count;
	struct rule *rules = sodns_setup_alloc(s, (l->count + n) * sizeof(*rules));
	if (l->count)
		memcpy(rules, l->rules, l->count * sizeof(*rules));
	for (size_t i = 0; i < n; i++) {
		rules[l->count + i].scope = w->scopes[i];
		compile(s, w, &rules[l->count + i]);
	}
	l->rules = rules;
	l->count += n;
}

/* [NAMES...] [FORMAT]: a format is a last word of several, with a placeholder. */
static int read_names(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	static const char *const everything[] = {"."};
	struct wish *w = to;
	size_t n;
	const char *const *args = sodns_setup_args(s, &n);
	(void)o;
	if (n > 1 && strchr(args[n - 1], '{'))
		w->format = expand(s, args[--n]);
	if (!n)
		args = everything;
	w->scope_count = n ? n : 1;
	w->scopes = sodns_setup_alloc(s, w->scope_count * sizeof(*w->scopes));
	for (size_t i = 0; i < w->scope_count; i++) {
		w->scopes[i] = scope_of(s, args[i]);
		if (!w->scopes[i])
			return SODNS_EINVAL;
	}
	return SODNS_OK;
}

static const sodns_option_t args[] = {
	{"NAMES", SODNS_OPT_CALL, .call = read_names, .form = "[NAMES...] [FORMAT]",
	 .otherwise = "all", .help = "whose queries are logged, and how"},
};
static const sodns_option_t properties[] = {
	{"class", SODNS_OPT_PARSE, .parse = read_class, .flags = SODNS_OPT_MANY,
	 .form = "CLASSES...", .otherwise = "all", .help = "success, denial, error or all"},
	{"json", SODNS_OPT_PARSE, .parse = read_label, SODNS_GIVEN(struct wish, json),
	 .flags = SODNS_OPT_MANY | SODNS_OPT_OPTIONAL, .form = "[LABELS...]",
	 .help = "lines are objects, with these metadata"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_EACH,
					.help = "a line for each query"};

static int setup(sodns_setup_t *s)
{
	struct log *l = sodns_setup_alloc(s, sizeof(*l));
	while (sodns_setup_next(s)) {
		struct wish w = {.labels = ""};
		if (sodns_setup_read(s, &w))
			return SODNS_EINVAL;
		if (!w.classes)
			w.classes = CLASS_ALL;
		add_rules(s, l, &w);
	}
	return sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "log", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = log_serve);
