/*
 * The language's functions on text. Letters are ASCII's where case or white space matter.
 */
#include <string.h>

#include "builtins.h"

static bool all_text(const sodns_value_t *a, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].kind != SODNS_VALUE_STRING)
			return false;
	return true;
}

/* Where needle begins in text, or NULL. */
static const char *find(const char *text, size_t len, const sodns_value_t *needle)
{
	return needle->count ? len ? memmem(text, len, needle->text, needle->count) : NULL : text;
}

bool do_len(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	int64_t n = a->count;
	(void)count;
	if (a->kind == SODNS_VALUE_STRING) {
		uint32_t rune;
		n = 0;
		for (size_t i = 0; i < a->count; n++)
			i += sodns_utf8_read(a->text + i, a->count - i, &rune);
	} else if (a->kind != SODNS_VALUE_ARRAY && a->kind != SODNS_VALUE_MAP &&
		   a->kind != SODNS_VALUE_BYTES)
		return run_fail(r, "invalid argument for len");
	*out = sodns_value_int(n);
	return true;
}

bool do_type(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	static const char *const names[] = {"nil",   "bool",  "int", "float", "string",
					    "array", "array", "map", "func"};
	(void)r;
	(void)count;
	*out = sodns_value_text(names[a->kind]);
	return true;
}

