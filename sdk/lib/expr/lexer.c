/*
 * Text to tokens. Positions are counted in code points, as the oracle's messages have them.
 */
#include <stdio.h>
#include <string.h>

#include "engine.h"

#define END UINT32_MAX

static uint32_t next(struct compilation *c)
{
	uint32_t r;
	if (c->at_byte >= c->len) {
		c->at_end = true;
		return END;
	}
	c->at_byte += (uint32_t)sodns_utf8_read(c->source + c->at_byte, c->len - c->at_byte, &r);
	c->at_rune++;
	return r;
}

static uint32_t peek(const struct compilation *c)
{
	uint32_t r;
	if (c->at_byte >= c->len)
		return END;
	sodns_utf8_read(c->source + c->at_byte, c->len - c->at_byte, &r);
	return r;
}

static bool among(uint32_t r, const char *valid)
{
	return r && r < 0x80 && strchr(valid, (int)r);
}

static bool accept(struct compilation *c, const char *valid)
{
	if (!among(peek(c), valid))
		return false;
	next(c);
	return true;
}

static void accept_run(struct compilation *c, const char *valid)
{
	while (accept(c, valid))
		;
}

static bool is_space(uint32_t r)
{
	return r == ' ' || (r >= '\t' && r <= '\r') || r == 0x85 || r == 0xa0 || r == 0x1680 ||
	       (r >= 0x2000 && r <= 0x200a) || r == 0x2028 || r == 0x2029 || r == 0x202f ||
	       r == 0x205f || r == 0x3000;
}

/* Beyond ASCII this is coarser than Unicode's letters: only Latin-1's signs and the general
 * punctuation are none. */
static bool is_letter(uint32_t r)
{
	if (r < 0x80)
		return r == '_' || r == '$' || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z');
	if (r < 0xc0)
		return r == 0xaa || r == 0xb5 || r == 0xba;
	return r != END && r != 0xd7 && r != 0xf7 && r != 0xfffd && !is_space(r) &&
	       !(r >= 0x2000 && r <= 0x2bff);
}

static bool is_word(uint32_t r)
{
	return is_letter(r) || (r >= '0' && r <= '9');
}

/* At the last code point read, or behind the end. */
static void lex_fail(struct compilation *c, const char *message)
{
	compile_fail(c, c->at_rune + c->at_end - 1, "%s", message);
}

static void take_text(struct compilation *c, enum token_kind kind, const char *text, uint32_t len)
{
	c->token = (struct token){.kind = kind, .at = c->start_rune, .text = text, .len = len};
}

static void take(struct compilation *c, enum token_kind kind)
{
	take_text(c, kind, c->source + c->start_byte, c->at_byte - c->start_byte);
}

static unsigned digit_value(uint32_t r)
{
	return r < 0x80 ? (unsigned)sodns_digit((char)r) : 99;
}

static uint32_t scan_digits(struct compilation *c, uint32_t r, unsigned base, unsigned n)
{
	for (; n && digit_value(r) < base; n--)
		r = next(c);
	if (n)
		lex_fail(c, "invalid char escape");
	return r;
}

/* \u{XXXXXX}, at the brace. */
static uint32_t scan_braces(struct compilation *c)
{
	unsigned digits = 0;
	next(c);
	for (; digits < 6 && digit_value(peek(c)) < 16; digits++)
		next(c);
	if (!digits || peek(c) != '}') {
		lex_fail(c, "invalid char escape");
		return END;
	}
	next(c);
	return next(c);
}

static uint32_t scan_escape(struct compilation *c, uint32_t quote)
{
	uint32_t r = next(c);
	if (r == quote || among(r, "abfnrtv\\"))
		return next(c);
	if (r >= '0' && r <= '7')
		return scan_digits(c, r, 8, 3);
	if (r == 'x')
		return scan_digits(c, next(c), 16, 2);
	if (r == 'u')
		return peek(c) == '{' ? scan_braces(c) : scan_digits(c, next(c), 16, 4);
	if (r == 'U')
		return scan_digits(c, next(c), 16, 8);
	lex_fail(c, "invalid char escape");
	return r;
}

