/*
 * Words of a template: text up to "{{", then the action's words up to "}}". Trim markers and
 * comments are resolved here, so that the parser sees neither.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "node.h"

void lex_begin(lexer_t *l, const char *text)
{
	*l = (lexer_t){.text = text, .len = strlen(text), .line = 1};
}

static bool has(const lexer_t *l, size_t at, const char *what)
{
	size_t n = strlen(what);
	return at + n <= l->len && !memcmp(l->text + at, what, n);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "- }}" without the braces: a blank and a minus before the right delimiter. */
static bool right_trim(const lexer_t *l, size_t at)
{
	return at + 1 < l->len && blank(l->text[at]) && l->text[at + 1] == '-' &&
	       has(l, at + 2, "}}");
}

static item_t emit(lexer_t *l, enum token token, size_t end)
{
	item_t i = {token, l->pos, l->line, {l->text + l->pos, end - l->pos}};
	for (; l->pos < end; l->pos++)
		l->line += l->text[l->pos] == '\n';
	return i;
}

static item_t error(lexer_t *l, const char *format, slice_t what)
{
	l->finished = true;
	snprintf(l->message, sizeof(l->message), format, (int)(what.len < 64 ? what.len : 64),
		 what.at);
	return (item_t){TOKEN_ERROR, l->pos, l->line, {l->message, strlen(l->message)}};
}

static item_t fail(lexer_t *l, const char *message)
{
	return error(l, "%.*s", (slice_t){message, strlen(message)});
}

static void skip_blanks(lexer_t *l)
{
	while (l->pos < l->len && blank(l->text[l->pos]))
		l->line += l->text[l->pos++] == '\n';
}

/* Passes over "{{" and its marker; a comment is passed over as a whole, and then *again is set. */
static item_t left_delim(lexer_t *l, bool *again)
{
	bool trim = has(l, l->pos + 2, "-") && l->pos + 3 < l->len && blank(l->text[l->pos + 3]);
	size_t after = l->pos + 2 + (trim ? 2 : 0);
	*again = has(l, after, "/*");
	if (!*again) {
		item_t i = emit(l, TOKEN_LEFT_DELIM, l->pos + 2);
		if (trim)
			emit(l, TOKEN_SPACE, after);
		l->inside = true;
		l->parens = 0;
		return i;
	}
	size_t end = after + 2;
	while (end < l->len && !has(l, end, "*/"))
		end++;
	*again = false;
	if (end >= l->len)
		return fail(l, "unclosed comment");
	end += 2;
	l->trim = right_trim(l, end);
	end += l->trim ? 2 : 0;
	if (!has(l, end, "}}"))
		return fail(l, "comment ends before closing delimiter");
	*again = true;
	return emit(l, TOKEN_SPACE, end + 2);
}

/* The text up to the next action; false: there is none. */
static bool lex_text(lexer_t *l, item_t *out)
{
	if (l->trim)
		skip_blanks(l);
	l->trim = false;
	size_t at = l->pos;
	while (at < l->len && !has(l, at, "{{"))
		at++;
	size_t end = at;
	if (has(l, at, "{{-") && at + 3 < l->len && blank(l->text[at + 3]))
		while (end > l->pos && blank(l->text[end - 1]))
			end--;
	bool some = end > l->pos;
	if (some)
		*out = emit(l, TOKEN_TEXT, end);
	if (end < at)
		emit(l, TOKEN_SPACE, at);
	return some;
}

static bool alphanumeric(char c)
{
	return c == '_' || isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* What may stand behind a word. */
static bool at_terminator(const lexer_t *l, size_t at)
{
	return at >= l->len || blank(l->text[at]) || strchr(".,|:)(", l->text[at]) ||
	       has(l, at, "}}") || right_trim(l, at);
}

static item_t bad_character(lexer_t *l, const char *format, size_t at)
{
	uint32_t c;
	char what[40];
	size_t n = sodns_utf8_read(l->text + at, l->len - at, &c);
	snprintf(what, sizeof(what), "U+%04X '%.*s'", c, (int)n, l->text + at);
	return error(l, format, (slice_t){what, strlen(what)});
}

/* .Field or $variable: the first character is passed already. */
static item_t field_or_variable(lexer_t *l, enum token token)
{
	size_t end = l->pos + 1;
	if (at_terminator(l, end))
		return emit(l, token == TOKEN_VARIABLE ? TOKEN_VARIABLE : TOKEN_DOT, end);
	while (end < l->len && alphanumeric(l->text[end]))
		end++;
	if (!at_terminator(l, end))
		return bad_character(l, "bad character %.*s", end);
	return emit(l, token, end);
}

static item_t identifier(lexer_t *l)
{
	static const struct {
		const char *text;
		enum token token;
	} words[] = {{"block", TOKEN_BLOCK},
		     {"break", TOKEN_BREAK},
		     {"continue", TOKEN_CONTINUE},
		     {"define", TOKEN_DEFINE},
		     {"else", TOKEN_ELSE},
		     {"end", TOKEN_END},
		     {"if", TOKEN_IF},
		     {"range", TOKEN_RANGE},
		     {"nil", TOKEN_NIL},
		     {"template", TOKEN_TEMPLATE},
		     {"with", TOKEN_WITH},
		     {"true", TOKEN_BOOL},
		     {"false", TOKEN_BOOL}};
	size_t end = l->pos;
	while (end < l->len && alphanumeric(l->text[end]))
		end++;
	if (!at_terminator(l, end))
		return bad_character(l, "bad character %.*s", end);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].text) == end - l->pos &&
		    !memcmp(words[i].text, l->text + l->pos, end - l->pos))
			return emit(l, words[i].token, end);
	return emit(l, TOKEN_IDENTIFIER, end);
}

