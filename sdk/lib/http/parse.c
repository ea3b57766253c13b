/*
 * A head is gathered until its empty line has come, each byte looked at once, and is then cut into texts
 * where it lies. A body is not gathered: it passes in the pieces in which it comes.
 */
#include "parse.h"
#include "room.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXTENSION_MAX 256u
#define KEEP_ROOM 2048u

enum { CONTROL = 'C', TOKEN = 'T' };

/* Of each character of ASCII: may it stand in a token, or in nothing (RFC 9110, 5.5 and 5.6.2). */
static const char kinds[] = "CCCCCCCCC_CCCCCCCCCCCCCCCCCCCCCC"
			    "_T_TTTTT__TT_TT_TTTTTTTTTT______"
			    "_TTTTTTTTTTTTTTTTTTTTTTTTTT___TT"
			    "TTTTTTTTTTTTTTTTTTTTTTTTTTT_T_TC";

static char kind(uint8_t c)
{
	return c < 0x80 ? kinds[c] : '_';
}

static enum http1_event wrong(http1_reader_t *r, unsigned status, const char *why)
{
	r->state = HTTP1_BROKEN;
	r->status = status;
	r->why = why;
	return HTTP1_WRONG;
}

static bool gather(http1_reader_t *r, const uint8_t *bytes, size_t len)
{
	char *text = http_room(r->text, &r->room, r->len, len + 1);
	if (!text)
		return false;
	r->text = text;
	memcpy(r->text + r->len, bytes, len);
	r->len += len;
	return true;
}

/* How many of the bytes are the head's, to its end or all of them; *ends: it ends there. -1: a line ends
 * as none may, or has a character that stands in none. */
static ptrdiff_t head_length(const http1_reader_t *r, const uint8_t *bytes, size_t len, bool *ends)
{
	bool cr = r->len && r->text[r->len - 1] == '\r';
	/* Where the line began: relative to the bytes, at most two before them matter. */
	bool empty = !r->len || r->text[r->len - 1] == '\n' ||
		     (cr && (r->len == 1 || r->text[r->len - 2] == '\n'));
	*ends = false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = bytes[i];
		if (cr != (c == '\n'))
			return -1;
		if (c == '\n' && empty) {
			*ends = true;
			return (ptrdiff_t)i + 1;
		}
		cr = c == '\r';
		if (!cr && c != '\n' && kind(c) == CONTROL)
			return -1;
		empty = c == '\n' || (empty && cr);
	}
	return (ptrdiff_t)len;
}

static void trim_blanks(char **from, char **to)
{
	while (**from == ' ' || **from == '\t')
		(*from)++;
	while (*to > *from && ((*to)[-1] == ' ' || (*to)[-1] == '\t'))
		(*to)--;
	**to = 0;
}

/* A line of a head, whose CR is at `end`. False: it is no field. */
static bool cut_field(http1_reader_t *r, char *line, char *end)
{
	char *colon = memchr(line, ':', (size_t)(end - line));
	if (!colon)
		return false;
	*colon = 0;
	if (!http1_is_token(line))
		return false;
	char *value = colon + 1;
	trim_blanks(&value, &end);
	r->fields[r->field_count++] = (sodns_http_field_t){.name = line,
							   .value = value,
							   .name_len = (uint32_t)(colon - line),
							   .value_len = (uint32_t)(end - value)};
	return true;
}

/* The lines behind the first. */
static enum http1_event cut_fields(http1_reader_t *r, char *at)
{
	r->field_count = 0;
	if (!r->fields && !(r->fields = malloc(HTTP1_FIELDS_MAX * sizeof(*r->fields))))
		return wrong(r, 500, "no memory");
	while (*at != '\r') {
		char *end = strchr(at, '\r');
		if (r->field_count == HTTP1_FIELDS_MAX)
			return wrong(r, 431, "too many fields");
		if (!cut_field(r, at, end))
			return wrong(r, 400, "a line that is no field");
		at = end + 2;
	}
	r->head.fields = r->fields;
	r->head.field_count = r->field_count;
	return HTTP1_HEAD;
}

/* "HTTP/1.1": 11, 10 for HTTP/1.0; 0: it is another version; -1: it is none. */
static int version_of(const char *text)
{
	if (strncmp(text, "HTTP/", 5) || text[5] < '0' || text[5] > '9' || text[6] != '.' ||
	    text[7] < '0' || text[7] > '9' || text[8])
		return -1;
	return text[5] != '1' ? 0 : text[7] == '0' ? 10 : 11;
}

