/*
 * What is said of words that are not taken: CoreDNS's words where a row has them, else one wording for
 * each kind, with what is allowed.
 */
#include "host/options.h"

#include <inttypes.h>
#include <string.h>

#include "host/nearest.h"

/* What the braces of a text stand for. */
struct filling {
	sodns_setup_t *s;
	const sodns_option_t *o;
	const char *word, *why;
	char value[40], min[40], max[40], range[96], words[256];
};

static void put_bound(const sodns_option_t *o, int64_t n, char out[40])
{
	static const char *const units[] = {"", "K", "M", "G", "T"};
	size_t unit = 0;
	if (o->kind == SODNS_OPT_DURATION) {
		sodns_duration_to_text(n, out);
		return;
	}
	while (o->kind == SODNS_OPT_SIZE && n && n % 1024 == 0 && unit < 4) {
		n /= 1024;
		unit++;
	}
	snprintf(out, 40, "%" PRId64 "%s", n, units[unit]);
}

/* "5m" of "5m0s": a round bound as people write it. */
static void put_round_bound(const sodns_option_t *o, int64_t n, char out[40])
{
	static const char *const zeros[] = {"m0s", "h0m"};
	put_bound(o, n, out);
	for (size_t i = 0; i < 2 && o->kind == SODNS_OPT_DURATION; i++) {
		size_t len = strlen(out);
		if (len > 3 && !strcmp(out + len - 3, zeros[i]))
			out[len - 2] = 0;
	}
}

void option_range(const sodns_option_t *o, char out[96])
{
	char least[40], most[40];
	put_round_bound(o, o->min, least);
	put_round_bound(o, o->max, most);
	if (o->max)
		snprintf(out, 96, "in range [%s, %s]", least, most);
	else
		snprintf(out, 96, "at least %s", least);
}

void option_bounds(const sodns_option_t *o, char out[96])
{
	char least[40], most[40];
	put_round_bound(o, o->min, least);
	put_round_bound(o, o->max, most);
	*out = 0;
	if (o->max && o->min > INT64_MIN)
		snprintf(out, 96, "%s to %s", least, most);
	else if (o->max)
		snprintf(out, 96, "at most %s", most);
	else if (o->min > INT64_MIN && o->min)
		snprintf(out, 96, "at least %s", least);
}

void option_words(const sodns_option_t *o, const char *before_last, char out[256])
{
	size_t n = 0, left = 0;
	*out = 0;
	for (size_t i = 0; i < o->words.count; i++)
		left += o->words.at[i] != NULL;
	for (size_t i = 0; i < o->words.count; i++) {
		if (!o->words.at[i])
			continue;
		const char *separator = !n ? "" : left == 1 ? before_last : ", ";
		int k = snprintf(out + n, 256 - n, "%s%s", separator, o->words.at[i]);
		left--;
		if (k < 0 || (size_t)k >= 256 - n)
			return;
		n += (size_t)k;
	}
}

static const char *filling_of(const struct filling *f, const char *name, size_t len)
{
	const struct {
		const char *name, *text;
	} all[] = {{"", f->word},        {"value", f->value}, {"why", f->why},
		   {"name", f->o->name}, {"min", f->min},     {"max", f->max},
		   {"range", f->range},  {"words", f->words}, {"last", sodns_setup_value(f->s)}};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strlen(all[i].name) == len && !memcmp(all[i].name, name, len))
			return all[i].text;
	return NULL;
}

/* A text with its braces filled in; those that stand for nothing stay. */
static void fill(const struct filling *f, const char *text, char *out, size_t size)
{
	size_t n = 0;
	while (*text && n + 1 < size) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		const char *word = end ? filling_of(f, text + 1, (size_t)(end - text - 1)) : NULL;
		int k = word ? snprintf(out + n, size - n, "%s", word)
			     : snprintf(out + n, size - n, "%c", *text);
		n += k > 0 ? (size_t)k : 0;
		text = word ? end + 1 : text + 1;
	}
	out[n < size ? n : size - 1] = 0;
}