static item_t quoted(lexer_t *l, char quote, enum token token, const char *complaint)
{
	size_t at = l->pos + 1;
	for (;; at++) {
		if (at < l->len && l->text[at] == '\\' && at + 1 < l->len &&
		    l->text[at + 1] != '\n')
			at++;
		else if (at >= l->len || l->text[at] == '\n')
			return fail(l, complaint);
		else if (l->text[at] == quote)
			return emit(l, token, at + 1);
	}
}

static item_t raw_quoted(lexer_t *l)
{
	const char *end = memchr(l->text + l->pos + 1, '`', l->len - l->pos - 1);
	if (!end)
		return fail(l, "unterminated raw quoted string");
	return emit(l, TOKEN_RAW_STRING, (size_t)(end + 1 - l->text));
}

/* Behind the character at `at`, if it is one of these. */
static size_t accept(const lexer_t *l, size_t at, const char *these)
{
	return at + (at < l->len && l->text[at] && strchr(these, l->text[at]));
}

static size_t accept_run(const lexer_t *l, size_t at, const char *these)
{
	while (accept(l, at, these) > at)
		at++;
	return at;
}

/* As far as Go's lexer takes a number to go. What it is, if it is any, the parser finds out. */
static item_t number(lexer_t *l)
{
	static const struct {
		const char *prefix, *digits, *exponent;
	} bases[] = {{"xX", "0123456789abcdefABCDEF_", "pP"},
		     {"oO", "01234567_", ""},
		     {"bB", "01_", ""},
		     {"", "0123456789_", "eE"}};
	size_t sign = accept(l, l->pos, "+-"), zero = accept(l, sign, "0"), at = zero;
	unsigned base = zero > sign ? 0 : 3;
	while (base < 3 && (at = accept(l, zero, bases[base].prefix)) == zero)
		base++;
	at = accept_run(l, at, bases[base].digits);
	if (accept(l, at, ".") > at)
		at = accept_run(l, at + 1, bases[base].digits);
	if (accept(l, at, bases[base].exponent) > at)
		at = accept_run(l, accept(l, at + 1, "+-"), "0123456789_");
	if (at < l->len && alphanumeric(l->text[at]))
		return error(l, "bad number syntax: \"%.*s\"",
			     (slice_t){l->text + l->pos, at + 1 - l->pos});
	return emit(l, TOKEN_NUMBER, at);
}

static item_t right_delim(lexer_t *l)
{
	bool trim = right_trim(l, l->pos);
	if (l->parens)
		return fail(l, "unclosed left paren");
	if (trim)
		emit(l, TOKEN_SPACE, l->pos + 2);
	item_t i = emit(l, TOKEN_RIGHT_DELIM, l->pos + 2);
	l->inside = false;
	l->trim = trim;
	return i;
}

static item_t punctuation(lexer_t *l, char c)
{
	switch (c) {
	case '=':
		return emit(l, TOKEN_ASSIGN, l->pos + 1);
	case ':':
		if (!has(l, l->pos, ":="))
			return fail(l, "expected :=");
		return emit(l, TOKEN_DECLARE, l->pos + 2);
	case '|':
		return emit(l, TOKEN_PIPE, l->pos + 1);
	case '"':
		return quoted(l, '"', TOKEN_STRING, "unterminated quoted string");
	case '\'':
		return quoted(l, '\'', TOKEN_CHAR_CONSTANT, "unterminated character constant");
	case '`':
		return raw_quoted(l);
	case '$':
		return field_or_variable(l, TOKEN_VARIABLE);
	case '(':
		l->parens++;
		return emit(l, TOKEN_LEFT_PAREN, l->pos + 1);
	case ')':
		if (!l->parens)
			return fail(l, "unexpected right paren");
		l->parens--;
		return emit(l, TOKEN_RIGHT_PAREN, l->pos + 1);
	default:
		if ((unsigned char)c < 0x80 && isprint((unsigned char)c))
			return emit(l, TOKEN_CHAR, l->pos + 1);
		return bad_character(l, "unrecognized character in action: %.*s", l->pos);
	}
}

static item_t lex_inside(lexer_t *l)
{
	size_t at = l->pos;
	if (has(l, at, "}}") || right_trim(l, at))
		return right_delim(l);
	if (at >= l->len)
		return fail(l, "unclosed action");
	char c = l->text[at];
	if (blank(c)) {
		while (at < l->len && blank(l->text[at]) && !right_trim(l, at))
			at++;
		return emit(l, TOKEN_SPACE, at);
	}
	bool digit = at + 1 < l->len && isdigit((unsigned char)l->text[at + 1]);
	if (c == '.' && !digit)
		return field_or_variable(l, TOKEN_FIELD);
	if (c == '+' || c == '-' || c == '.' || isdigit((unsigned char)c))
		return number(l);
	if (alphanumeric(c))
		return identifier(l);
	return punctuation(l, c);
}

item_t lex_next(lexer_t *l)
{
	item_t i;
	bool again = true;
	if (l->finished)
		return (item_t){TOKEN_ERROR, l->pos, l->line, {l->message, strlen(l->message)}};
	if (l->inside)
		return lex_inside(l);
	while (again) {
		if (lex_text(l, &i))
			return i;
		if (l->pos >= l->len)
			return (item_t){TOKEN_EOF, l->pos, l->line, {"EOF", 3}};
		i = left_delim(l, &again);
	}
	return i;
}
