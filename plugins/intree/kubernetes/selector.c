/*
 * Label selectors, as `labels` and `namespace_labels` take them: read, checked, and put into the form
 * in which client-go sends them: sorted by key, with the values of sets sorted.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes.h"

#define VALUES_MAX 64

enum token { END, WORD, OPEN, CLOSE, COMMA, NOT, EQUAL, NOT_EQUAL, GREATER, LESS };

struct reader {
	const char *at;
	enum token token;
	char text[320]; /* of the token */
	char *err;
	size_t err_size;
};

struct requirement {
	char key[320], op; /* '=', 'i' in, 'n' notin, 'e' exists, '!' does not */
	char *values[VALUES_MAX];
	unsigned count;
	unsigned order; /* in the text: of two equalities for a key the last one holds */
};

static bool fail(struct reader *r, const char *format, const char *found)
{
	/* the formats are this file's own */
	char why[512];
	const char *at = strstr(format, "%s");
	snprintf(why, sizeof(why), "%.*s%s%s", (int)(at - format), format, found, at + 2);
	snprintf(r->err, r->err_size, "%s", why);
	return false;
}

static void step(struct reader *r)
{
	static const char special[] = "()!,=<>";
	size_t n = 0;
	while (isspace((unsigned char)*r->at))
		r->at++;
	char c = *r->at;
	if (!c) {
		r->token = END;
	} else if (!strchr(special, c)) {
		r->token = WORD;
		while (r->at[n] && !strchr(special, r->at[n]) && !isspace((unsigned char)r->at[n]))
			n++;
	} else {
		bool twice = (c == '=' || c == '!') && r->at[1] == '=';
		n = 1 + twice;
		r->token = c == '('   ? OPEN
			   : c == ')' ? CLOSE
			   : c == ',' ? COMMA
			   : c == '=' ? EQUAL
			   : c == '>' ? GREATER
			   : c == '<' ? LESS
			   : twice    ? NOT_EQUAL
				      : NOT;
	}
	snprintf(r->text, sizeof(r->text), "%.*s", (int)n, r->at);
	r->at += n;
}

static bool word_is_good(const char *text, size_t len)
{
	if (len > 63 ||
	    (len && (!isalnum((unsigned char)text[0]) || !isalnum((unsigned char)text[len - 1]))))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
			return false;
	return true;
}

static bool check_key(struct reader *r, const char *key)
{
	const char *slash = strchr(key, '/'), *name = slash ? slash + 1 : key;
	if (*name && word_is_good(name, strlen(name)) &&
	    (!slash || (slash != key && slash - key <= 253)))
		return true;
	return fail(r,
		    "key: Invalid value: \"%s\": a label's key consists of alphanumeric "
		    "characters, '-', '_' or '.'",
		    key);
}

static bool add_value(struct reader *r, struct requirement *q)
{
	const char *text = r->token == WORD ? r->text : "";
	if (!word_is_good(text, strlen(text)))
		return fail(r,
			    "values: Invalid value: \"%s\": a valid label must be an empty "
			    "string or consist of alphanumeric characters, '-', '_' or '.', "
			    "and must start and end with an alphanumeric character",
			    text);
	if (q->count == VALUES_MAX)
		return fail(r, "too many values at '%s'", text);
	q->values[q->count] = strdup(text);
	if (!q->values[q->count])
		abort();
	q->count++;
	return true;
}

/* "(a, b)"; an empty word counts as one. */
static bool read_values(struct reader *r, struct requirement *q)
{
	step(r);
	if (r->token != OPEN)
		return fail(r, "found '%s' expected: '('", r->text);
	do {
		step(r);
		if (!add_value(r, q))
			return false;
		if (r->token == WORD)
			step(r);
	} while (r->token == COMMA);
	if (r->token != CLOSE)
		return fail(r, "found '%s', expected: ')'", r->text);
	step(r);
	return true;
}

/* The value of an equality, which may be nothing. */
static bool read_value(struct reader *r, struct requirement *q)
{
	step(r);
	if (r->token != WORD && r->token != COMMA && r->token != END)
		return fail(r, "found '%s', expected: identifier", r->text);
	if (!add_value(r, q))
		return false;
	if (r->token == WORD)
		step(r);
	return true;
}

static bool untaken(struct reader *r, const char *op)
{
	snprintf(r->err, r->err_size, "\"%s\" is not a valid label selector operator", op);
	return false;
}

