/*
 * The text of a key file, word by word:
 *
 *	key "NAME" { algorithm WORD; secret "BASE64"; };
 *
 * with blanks, lines and comments wherever named.conf may have them. Semicolons may be missing, as
 * CoreDNS, which goes by lines, does not look at them.
 */
#include "keyfile.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 2048
#define ALGORITHM_MAX 256

struct scanner {
	const char *at, *end;
	unsigned line;
	char word[WORD_MAX]; /* the last one read */
	bool quoted;
	char *err;
	size_t err_size;
};

static int complain(struct scanner *s, const char *what)
{
	snprintf(s->err, s->err_size, "%u: %s \"%.200s\"", s->line, what, s->word);
	return -1;
}

static bool starts(const struct scanner *s, const char *text)
{
	size_t n = strlen(text);
	return (size_t)(s->end - s->at) >= n && !memcmp(s->at, text, n);
}

static void skip_to(struct scanner *s, const char *text)
{
	while (s->at < s->end && !starts(s, text))
		s->line += *s->at++ == '\n';
	if (s->at < s->end && *text != '\n')
		s->at += strlen(text);
}

static void skip_blanks(struct scanner *s)
{
	while (s->at < s->end) {
		if (starts(s, "#") || starts(s, "//"))
			skip_to(s, "\n");
		else if (starts(s, "/*"))
			skip_to(s, "*/");
		else if (strchr(" \t\r\n", *s->at) && *s->at)
			s->line += *s->at++ == '\n';
		else
			return;
	}
}

/* Up to the quote that ends it. */
static bool read_quoted(struct scanner *s)
{
	size_t n = 0;
	s->quoted = true;
	for (s->at++; s->at < s->end && *s->at != '"' && *s->at != '\n' && n < WORD_MAX - 1;)
		s->word[n++] = *s->at++;
	s->word[n] = 0;
	return s->at < s->end && *s->at++ == '"';
}

/* A word, a quoted word, or one of { } ; -- false at the end, or where there is none. */
static bool next(struct scanner *s)
{
	size_t n = 0;
	s->quoted = false;
	s->word[0] = 0;
	skip_blanks(s);
	if (s->at == s->end)
		return false;
	if (*s->at == '"')
		return read_quoted(s);
	do
		s->word[n++] = *s->at++;
	while (!strchr("{};", s->word[0]) && s->at < s->end && n < WORD_MAX - 1 && *s->at &&
	       !strchr(" \t\r\n\"{};", *s->at));
	s->word[n] = 0;
	return true;
}

static bool is(const struct scanner *s, const char *text)
{
	return !s->quoted && !strcmp(s->word, text);
}

/* What stands between the braces; it goes to `secret` and `algorithm`, which are empty at first. */
static int read_body(struct scanner *s, char secret[WORD_MAX], char algorithm[ALGORITHM_MAX])
{
	while (next(s) && !is(s, "}")) {
		bool of_secret = is(s, "secret");
		if (is(s, ";"))
			continue;
		if (!of_secret && !is(s, "algorithm"))
			return complain(s, "unexpected token");
		if (!next(s) || !*s->word || (!s->quoted && strchr("{};", *s->word)))
			return complain(s,
					of_secret ? "expected secret key" : "expected algorithm");
		if (of_secret)
			memcpy(secret, s->word, WORD_MAX);
		else
			snprintf(algorithm, ALGORITHM_MAX, "%.*s", ALGORITHM_MAX - 1, s->word);
	}
	return is(s, "}") ? 0 : complain(s, "key without end");
}

int keyfile_parse(const char *text, size_t len,
		  int (*fn)(void *arg, const struct key_text *key, char *err, size_t err_size),
		  void *arg, char *err, size_t err_size)
{
	struct scanner s = {
		.at = text, .end = text + len, .line = 1, .err = err, .err_size = err_size};
	while (next(&s)) {
		char name[WORD_MAX], secret[WORD_MAX] = "", algorithm[ALGORITHM_MAX] = "";
		const struct key_text key = {name, secret, algorithm};
		if (is(&s, ";"))
			continue;
		if (!is(&s, "key"))
			return complain(&s, "unexpected token");
		if (!next(&s) || !*s.word || (!s.quoted && strchr("{};", *s.word)))
			return complain(&s, "expected key name");
		memcpy(name, s.word, WORD_MAX);
		if (!next(&s) || !is(&s, "{"))
			return complain(&s, "unexpected token");
		if (read_body(&s, secret, algorithm))
			return -1;
		memcpy(s.word, name, WORD_MAX);
		if (!*secret)
			return complain(&s, "expected secret for key");
		if (fn(arg, &key, err, err_size))
			return -1;
	}
	return s.at < s.end || s.quoted ? complain(&s, "unexpected token") : 0;
}
