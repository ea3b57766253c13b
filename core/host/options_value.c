/*
 * Words as the values of rows: what each kind makes of a word, and what fields can hold it.
 */
#include "host/options.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <sodns/rr.h>

int64_t option_most(const sodns_option_t *o)
{
	if (o->max)
		return o->max;
	if (o->size >= sizeof(int64_t))
		return INT64_MAX;
	return (INT64_C(1) << (8 * o->size - (o->min < 0))) - 1;
}

static enum fault read_number(const char *text, value_t *v)
{
	int rc = sodns_int_from_text(text, strlen(text), 10, INT64_MIN, INT64_MAX, &v->number);
	if (!rc)
		return FAULT_NONE;
	snprintf(v->why, sizeof(v->why), "%s", sodns_number_error(rc));
	return FAULT_BAD;
}

static enum fault read_duration(const sodns_option_t *o, const char *text, value_t *v)
{
	if ((o->flags & SODNS_OPT_BARE_SECONDS) && !read_number(text, v) && v->number >= 0 &&
	    v->number < INT64_MAX / 1000000000) {
		v->number *= 1000000000;
		return FAULT_NONE;
	}
	if (!sodns_duration_from_text(text, &v->number))
		return FAULT_NONE;
	sodns_duration_error(text, v->why, sizeof(v->why));
	return FAULT_BAD;
}

/* "64M", "512KiB", "4096" */
static enum fault read_size(const char *text, value_t *v)
{
	static const char units[] = "kmgt";
	const char *end = text + strspn(text, "0123456789");
	uint64_t n;
	if (sodns_uint_from_text(text, (size_t)(end - text), 10, UINT64_MAX, &n))
		return FAULT_BAD;
	const char *unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	end += unit ? 1 : 0;
	if ((*end && strcasecmp(end, "b") && strcasecmp(end, "ib")) ||
	    n > (uint64_t)INT64_MAX >> shift)
		return FAULT_BAD;
	v->number = (int64_t)(n << shift);
	return FAULT_NONE;
}

static enum fault read_percent(const char *text, value_t *v)
{
	char digits[32], why[sizeof(v->why)];
	size_t n = strlen(text);
	if (!n || text[n - 1] != '%') {
		snprintf(v->why, sizeof(v->why),
			 "last character of percentage should be `%%`, but is: '%c'",
			 n ? text[n - 1] : ' ');
		return FAULT_BAD;
	}
	snprintf(digits, sizeof(digits), "%.*s", (int)n - 1, text);
	if (n < sizeof(digits) && !read_number(digits, v))
		return FAULT_NONE;
	snprintf(why, sizeof(why), "strconv.Atoi: parsing \"%s\": %.30s", digits,
		 n < sizeof(digits) ? v->why : "value out of range");
	memcpy(v->why, why, sizeof(why));
	return FAULT_BAD;
}

static enum fault read_word(const sodns_option_t *o, const char *text, value_t *v)
{
	int (*compare)(const char *, const char *) = o->flags & SODNS_OPT_ANY_CASE ? strcasecmp
										   : strcmp;
	for (size_t i = 0; i < o->words.count; i++)
		if (o->words.at[i] && !compare(text, o->words.at[i])) {
			v->number = (int64_t)i;
			return FAULT_NONE;
		}
	return FAULT_BAD;
}

static enum fault read_bool(const char *text, value_t *v)
{
	v->number = !strcmp(text, "on") || !strcmp(text, "true");
	return v->number || !strcmp(text, "off") || !strcmp(text, "false") ? FAULT_NONE : FAULT_BAD;
}

/* As Go's dns has them: by the names that have one, in capitals. */
static enum fault read_mnemonic(const sodns_option_t *o, const char *text, value_t *v)
{
	char buf[16];
	const char *name;
	if (o->kind == SODNS_OPT_TYPE) {
		v->number = sodns_type_from_text(text);
		name = v->number ? sodns_type_text((uint16_t)v->number, buf) : buf;
	} else if (o->kind == SODNS_OPT_CLASS) {
		v->number = sodns_class_from_text(text);
		name = v->number ? sodns_class_text((uint16_t)v->number, buf) : buf;
	} else {
		v->number = sodns_rcode_from_text(text);
		name = v->number >= 0 ? sodns_rcode_text((int)v->number, buf) : buf;
	}
	return name != buf && !strcmp(name, text) ? FAULT_NONE : FAULT_BAD;
}

