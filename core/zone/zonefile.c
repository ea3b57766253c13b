/*
 * Master files, entry by entry: owner, TTL, class, type, RDATA; and the directives.
 */
#include "zone/zonefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/file.h>

#include "zone/scan.h"

/* Whether the parenthesis in which the scanner stands is closed before another one opens. */
static bool paren_closes(const scanner_t *s)
{
	if (s->parens > 1)
		return false;
	bool comment = false, quote = false;
	for (const char *p = s->p; p < s->end; p++) {
		if (*p == '\\' && p + 1 < s->end && p[1] != '\n')
			p++;
		else if (*p == '"' && !comment)
			quote = !quote;
		else if (*p == '\n')
			comment = false;
		else if (*p == ';' && !quote)
			comment = true;
		else if ((*p == '(' || *p == ')') && !comment && !quote)
			return *p == ')';
	}
	return false;
}

/* What is not closed, and on which line it begins; NULL: all is. */
static const char *unbalanced(const scanner_t *s, unsigned *line)
{
	*line = s->quote_line;
	if (*line)
		return "unbalanced quote: it is not closed on this line";
	*line = s->paren_line;
	return s->parens && !paren_closes(s) ? "unbalanced brace: the \"(\" is not closed" : NULL;
}

int scan_error(scanner_t *s, const char *format, ...)
{
	char text[1024];
	unsigned line;
	const char *open = unbalanced(s, &line);
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (!open)
		snprintf(s->err, s->err_size, "%s:%u: %s", s->file, s->line, text);
	else if (line == s->line)
		snprintf(s->err, s->err_size, "%s:%u: %s (%s)", s->file, line, open, text);
	else
		snprintf(s->err, s->err_size, "%s:%u: %s (line %u: %s)", s->file, line, open,
			 s->line, text);
	return -1;
}

static int end_of_entry(scanner_t *s)
{
	word_t w;
	if (scan_word(s, &w))
		return scan_error(s, "garbage after record: \"%.*s\"", (int)w.len, w.at);
	if (s->open_quote)
		return scan_error(s, "the end of the file");
	return s->parens ? scan_error(s, "the end of the file") : 0;
}

static bool word_is(const word_t *w, const char *text)
{
	return !w->quoted && strlen(text) == w->len && !strncasecmp(w->at, text, w->len);
}

/* The four types that most lines have need no table. */
static uint16_t type_fast(const word_t *w)
{
	const char *t = w->at;
	if (w->len == 1 && (t[0] | 32) == 'a')
		return SODNS_TYPE_A;
	if (w->len == 2 && (t[0] | 32) == 'n' && (t[1] | 32) == 's')
		return SODNS_TYPE_NS;
	if (w->len == 4 && !strncasecmp(t, "AAAA", 4))
		return SODNS_TYPE_AAAA;
	return scan_type(w);
}

/* A number, with units or without, that scan_ttl() refused. No type begins like it. */
static bool is_ttl_out_of_range(const word_t *w)
{
	size_t i = w->len > 1 && *w->at == '-';
	if (i == w->len || w->at[i] < '0' || w->at[i] > '9')
		return false;
	while (i < w->len && w->at[i] && strchr("0123456789smhdwSMHDW", w->at[i]))
		i++;
	return i == w->len;
}

/* [TTL] [CLASS] TYPE, the first two in any order. Returns the type, 0 after an error. */
static uint16_t read_head(scanner_t *s, uint32_t *ttl, uint16_t *rclass, bool *ttl_given,
			  bool *bare)
{
	word_t w;
	*rclass = SODNS_CLASS_IN;
	*ttl_given = false;
	*bare = false;
	for (int i = 0; i < 3; i++) {
		if (!scan_word(s, &w)) {
			scan_error(s, "record without a type");
			return 0;
		}
		if (w.len == 2 && (w.at[0] | 32) == 'i' && (w.at[1] | 32) == 'n')
			continue;
		if (w.len && w.at[0] >= '0' && w.at[0] <= '9' && !*ttl_given && scan_ttl(&w, ttl)) {
			*ttl_given = true;
			continue;
		}
		uint16_t type = type_fast(&w);
		if (type) {
			*bare = !i;
			return type;
		}
		char text[16];
		size_t n = w.len < 15 ? w.len : 15;
		memcpy(text, w.at, n);
		text[n] = 0;
		*rclass = sodns_class_from_text(text);
		if (!*rclass) {
			if (is_ttl_out_of_range(&w) && !*ttl_given)
				scan_error(s, "TTL must be in range [0, 4294967295]: \"%.*s\"",
					   (int)w.len, w.at);
			else
				scan_error(s, "unknown type: \"%.*s\"", (int)w.len, w.at);
			return 0;
		}
	}
	scan_error(s, "record without a type");
	return 0;
}

/* The last field of the SOA in hand: the TTL of records that have none from anywhere else (RFC 1035,
 * 3.3.13). */