static int say(sodns_setup_t *s, const sodns_option_t *o, const char *text, const char *word,
	       const value_t *v)
{
	char out[1500];
	struct filling f = {.s = s, .o = o, .word = word, .why = v->why};
	put_bound(o, v->number, f.value);
	put_round_bound(o, o->min, f.min);
	put_round_bound(o, o->max, f.max);
	option_range(o, f.range);
	option_words(o, " or ", f.words);
	fill(&f, text, out, sizeof(out));
	return sodns_error(s, "%s", out);
}

/* What is said where the row says nothing of its own. */
static const char *bad_text(const sodns_option_t *o)
{
	static const char *const texts[] = {
		[SODNS_OPT_BOOL] = "{name} must be on or off: \"{}\"",
		[SODNS_OPT_NUMBER] = "{name} must be a number {range}, got '{}'",
		[SODNS_OPT_SECONDS] = "{name} must be a number of seconds {range}, got '{}'",
		[SODNS_OPT_DURATION] = "{why}",
		[SODNS_OPT_SIZE] = "{name} must be a size such as 64M, but is: {}",
		[SODNS_OPT_PERCENT] = "{why}",
		[SODNS_OPT_WORD] = "unknown {name} '{}' ({words})",
		[SODNS_OPT_TYPE] = "unknown type of records '{}'",
		[SODNS_OPT_CLASS] = "unknown class '{}'",
		[SODNS_OPT_RCODE] = "unknown rcode {}",
		[SODNS_OPT_LISTEN] = "address {}: missing port in address",
		[SODNS_OPT_NAME] = "not a domain name: '{}'",
		[SODNS_OPT_ZONE] = "{why}",
		[SODNS_OPT_ZONES] = "{why}",
		[SODNS_OPT_ADDRESS] = "invalid IP address: {}",
		[SODNS_OPT_ENDPOINT] = "{name} must be an IP address or IP:port: \"{}\"",
		[SODNS_OPT_PREFIX] = "invalid CIDR address: {}",
	};
	const char *text = (size_t)o->kind < sizeof(texts) / sizeof(texts[0]) ? texts[o->kind]
									      : NULL;
	return text ? text : "{name} is not taken: '{}'";
}

static const char *range_text(const sodns_option_t *o)
{
	if (o->kind == SODNS_OPT_TEXT)
		return "{name} is longer than {max} bytes";
	if (o->kind == SODNS_OPT_SIZE)
		return "{name} must be {range}, but is: {}";
	return !o->min && !o->max ? "{name} can't be negative: {}" : "{name} must be {range}: {}";
}

int option_fault(sodns_setup_t *s, const sodns_option_t *o, enum fault fault, const char *word,
		 const value_t *v)
{
	const char *text;
	if (fault == FAULT_BAD)
		text = o->says.bad ? o->says.bad : bad_text(o);
	else if (fault == FAULT_HIGH && o->says.high)
		text = o->says.high;
	else
		text = o->says.low ? o->says.low : range_text(o);
	return say(s, o, text, word, v);
}

int option_say(sodns_setup_t *s, const sodns_option_t *o, const char *text, const char *word)
{
	static const value_t none;
	return text ? say(s, o, text, word, &none) : sodns_error_args(s);
}

int option_unknown(sodns_setup_t *s, const sodns_option_rows_t *rows, const char *says)
{
	static const value_t none;
	static const sodns_option_t unnamed = {.name = ""};
	char text[512];
	nearest_t near;
	nearest_begin(&near, sodns_setup_value(s));
	for (size_t i = 0; i < rows->count; i++)
		nearest_try(&near, option_at(rows, i)->name);
	int n = snprintf(text, sizeof(text), "%s", says ? says : "unknown property '{}'");
	if (near.best && n > 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, " (did you mean '%s'?)", near.best);
	return say(s, &unnamed, text, near.word, &none);
}