static enum fault in_range(const sodns_option_t *o, value_t *v)
{
	int64_t most = option_most(o);
	if (v->number > most && (!o->max || (o->flags & SODNS_OPT_CLAMP)))
		v->number = most;
	if (v->number < o->min && (o->flags & SODNS_OPT_CLAMP))
		v->number = o->min;
	return v->number < o->min ? FAULT_LOW : v->number > most ? FAULT_HIGH : FAULT_NONE;
}

static enum fault read_name(sodns_setup_t *s, const char *text, value_t *v)
{
	uint8_t name[SODNS_NAME_MAX];
	int n = sodns_name_from_text(text, NULL, name);
	if (n < 0)
		return FAULT_BAD;
	uint8_t *lower = sodns_setup_alloc(s, (size_t)n);
	sodns_name_lower(name, lower);
	v->pointer = lower;
	return FAULT_NONE;
}

static enum fault read_text(const sodns_option_t *o, const char *text, value_t *v)
{
	v->pointer = text;
	v->number = (int64_t)strlen(text);
	return o->max && v->number > o->max ? FAULT_HIGH : FAULT_NONE;
}

static enum fault read_ranged(const sodns_option_t *o, const char *word, value_t *v)
{
	enum fault fault = o->kind == SODNS_OPT_DURATION  ? read_duration(o, word, v)
			   : o->kind == SODNS_OPT_SIZE    ? read_size(word, v)
			   : o->kind == SODNS_OPT_PERCENT ? read_percent(word, v)
							  : read_number(word, v);
	return fault ? fault : in_range(o, v);
}

enum fault option_read(sodns_setup_t *s, const sodns_option_t *o, const char *word, value_t *v)
{
	switch (o->kind) {
	case SODNS_OPT_BOOL:
		return read_bool(word, v);
	case SODNS_OPT_WORD:
		return read_word(o, word, v);
	case SODNS_OPT_TYPE:
	case SODNS_OPT_CLASS:
	case SODNS_OPT_RCODE:
		return read_mnemonic(o, word, v);
	case SODNS_OPT_TEXT:
		return read_text(o, word, v);
	case SODNS_OPT_PATH:
		v->pointer = sodns_setup_path(s, word);
		return FAULT_NONE;
	case SODNS_OPT_LISTEN:
		v->pointer = word;
		return strchr(word, ':') ? FAULT_NONE : FAULT_BAD;
	case SODNS_OPT_NAME:
		return read_name(s, word, v);
	case SODNS_OPT_ADDRESS:
		return sodns_address_from_text(word, &v->address) ? FAULT_BAD : FAULT_NONE;
	case SODNS_OPT_ENDPOINT:
		return sodns_endpoint_from_text(word, (uint16_t)o->min, &v->address) ? FAULT_BAD
										     : FAULT_NONE;
	case SODNS_OPT_PREFIX:
		return !strchr(word, '/') || sodns_prefix_from_text(word, &v->prefix) ? FAULT_BAD
										      : FAULT_NONE;
	default:
		return read_ranged(o, word, v);
	}
}

static bool store_number(int64_t n, size_t size, void *field)
{
	const uint8_t one = (uint8_t)n;
	const uint16_t two = (uint16_t)n;
	const uint32_t four = (uint32_t)n;
	const void *from = size == 1   ? &one
			   : size == 2 ? &two
			   : size == 4 ? (const void *)&four
				       : &n;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	memcpy(field, from, size);
	return true;
}

bool option_store(const sodns_option_t *o, const value_t *v, void *field)
{
	const void *from = NULL;
	size_t size = 0;
	switch (o->kind) {
	case SODNS_OPT_TEXT:
	case SODNS_OPT_PATH:
	case SODNS_OPT_LISTEN:
	case SODNS_OPT_NAME:
	case SODNS_OPT_ZONE:
	case SODNS_OPT_ZONES:
		from = &v->pointer;
		size = sizeof(v->pointer);
		break;
	case SODNS_OPT_ADDRESS:
	case SODNS_OPT_ENDPOINT:
		from = &v->address;
		size = sizeof(v->address);
		break;
	case SODNS_OPT_PREFIX:
		from = &v->prefix;
		size = sizeof(v->prefix);
		break;
	default:
		return store_number(v->number, o->size, field);
	}
	if (size == o->size)
		memcpy(field, from, size);
	return size == o->size;
}