static bool scan_string(struct compilation *c, uint32_t quote)
{
	uint32_t r = next(c);
	while (r != quote && !c->failed) {
		if (r == '\n' || r == END)
			lex_fail(c, "literal not terminated");
		else
			r = r == '\\' ? scan_escape(c, quote) : next(c);
	}
	return !c->failed;
}

static uint32_t read_number(const char **p, unsigned base, unsigned n)
{
	uint32_t v = 0;
	for (; n && digit_value((uint8_t) * *p) < base; n--, ++*p)
		v = v * base + digit_value((uint8_t) * *p);
	return v;
}

/* The code point or byte of an escape that was scanned, behind its backslash. END: it is none. */
static uint32_t read_escape(const char **p, bool bytes, bool *rune)
{
	static const char letters[] = "abfnrtv", controls[] = "\a\b\f\n\r\t\v";
	char e = *(*p)++;
	const char *at = strchr(letters, e);
	if (e && at)
		return (uint8_t)controls[at - letters];
	*rune = !bytes;
	if (e == 'x')
		return read_number(p, 16, 2);
	if (e >= '0' && e <= '3') {
		--*p;
		return read_number(p, 8, 3);
	}
	if ((e == 'u' || e == 'U') && !bytes) {
		bool braces = **p == '{';
		*p += braces;
		uint32_t v = read_number(p, 16, e == 'U' ? 8 : braces ? 6 : 4);
		*p += braces;
		return v <= 0x10ffff ? v : END;
	}
	*rune = false;
	return strchr("\\'\"", e) ? (uint8_t)e : END;
}

/* What a scanned literal says: escapes replaced, line ends made '\n'. */
static void unescape(struct compilation *c, enum token_kind kind, uint32_t prefix)
{
	const char *p = c->source + c->start_byte + prefix + 1, *end = c->source + c->at_byte - 1;
	char *out = compile_alloc(c, (size_t)(end - p) + 1), *o = out;
	while (p < end) {
		bool rune = false;
		if (*p == '\r') {
			*o++ = '\n';
			p += p + 1 < end && p[1] == '\n' ? 2 : 1;
			continue;
		}
		if (*p != '\\') {
			*o++ = *p++;
			continue;
		}
		p++;
		uint32_t r = read_escape(&p, kind == TOKEN_BYTES, &rune);
		if (r == END) {
			lex_fail(c, "unable to unescape string");
			return;
		}
		if (rune)
			o += sodns_utf8_write(r, o);
		else
			*o++ = (char)r;
	}
	take_text(c, kind, out, (uint32_t)(o - out));
}

/* `raw`, in which a quote is doubled. */
static void raw_string(struct compilation *c)
{
	for (;;) {
		uint32_t r = next(c);
		if (r == '`' && peek(c) == '`') {
			next(c);
			continue;
		}
		if (r == END)
			lex_fail(c, "literal not terminated");
		if (r == END || r == '`')
			break;
	}
	if (c->failed)
		return;
	const char *p = c->source + c->start_byte + 1, *end = c->source + c->at_byte - 1;
	char *out = compile_alloc(c, (size_t)(end - p) + 1), *o = out;
	for (; p < end; p += *p == '`' ? 2 : 1)
		*o++ = *p;
	take_text(c, TOKEN_STRING, out, (uint32_t)(o - out));
}

static bool scan_number(struct compilation *c)
{
	const char *digits = "0123456789_";
	if (accept(c, "0")) {
		if (accept(c, "xX"))
			digits = "0123456789abcdefABCDEF_";
		else if (accept(c, "oO"))
			digits = "01234567_";
		else if (accept(c, "bB"))
			digits = "01_";
	}
	accept_run(c, digits);
	uint32_t byte = c->at_byte, rune = c->at_rune;
	if (accept(c, ".")) {
		if (peek(c) == '.') { /* a range */
			c->at_byte = byte;
			c->at_rune = rune;
			return true;
		}
		accept_run(c, digits);
	}
	if (accept(c, "eE")) {
		accept(c, "+-");
		accept_run(c, digits);
	}
	if (!is_word(peek(c)))
		return true;
	next(c);
	return false;
}