static void note_minimum(scanner_t *s)
{
	const uint8_t *p = s->rdata + s->rdata_len - 4;
	s->minimum = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	s->minimum_known = true;
}

static int read_record(scanner_t *s)
{
	uint32_t ttl = s->ttl;
	uint16_t rclass;
	bool given, bare;
	unsigned line = s->line;
	uint16_t type = read_head(s, &ttl, &rclass, &given, &bare);
	if (!type)
		return -1;
	if (given && !s->ttl_fixed) {
		s->ttl = ttl;
		s->ttl_known = true;
	}
	if (scan_rdata(s, type) || end_of_entry(s))
		return -1;
	if (type == SODNS_TYPE_SOA && s->options->soa_ttl)
		note_minimum(s);
	if (!given && !s->ttl_known) {
		if (s->options->soa_ttl && !s->minimum_known && bare && !s->blank)
			return scan_error(s, "missing TTL with no previous value");
		ttl = s->minimum_known ? s->minimum : s->options->default_ttl;
	}
	zonefile_record_t rr = {s->owner, type, rclass, ttl, s->rdata, (uint16_t)s->rdata_len,
				s->file,  line};
	char why[512] = "";
	if (s->fn(s->ctx, &rr, why, sizeof(why)))
		return scan_error(s, "%s", why);
	return 0;
}

static int include(scanner_t *s);

static int read_directive(scanner_t *s, const word_t *name)
{
	word_t w;
	if (word_is(name, "$INCLUDE"))
		return include(s);
	if (word_is(name, "$GENERATE"))
		return scan_generate(s);
	bool ttl = word_is(name, "$TTL");
	if (!ttl && !word_is(name, "$ORIGIN"))
		return scan_error(s, "unknown directive: \"%.*s\"", (int)name->len, name->at);
	if (!scan_word(s, &w))
		return scan_error(s, "%.*s wants an argument", (int)name->len, name->at);
	if (ttl) {
		if (!scan_ttl(&w, &s->ttl))
			return scan_error(s,
					  "expecting $TTL value, not this...: \"%.*s\": it is in "
					  "range [0, 4294967295]",
					  (int)w.len, w.at);
		s->ttl_known = s->ttl_fixed = true;
		return end_of_entry(s);
	}
	uint8_t origin[SODNS_NAME_MAX];
	size_t n = scan_name(s, &w, true, origin);
	if (!n)
		return scan_error(s, "bad origin name: \"%.*s\"", (int)w.len, w.at);
	memcpy(s->origin, origin, n);
	s->origin_len = n;
	return end_of_entry(s);
}

/* One entry; its first word tells what it is. */
static int read_entry(scanner_t *s)
{
	word_t w;
	s->blank = *s->p == ' ' || *s->p == '\t';
	if (s->blank) {
		if (!scan_more(s))
			return 0;
		if (!s->owner_known)
			return scan_error(s, "record without an owner name");
		return read_record(s);
	}
	if (!scan_word(s, &w))
		return end_of_entry(s);
	if (!w.quoted && *w.at == '$')
		return read_directive(s, &w);
	if (!scan_name(s, &w, true, s->owner))
		return scan_error(s, "bad owner name: \"%.*s\"", (int)w.len, w.at);
	s->owner_known = true;
	return read_record(s);
}

/* Behind the end of the line on which an entry ended. */
static void next_line(scanner_t *s)
{
	const char *nl = s->p < s->end ? memchr(s->p, '\n', (size_t)(s->end - s->p)) : NULL;
	s->p = nl ? nl + 1 : s->end;
	s->line++;
}

/* Editors put a byte order mark in front; of UTF-8 it means nothing. */
static int pass_mark(scanner_t *s)
{
	size_t len = (size_t)(s->end - s->p);
	if (len >= 3 && !memcmp(s->p, "\xef\xbb\xbf", 3))
		s->p += 3;
	else if (len >= 2 && (!memcmp(s->p, "\xff\xfe", 2) || !memcmp(s->p, "\xfe\xff", 2)))
		return scan_error(s, "the file is written in UTF-16: master files are ASCII");
	return 0;
}

static int scan_all(scanner_t *s)
{
	if (pass_mark(s))
		return -1;
	while (s->p < s->end) {
		s->parens = s->quote_line = 0;
		if (read_entry(s))
			return -1;
		next_line(s);
	}
	return 0;
}

int scan_lines(scanner_t *s, const char *text, size_t len)
{
	const char *p = s->p, *end = s->end;
	unsigned line = s->line;
	s->p = text;
	s->end = text + len;
	int rc = 0;
	while (s->p < s->end && !rc) {
		s->parens = s->quote_line = 0;
		s->line = line;
		rc = read_entry(s);
		if (!rc)
			next_line(s);
	}
	s->p = p;
	s->end = end;
	s->line = line;
	return rc;
}