bool do_string(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	*out = value_print(r, a);
	return out->text;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_cut(const sodns_value_t *set, char c)
{
	return set ? set->count && memchr(set->text, c, set->count) : is_space(c);
}

bool do_trim(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	const sodns_value_t *set = count > 1 ? &a[1] : NULL;
	(void)r;
	if (!all_text(a, count))
		return false;
	size_t from = 0, to = a->count;
	while (from < to && is_cut(set, a->text[from]))
		from++;
	while (to > from && is_cut(set, a->text[to - 1]))
		to--;
	return give_text(out, a->text + from, to - from);
}

static bool has(const sodns_value_t *a, const sodns_value_t *part, bool at_end)
{
	return a->count >= part->count &&
	       (!part->count ||
		!memcmp(a->text + (at_end ? a->count - part->count : 0), part->text, part->count));
}

static bool trim_part(const sodns_value_t *a, size_t count, bool at_end, sodns_value_t *out)
{
	static const sodns_value_t blank = {.kind = SODNS_VALUE_STRING, .count = 1, .text = " "};
	const sodns_value_t *part = count > 1 ? &a[1] : &blank;
	if (!all_text(a, count))
		return false;
	size_t cut = has(a, part, at_end) ? part->count : 0;
	return give_text(out, a->text + (at_end ? 0 : cut), a->count - cut);
}

bool do_trim_prefix(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	return trim_part(a, count, false, out);
}

bool do_trim_suffix(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	return trim_part(a, count, true, out);
}

bool do_has_prefix(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	*out = sodns_value_bool(all_text(a, count) && has(a, &a[1], false));
	return all_text(a, count);
}

bool do_has_suffix(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	*out = sodns_value_bool(all_text(a, count) && has(a, &a[1], true));
	return all_text(a, count);
}

static bool change_case(struct run *r, const sodns_value_t *a, char first, sodns_value_t *out)
{
	char *text = all_text(a, 1) ? run_text(r, a->count) : NULL;
	for (uint32_t i = 0; text && i < a->count; i++) {
		char c = a->text[i];
		text[i] = c >= first && c < first + 26 ? (char)(c ^ 0x20) : c;
	}
	*out = sodns_value_string(text, a->count);
	return text;
}

bool do_upper(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return change_case(r, a, 'a', out);
}

bool do_lower(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return change_case(r, a, 'A', out);
}

/* ---- split, replace, repeat, join */

/* The end of the part that begins at `from`, before a separator; an empty one stands between code
 * points. NULL: there is none. */
static const char *part_end(const sodns_value_t *text, const char *from, const sodns_value_t *sep)
{
	const char *end = text->text + text->count;
	uint32_t rune;
	if (sep->count)
		return find(from, (size_t)(end - from), sep);
	if (from == end)
		return NULL;
	from += sodns_utf8_read(from, (size_t)(end - from), &rune);
	return from == end ? NULL : from;
}

/* At most `limit` parts (negative: all), each with its separator if `keep`. */
static bool split(struct run *r, const sodns_value_t *a, int64_t limit, bool keep,
		  sodns_value_t *out)
{
	const sodns_value_t *sep = &a[1];
	const char *from = a->text, *to;
	size_t count = limit && (a->count || sep->count), n = 0;
	if (count && limit != 1)
		while ((limit < 0 || (int64_t)count < limit) && (to = part_end(a, from, sep))) {
			from = to + sep->count;
			count++;
		}
	sodns_value_t *items = run_values(r, count);
	if (!items || !run_spend(r, count))
		return false;
	for (from = a->text; n + 1 < count; n++, from = to + sep->count) {
		to = part_end(a, from, sep);
		items[n] = sodns_value_string(from, (size_t)(to - from) + (keep ? sep->count : 0));
	}
	if (count)
		items[n] = sodns_value_string(from, (size_t)(a->text + a->count - from));
	return give_array(out, items, count);
}

static bool split_call(struct run *r, const sodns_value_t *a, size_t count, bool keep,
		       sodns_value_t *out)
{
	int64_t limit = -1;
	if (!all_text(a, 2) || (count > 2 && !to_int(&a[2], &limit)))
		return false;
	return split(r, a, limit, keep, out);
}

bool do_split(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	return split_call(r, a, count, false, out);
}

bool do_split_after(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	return split_call(r, a, count, true, out);
}

static bool join(struct run *r, const sodns_value_t *items, uint32_t count,
		 const sodns_value_t *glue, sodns_value_t *out)
{
	size_t len = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (items[i].kind != SODNS_VALUE_STRING)
			return run_fail(r, "only text can be joined");
		len += items[i].count + (i ? glue->count : 0);
	}
	char *text = run_text(r, len), *o = text;
	if (!text || !run_spend(r, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (i && glue->count)
			o = mempcpy(o, glue->text, glue->count);
		if (items[i].count)
			o = mempcpy(o, items[i].text, items[i].count);
	}
	return give_text(out, text, len);
}

bool do_join(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	static const sodns_value_t nothing = {.kind = SODNS_VALUE_STRING, .text = ""};
	if (a->kind != SODNS_VALUE_ARRAY || !all_text(a + 1, count - 1))
		return run_fail(r, "invalid argument for join");
	return join(r, a->items, a->count, count > 1 ? &a[1] : &nothing, out);
}

/* An empty text to be replaced stands before each code point, and at the end. */
static bool replace_empty(struct run *r, const sodns_value_t *a, int64_t limit, sodns_value_t *out)
{
	static const sodns_value_t nothing = {.kind = SODNS_VALUE_STRING, .text = ""};
	sodns_value_t parts, whole[2] = {a[0], nothing};
	if (!limit)
		return give_text(out, a->text, a->count);
	if (!split(r, whole, limit, false, &parts))
		return false;
	sodns_value_t *items = run_values(r, (size_t)parts.count + 2);
	if (!items)
		return false;
	items[0] = nothing;
	if (parts.count)
		memcpy(items + 1, parts.items, parts.count * sizeof(*items));
	uint32_t count = parts.count + 1;
	if (limit < 0 || (int64_t)count <= limit)
		items[count++] = nothing;
	/* A text without code points has one place. */
	return join(r, items, a->count ? count : 2, &a[2], out);
}

bool do_replace(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	int64_t limit = -1;
	sodns_value_t parts;
	if (!all_text(a, 3) || (count > 3 && !to_int(&a[3], &limit)))
		return false;
	if (!a[1].count)
		return replace_empty(r, a, limit, out);
	return split(r, a, limit < 0 || limit > MEMORY_MAX ? -1 : limit + 1, false, &parts) &&
	       join(r, parts.items, parts.count, &a[2], out);
}

bool do_repeat(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	int64_t n;
	(void)count;
	if (!all_text(a, 1) || !to_int(&a[1], &n) || n < 0)
		return run_fail(r, "invalid argument for repeat");
	if (n > MEMORY_MAX || (uint64_t)n * a->count >= MEMORY_MAX)
		return run_exceeded(r, "memory budget exceeded");
	char *text = run_text(r, (size_t)n * a->count), *o = text;
	for (int64_t i = 0; text && a->count && i < n; i++)
		o = mempcpy(o, a->text, a->count);
	*out = sodns_value_string(text, (size_t)n * a->count);
	return text;
}

bool do_index_of(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	if (!all_text(a, count))
		return false;
	const char *at = find(a->text, a->count, &a[1]);
	*out = sodns_value_int(at ? at - a->text : -1);
	return true;
}

bool do_last_index_of(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	if (!all_text(a, count) || !run_spend(r, a->count))
		return false;
	int64_t at = (int64_t)a->count - a[1].count;
	while (at >= 0 && a[1].count && memcmp(a->text + at, a[1].text, a[1].count) != 0)
		at--;
	*out = sodns_value_int(at < 0 ? -1 : at);
	return true;
}

/* ---- Base64 (RFC 4648) */

bool do_to_base64(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	size_t room = SODNS_BASE64_ROOM((size_t)a->count);
	char *text = all_text(a, 1) ? run_text(r, room - 1) : NULL;
	if (!text)
		return false;
	return give_text(out, text, (size_t)sodns_base64_encode(a->text, a->count, text, room));
}

bool do_from_base64(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	char *text = all_text(a, 1) ? run_text(r, a->count) : NULL;
	ptrdiff_t n = text ? sodns_base64_decode(a->text, a->count, text, a->count) : SODNS_EINVAL;
	if (n < 0)
		return run_fail(r, "illegal base64 data");
	return give_text(out, text, (size_t)n);
}