/* "http://host/path" to authority and path (RFC 9112, 3.2.2). */
static bool cut_target(http1_reader_t *r, char *target)
{
	char *host = *target == '/' ? NULL : strstr(target, "://");
	r->head.authority = "";
	r->head.target = target;
	if (!host)
		return *target == '/' || !strcmp(target, "*");
	host += 3;
	char *path = host + strcspn(host, "/?");
	if (*path == '?')
		return false;
	r->head.target = *path ? path : "/";
	/* The authority needs an end of its own, where the path begins. */
	memmove(host - 1, host, (size_t)(path - host));
	path[-1] = 0;
	r->head.authority = host - 1;
	return true;
}

static enum http1_event cut_request(http1_reader_t *r, char *line)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;
	if (!version)
		return wrong(r, 400, "a first line that is none of a request");
	*target++ = *version++ = 0;
	int v = version_of(version);
	if (v < 0 || !http1_is_token(line) || !http1_is_target(target))
		return wrong(r, 400, "a first line that is none of a request");
	if (!v)
		return wrong(r, 505, "another version of HTTP");
	if (strlen(target) > r->limits.target)
		return wrong(r, 431, "too long a target");
	r->head.method = line;
	r->head.version = (unsigned)v;
	return cut_target(r, target) ? HTTP1_HEAD : wrong(r, 400, "a target that is none");
}

static enum http1_event cut_status(http1_reader_t *r, char *line)
{
	char *status = strchr(line, ' ');
	if (!status)
		return wrong(r, 0, "a first line that is none of a response");
	*status++ = 0;
	int v = version_of(line);
	bool digits = strspn(status, "0123456789") == 3 && (status[3] == ' ' || !status[3]);
	if (v <= 0 || !digits || *status == '0')
		return wrong(r, 0, "a first line that is none of a response");
	r->head.status = (unsigned)atoi(status);
	r->head.version = (unsigned)v;
	return HTTP1_HEAD;
}

/* What the fields say of the message around them. */
struct framing {
	unsigned hosts, lengths, codings;
	bool malformed, chunked, close, keep_alive, expects, expects_else;
	uint64_t length;
	const char *host;
};

static bool read_length(const char *text, uint64_t *out)
{
	size_t n = strspn(text, "0123456789");
	*out = strtoull(text, NULL, 10);
	return n && n <= 18 && !text[n];
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	while (*list) {
		list += strspn(list, " \t,");
		size_t n = strcspn(list, " \t,");
		if (n == len && !strncasecmp(list, word, n))
			return true;
		list += n;
	}
	return false;
}

static void look_at_field(struct framing *f, const sodns_http_field_t *field)
{
	const char *value = field->value;
	if (!strcasecmp(field->name, "content-length")) {
		f->lengths++;
		f->malformed |= !read_length(value, &f->length);
	} else if (!strcasecmp(field->name, "transfer-encoding")) {
		f->codings++;
		f->chunked = !strcasecmp(value, "chunked");
	} else if (!strcasecmp(field->name, "connection")) {
		f->close |= has_word(value, "close");
		f->keep_alive |= has_word(value, "keep-alive");
	} else if (!strcasecmp(field->name, "host")) {
		f->hosts++;
		f->host = value;
	} else if (!strcasecmp(field->name, "expect")) {
		f->expects = !strcasecmp(value, "100-continue");
		f->expects_else = !f->expects;
	}
}

static bool may_have_body(const http1_reader_t *r)
{
	unsigned status = r->head.status;
	return !r->no_body && (status < 100 || status > 199) && status != 204 && status != 304;
}

/* Where the body ends (RFC 9112, 6.3). */
static enum http1_event frame(http1_reader_t *r, const struct framing *f)
{
	bool old = r->head.version == 10;
	if (f->malformed || f->lengths > 1 || f->codings > 1 || (f->lengths && f->codings) ||
	    (f->codings && old))
		return wrong(r, 400, "it does not say plainly where its body ends");
	if (f->codings && !f->chunked)
		return wrong(r, 501, "a transfer coding other than chunked");
	r->keeps = old ? f->keep_alive && !f->close : !f->close;
	r->left = f->length;
	r->head.length = f->lengths ? (int64_t)f->length : -1;
	if (r->response ? !may_have_body(r) : !f->codings && !f->length)
		r->state = HTTP1_AT_END;
	else if (f->codings)
		r->state = HTTP1_IN_CHUNK_SIZE;
	else if (f->lengths)
		r->state = f->length ? HTTP1_IN_BODY : HTTP1_AT_END;
	else
		r->state = HTTP1_IN_REST;
	r->head.end = r->state == HTTP1_AT_END;
	if (r->state == HTTP1_IN_REST)
		r->keeps = false;
	r->digits = 0;
	return HTTP1_HEAD;
}