static bool read_operator(struct reader *r, struct requirement *q)
{
	if (r->token == END || r->token == COMMA) {
		q->op = 'e';
		return true;
	}
	if (r->token == EQUAL) {
		q->op = '=';
		return read_value(r, q);
	}
	if (r->token == NOT_EQUAL)
		return untaken(r, "!=");
	if (r->token == GREATER)
		return untaken(r, "gt");
	if (r->token == LESS)
		return untaken(r, "lt");
	if (r->token == WORD && (!strcmp(r->text, "in") || !strcmp(r->text, "notin"))) {
		q->op = r->text[0] == 'i' ? 'i' : 'n';
		return read_values(r, q);
	}
	return fail(r, "found '%s', expected: in, notin, =, ==, !=, gt, lt", r->text);
}

/* One requirement; the reader stands at its first token, and behind it afterwards. */
static bool read_requirement(struct reader *r, struct requirement *q)
{
	bool not = r->token == NOT;
	if (not )
		step(r);
	if (r->token != WORD)
		return fail(r, "found '%s', expected: identifier", r->text);
	if (!check_key(r, r->text))
		return false;
	snprintf(q->key, sizeof(q->key), "%s", r->text);
	step(r);
	if (!not )
		return read_operator(r, q);
	q->op = '!';
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_key(const void *a, const void *b)
{
	const struct requirement *x = a, *y = b;
	int order = strcmp(x->key, y->key);
	return order ? order : (int)x->order - (int)y->order;
}

static void write_one(FILE *out, struct requirement *q)
{
	if (q->op == '!')
		fputc('!', out);
	fputs(q->key, out);
	if (q->op == '=')
		fprintf(out, "=%s", q->values[0]);
	if (q->op != 'i' && q->op != 'n')
		return;
	qsort(q->values, q->count, sizeof(q->values[0]), by_text);
	fputs(q->op == 'i' ? " in (" : " notin (", out);
	for (unsigned i = 0; i < q->count; i++)
		if (!i || strcmp(q->values[i], q->values[i - 1]))
			fprintf(out, "%s%s", i ? "," : "", q->values[i]);
	fputc(')', out);
}

static char *write_all(struct requirement *all, unsigned count)
{
	char *text = NULL;
	size_t len;
	const char *separator = "";
	FILE *out = open_memstream(&text, &len);
	qsort(all, count, sizeof(*all), by_key);
	for (unsigned i = 0; i < count; i++) {
		bool replaced = false;
		for (unsigned k = i + 1; k < count && !strcmp(all[k].key, all[i].key); k++)
			replaced |= all[i].op == '=' && all[k].op == '=';
		if (replaced)
			continue;
		fputs(separator, out);
		write_one(out, &all[i]);
		separator = ",";
	}
	fclose(out);
	return text;
}

static bool read_all(struct reader *r, struct requirement **all, unsigned *count)
{
	char why[512];
	step(r);
	while (r->token == WORD || r->token == NOT) {
		struct requirement *more = realloc(*all, (*count + 1) * sizeof(**all));
		if (!more)
			abort();
		*all = more;
		more += *count;
		*more = (struct requirement){.order = (*count)++};
		if (!read_requirement(r, more)) {
			snprintf(why, sizeof(why), "%s", r->err);
			bool ours = strstr(why, "valid label selector operator") != NULL;
			snprintf(r->err, r->err_size, "%s%s",
				 ours ? "" : "unable to parse requirement: ", why);
			return false;
		}
		if (r->token == END)
			return true;
		if (r->token != COMMA)
			return fail(r, "found '%s', expected: ',' or 'end of string'", r->text);
		step(r);
		if (r->token != WORD && r->token != NOT)
			return fail(r, "found '%s', expected: identifier after ','", r->text);
	}
	return r->token == END ||
	       fail(r, "found '%s', expected: !, identifier, or 'end of string'", r->text);
}

char *selector_read(const char *text, char *err, size_t err_size)
{
	char why[640], *out = NULL;
	struct reader r = {.at = text, .err = why, .err_size = sizeof(why)};
	struct requirement *all = NULL;
	unsigned count = 0;
	if (read_all(&r, &all, &count))
		out = write_all(all, count);
	else if (strstr(why, "valid label selector operator"))
		snprintf(err, err_size, "%s", why);
	else
		snprintf(err, err_size, "couldn't parse the selector string \"%s\": %s", text, why);
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; k < all[i].count; k++)
			free(all[i].values[k]);
	free(all);
	return out;
}
