/*
 * Texts by lines and words (sodns/file.h), as lists and tables in files have them. Bytes of any kind
 * come through: nothing here looks further than the text goes.
 */
#include <sodns/file.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodns/log.h>

#define WARNINGS 5u

void sodns_text_begin(sodns_text_t *t, const char *bytes, size_t len)
{
	bool mark = len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3);
	t->bytes = bytes;
	t->length = len;
	t->at = t->end = mark ? bytes + 3 : bytes;
	t->line = t->warned = 0;
	t->word[0] = 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool has_word(sodns_text_t *t)
{
	while (t->at < t->end && is_blank(*t->at))
		t->at++;
	return t->at < t->end;
}

/* The reader is at the end of a line, or of its comment. */
static bool next_line(sodns_text_t *t)
{
	const char *end = t->bytes + t->length;
	if (t->line) {
		const char *newline = memchr(t->end, '\n', (size_t)(end - t->end));
		t->at = newline ? newline + 1 : end;
	}
	if (t->at == end)
		return false;
	const char *newline = memchr(t->at, '\n', (size_t)(end - t->at));
	t->end = newline ? newline : end;
	const char *comment = memchr(t->at, '#', (size_t)(t->end - t->at));
	t->end = comment ? comment : t->end;
	t->line++;
	return true;
}

bool sodns_text_line(sodns_text_t *t)
{
	while (next_line(t))
		if (has_word(t))
			return true;
	return false;
}

const char *sodns_text_word(sodns_text_t *t)
{
	size_t n = 0;
	if (!has_word(t))
		return NULL;
	for (; t->at < t->end && !is_blank(*t->at); t->at++) {
		if (n + 5 > sizeof(t->word))
			continue;
		if (*t->at) {
			t->word[n++] = *t->at;
			continue;
		}
		memcpy(t->word + n, "\\000", 4);
		n += 4;
	}
	t->word[n] = 0;
	return t->word;
}

/* "PATH:LINE - "; the length. */
static size_t put_place(const sodns_text_t *t, char *out, size_t size)
{
	int n = t->line ? snprintf(out, size, "%s:%u - ", t->path ? t->path : "", t->line)
			: snprintf(out, size, "%s - ", t->path ? t->path : "");
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

void *sodns_text_error(sodns_text_t *t, const char *format, ...)
{
	va_list ap;
	if (!t->error_size)
		return NULL;
	size_t n = put_place(t, t->error, t->error_size);
	va_start(ap, format);
	vsnprintf(t->error + n, t->error_size - n, format, ap);
	va_end(ap);
	return NULL;
}

void sodns_text_warning(sodns_text_t *t, const char *format, ...)
{
	char text[SODNS_TEXT_WORD_MAX + 1024];
	va_list ap;
	if (!t->plugin || ++t->warned > WARNINGS + 1)
		return;
	size_t n = put_place(t, text, sizeof(text));
	va_start(ap, format);
	if (t->warned > WARNINGS)
		snprintf(text + n, sizeof(text) - n, "and more");
	else
		vsnprintf(text + n, sizeof(text) - n, format, ap);
	va_end(ap);
	sodns_log(SODNS_LOG_WARNING, t->plugin, "%s", text);
}