static size_t size_of_fields(const http1_reader_t *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->field_count; i++)
		n += r->fields[i].name_len + r->fields[i].value_len;
	return n;
}

static enum http1_event take_request(http1_reader_t *r, const struct framing *f)
{
	bool lacks_host = r->head.version > 10 && !f->hosts;
	if (f->hosts > 1 || lacks_host || (f->host && strpbrk(f->host, " \t/@,")))
		return wrong(r, 400, "not one host");
	if (f->host && !*r->head.authority)
		r->head.authority = f->host;
	if (f->expects_else && r->head.version > 10)
		return wrong(r, 417, "an expectation that can't be met");
	r->expects = f->expects && r->head.version > 10;
	return HTTP1_HEAD;
}

static enum http1_event take_head(http1_reader_t *r)
{
	struct framing f = {0};
	char *end = strchr(r->text, '\r');
	*end = 0;
	r->head = (sodns_http_head_t){.length = -1};
	enum http1_event e = r->response ? cut_status(r, r->text) : cut_request(r, r->text);
	if (e == HTTP1_HEAD)
		e = cut_fields(r, end + 2);
	if (e == HTTP1_HEAD && size_of_fields(r) > r->limits.head)
		e = wrong(r, 431, "too large a head");
	for (size_t i = 0; e == HTTP1_HEAD && i < r->field_count; i++)
		look_at_field(&f, &r->fields[i]);
	if (e == HTTP1_HEAD && !r->response)
		e = take_request(r, &f);
	return e == HTTP1_HEAD ? frame(r, &f) : e;
}

static enum http1_event read_head(http1_reader_t *r, const uint8_t *bytes, size_t len, size_t *at)
{
	bool ends, trailers = r->state == HTTP1_IN_TRAILERS;
	ptrdiff_t n = head_length(r, bytes + *at, len - *at, &ends);
	/* What is beyond the limit whatever it is made of is not gathered. */
	size_t most = r->limits.head + (trailers ? 0 : r->limits.target) + 4 * HTTP1_FIELDS_MAX +
		      64;
	if (n < 0)
		return wrong(r, 400, "a control character, or a line's end that is none");
	if (r->len + (size_t)n > most)
		return wrong(r, 431, "too large a head");
	if (!gather(r, bytes + *at, (size_t)n))
		return wrong(r, 500, "no memory");
	*at += (size_t)n;
	if (!ends)
		return HTTP1_MORE;
	r->text[r->len] = 0;
	if (!trailers)
		return take_head(r);
	r->head = (sodns_http_head_t){.length = -1};
	enum http1_event e = cut_fields(r, r->text);
	if (e != HTTP1_HEAD)
		return e;
	r->trailers = r->field_count;
	r->state = HTTP1_AT_END;
	return HTTP1_DATA;
}