/* The whole file: a zone that is cut short under a mapping would be a SIGBUS. */
static char *read_whole(const char *path, size_t *len, char *err, size_t err_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || S_ISDIR(st.st_mode)) {
		sodns_file_error(err, err_size, "open", path,
				 fd >= 0 && S_ISDIR(st.st_mode) ? EISDIR : errno);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	size_t room = (size_t)st.st_size + 1;
	char *text = malloc(room);
	ssize_t n = 1;
	*len = 0;
	while (text && n > 0 && *len < room - 1) {
		n = read(fd, text + *len, room - 1 - *len);
		if (n > 0)
			*len += (size_t)n;
	}
	if (n < 0 || !text)
		snprintf(err, err_size, "read %s: %s", path,
			 text ? strerror(errno) : "out of memory");
	close(fd);
	if (n >= 0)
		return text;
	free(text);
	return NULL;
}

static void relative_to(const char *file, const char *path, size_t len, char out[PATH_MAX])
{
	const char *slash = *path == '/' ? NULL : strrchr(file, '/');
	snprintf(out, PATH_MAX, "%.*s%.*s", slash ? (int)(slash - file + 1) : 0, file, (int)len,
		 path);
}

/* $INCLUDE FILE [ORIGIN]: origin and owner are this file's again afterwards (RFC 1035, 5.1). */
static int include(scanner_t *s)
{
	word_t w, origin;
	char path[PATH_MAX];
	scanner_t inner = *s;
	if (s->options->no_include || !scan_word(s, &w))
		return scan_error(s, s->options->no_include ? "$INCLUDE directive not allowed"
							    : "$INCLUDE wants a file");
	if (s->depth >= INCLUDE_DEPTH_MAX)
		return scan_error(s, "too deeply nested $INCLUDE");
	if (scan_word(s, &origin) &&
	    !(inner.origin_len = scan_name(s, &origin, true, inner.origin)))
		return scan_error(s, "bad origin name: \"%.*s\"", (int)origin.len, origin.at);
	if (end_of_entry(s))
		return -1;
	relative_to(s->file, w.at, w.len, path);
	size_t len;
	char why[PATH_MAX + 64];
	if (s->options->files)
		++*s->options->files;
	char *text = read_whole(path, &len, why, sizeof(why));
	if (!text)
		return scan_error(s, "failed to open: %s", why);
	inner.file = path;
	inner.p = text;
	inner.end = text + len;
	inner.line = 1;
	inner.depth++;
	int rc = scan_all(&inner);
	s->minimum = inner.minimum;
	s->minimum_known = inner.minimum_known;
	free(text);
	return rc;
}

int zonefile_parse_text(const char *name, const char *text, size_t len, const zonefile_options_t *o,
			zonefile_record_f fn, void *ctx, char *err, size_t err_size)
{
	scanner_t s = {.file = name,
		       .p = text,
		       .end = text + len,
		       .line = 1,
		       .options = o,
		       .fn = fn,
		       .ctx = ctx,
		       .err = err,
		       .err_size = err_size};
	s.origin_len = sodns_name_lower(o->origin, s.origin);
	s.rdata = malloc(RDATA_MAX);
	s.rdata_room = RDATA_MAX;
	if (!s.rdata)
		return scan_error(&s, "out of memory");
	int rc = scan_all(&s);
	free(s.rdata);
	return rc;
}

/* Notes that a record came, and stops. */
struct first {
	zonefile_record_f fn;
	void *ctx;
	bool came, refused;
};

static int take_first(void *ctx, const zonefile_record_t *rr, char *err, size_t err_size)
{
	struct first *f = ctx;
	f->came = true;
	f->refused = f->fn(f->ctx, rr, err, err_size) != 0;
	return 1;
}

int zonefile_parse_first(const char *text, size_t len, const zonefile_options_t *o, uint8_t *rdata,
			 size_t size, zonefile_record_f fn, void *ctx, char *err, size_t err_size)
{
	struct first f = {.fn = fn, .ctx = ctx};
	scanner_t s;
	/* Not the names in it, which are written before they are read. */
	memset(&s, 0, offsetof(scanner_t, origin));
	s.file = "";
	s.p = text;
	s.end = text + len;
	s.line = 1;
	s.options = o;
	s.fn = take_first;
	s.ctx = &f;
	s.err = err;
	s.err_size = err_size;
	s.origin_len = sodns_name_lower(o->origin, s.origin);
	s.owner_known = false;
	s.rdata = rdata;
	s.rdata_room = size < RDATA_MAX ? size : RDATA_MAX;
	s.rdata_len = 0;
	int rc = scan_all(&s);
	if (f.came)
		return f.refused ? -1 : 0;
	return rc ? rc : 1;
}

int zonefile_parse_file(const char *path, const zonefile_options_t *o, zonefile_record_f fn,
			void *ctx, char *err, size_t err_size)
{
	size_t len;
	char *text = read_whole(path, &len, err, err_size);
	if (o->files)
		++*o->files;
	if (!text)
		return -1;
	int rc = zonefile_parse_text(path, text, len, o, fn, ctx, err, err_size);
	free(text);
	return rc;
}