static void number(struct compilation *c)
{
	if (scan_number(c)) {
		take(c, TOKEN_NUMBER);
		return;
	}
	char text[160];
	snprintf(text, sizeof(text), "bad number syntax: \"%.*s\"",
		 (int)(c->at_byte - c->start_byte), c->source + c->start_byte);
	lex_fail(c, text);
}

bool word_is_plain(const char *text, size_t len)
{
	static const char *const keywords[] = {"not",     "in",       "or",         "and",
					       "matches", "contains", "startsWith", "endsWith",
					       "let",     "if",       "else"};
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (text_is(text, len, keywords[i]))
			return false;
	return true;
}

static void word(struct compilation *c)
{
	while (is_word(peek(c)))
		next(c);
	const char *text = c->source + c->start_byte;
	bool plain = c->plain_word || word_is_plain(text, c->at_byte - c->start_byte);
	c->plain_word = false;
	take(c, plain ? TOKEN_IDENTIFIER : TOKEN_OPERATOR);
}

/* Behind a '/': whether it began a comment, which is skipped. */
static bool comment(struct compilation *c)
{
	if (accept(c, "/")) {
		uint32_t r = next(c);
		while (r != END && r != '\n')
			r = next(c);
		return true;
	}
	if (!accept(c, "*"))
		return false;
	for (uint32_t r = next(c); !(r == '*' && accept(c, "/")); r = next(c))
		if (r == END) {
			lex_fail(c, "unclosed comment");
			break;
		}
	return true;
}

static void sign(struct compilation *c, uint32_t r)
{
	if (among(r, "([{)]}")) {
		take(c, TOKEN_BRACKET);
		return;
	}
	if (r == '.' && peek(c) >= '0' && peek(c) <= '9') {
		number(c);
		return;
	}
	if (r == '#')
		c->plain_word = !accept(c, "#") && is_word(peek(c));
	else if (among(r, "|:."))
		accept(c, r == '|' ? "|" : r == ':' ? ":" : ".");
	else if (r == '?')
		accept(c, ".?");
	else if (among(r, "&!=*<>"))
		accept(c, "&=*");
	else if (!among(r, ",;%+-^/")) {
		char text[64], utf8[5] = "";
		sodns_utf8_write(r, utf8);
		snprintf(text, sizeof(text), "unrecognized character: U+%04X '%s'", r, utf8);
		lex_fail(c, text);
		return;
	}
	take(c, TOKEN_OPERATOR);
}

static void end(struct compilation *c)
{
	c->token = (struct token){.kind = TOKEN_EOF, .at = c->at_rune ? c->at_rune - 1 : 0};
}

void lex(struct compilation *c)
{
	uint32_t r;
	do {
		c->start_byte = c->at_byte;
		c->start_rune = c->at_rune;
		r = next(c);
	} while (r != END && !c->failed && (is_space(r) || (r == '/' && comment(c))));
	if (c->failed)
		return;
	bool bytes = (r == 'b' || r == 'B') && among(peek(c), "'\"");
	if (r == END)
		end(c);
	else if (r == '\'' || r == '"') {
		if (scan_string(c, r))
			unescape(c, TOKEN_STRING, 0);
	} else if (r == '`')
		raw_string(c);
	else if (bytes) {
		if (scan_string(c, next(c)))
			unescape(c, TOKEN_BYTES, 1);
	} else if (is_letter(r) || (c->plain_word && is_word(r)))
		word(c);
	else if (r >= '0' && r <= '9') {
		c->at_byte = c->start_byte;
		c->at_rune = c->start_rune;
		number(c);
	} else
		sign(c, r);
}