/* An empty line before a request is passed over (RFC 9112, 2.2). */
static enum http1_event read_start(http1_reader_t *r, const uint8_t *bytes, size_t *at)
{
	uint8_t c = bytes[*at];
	if (r->blank < 2 && !r->response && c == "\r\n"[r->blank]) {
		r->blank++;
		++*at;
		return HTTP1_DATA;
	}
	if (kind(c) != TOKEN || r->blank == 1)
		return wrong(r, 400, "no HTTP");
	r->len = 0;
	r->trailers = false;
	r->state = HTTP1_IN_HEAD;
	return HTTP1_DATA;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands between chunks (RFC 9112, 7.1), a byte at a time. */
static enum http1_event read_around_chunk(http1_reader_t *r, uint8_t c)
{
	static const char why[] = "a chunk that is none";
	int digit = hex(c);
	switch (r->state) {
	case HTTP1_IN_CHUNK_SIZE:
		if (digit >= 0 && r->digits++ < 15)
			r->left = r->left << 4 | (unsigned)digit;
		else if (digit >= 0 || !r->digits || (c != ';' && c != '\r'))
			return wrong(r, 400, why);
		else
			r->state = c == ';' ? HTTP1_IN_CHUNK_EXTENSION : HTTP1_IN_CHUNK_LF;
		break;
	case HTTP1_IN_CHUNK_EXTENSION:
		if (c == '\r')
			r->state = HTTP1_IN_CHUNK_LF;
		else if (kind(c) == CONTROL || r->digits++ > EXTENSION_MAX)
			return wrong(r, 400, why);
		break;
	case HTTP1_IN_CHUNK_LF:
		if (c != '\n')
			return wrong(r, 400, why);
		r->state = r->left ? HTTP1_IN_CHUNK : HTTP1_IN_TRAILERS;
		r->len = 0;
		break;
	case HTTP1_BEHIND_CHUNK:
		if (c != '\r')
			return wrong(r, 400, why);
		r->state = HTTP1_BEHIND_CHUNK_LF;
		break;
	default:
		if (c != '\n')
			return wrong(r, 400, why);
		r->state = HTTP1_IN_CHUNK_SIZE;
		r->digits = 0;
	}
	return HTTP1_DATA;
}

static enum http1_event read_data(http1_reader_t *r, const uint8_t *bytes, size_t len, size_t *at)
{
	size_t n = len - *at;
	if (r->state != HTTP1_IN_REST) {
		n = n < r->left ? n : (size_t)r->left;
		r->left -= n;
	}
	r->data = bytes + *at;
	r->data_len = n;
	*at += n;
	if (r->left == 0 && r->state == HTTP1_IN_BODY)
		r->state = HTTP1_AT_END;
	else if (r->left == 0 && r->state == HTTP1_IN_CHUNK)
		r->state = HTTP1_BEHIND_CHUNK;
	return HTTP1_DATA;
}

static enum http1_event at_end(http1_reader_t *r)
{
	r->state = HTTP1_IN_START;
	r->blank = 0;
	return HTTP1_END;
}

/* One step, with at least a byte where the state needs some. HTTP1_DATA without data: nothing yet for the caller. */
static enum http1_event step(http1_reader_t *r, const uint8_t *bytes, size_t len, size_t *at)
{
	r->data = NULL;
	r->data_len = 0;
	switch (r->state) {
	case HTTP1_IN_START:
		return read_start(r, bytes, at);
	case HTTP1_IN_HEAD:
	case HTTP1_IN_TRAILERS:
		return read_head(r, bytes, len, at);
	case HTTP1_IN_BODY:
	case HTTP1_IN_CHUNK:
	case HTTP1_IN_REST:
		return read_data(r, bytes, len, at);
	case HTTP1_AT_END:
		return at_end(r);
	case HTTP1_BROKEN:
		return HTTP1_WRONG;
	default:
		return read_around_chunk(r, bytes[(*at)++]);
	}
}

enum http1_event http1_read(http1_reader_t *r, const uint8_t *bytes, size_t len, size_t *at)
{
	enum http1_event e;
	if (r->state == HTTP1_IN_START && r->room > KEEP_ROOM)
		http1_reader_clear(r);
	do {
		if (*at == len && r->state < HTTP1_AT_END)
			return HTTP1_MORE;
		e = step(r, bytes, len, at);
	} while (e == HTTP1_DATA && !r->data_len);
	return e;
}

enum http1_event http1_read_end(http1_reader_t *r)
{
	if (r->state == HTTP1_IN_REST)
		return at_end(r);
	if (r->state == HTTP1_IN_START)
		return HTTP1_MORE;
	return wrong(r, 400, "the connection ended within a message");
}

bool http1_is_within(const http1_reader_t *r)
{
	return r->state != HTTP1_IN_START && r->state != HTTP1_BROKEN;
}

void http1_reader_clear(http1_reader_t *r)
{
	free(r->text);
	free(r->fields);
	r->text = NULL;
	r->fields = NULL;
	r->len = r->room = 0;
}

bool http1_is_token(const char *text)
{
	const char *at = text;
	while (*at && kind((uint8_t)*at) == TOKEN)
		at++;
	return at > text && !*at;
}

bool http1_is_value(const char *text)
{
	while (*text && kind((uint8_t)*text) != CONTROL)
		text++;
	return !*text;
}

bool http1_is_target(const char *text)
{
	const char *at = text;
	while (*at > ' ' && *at < 0x7f)
		at++;
	return at > text && !*at;
}
