/*
 * What requests and answers mean: the path, the message in the query or the body, the status, how
 * long an answer may be kept.
 */
#include "doh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>

#define PATH "/dns-query"

bool request_append(char **buffer, size_t *len, size_t *room, const void *bytes, size_t more,
		    size_t most)
{
	if (*len + more > most)
		return false;
	if (*len + more > *room) {
		size_t size = (*len + more) * 2;
		char *bigger = realloc(*buffer, size);
		if (!bigger)
			return false;
		*buffer = bigger;
		*room = size;
	}
	if (more)
		memcpy(*buffer + *len, bytes, more);
	*len += more;
	return true;
}

void request_free(struct request *r)
{
	if (!r)
		return;
	free(r->target);
	free(r->body);
	free(r);
}

static size_t path_length(const struct request *r)
{
	const char *end = r->target_len ? memchr(r->target, '?', r->target_len) : NULL;
	return end ? (size_t)(end - r->target) : r->target_len;
}

/* The value of `dns` in a GET's query; NULL: there is none, or more than one. */
static const char *dns_parameter(const struct request *r, size_t *len)
{
	const char *found = NULL, *end = r->target + r->target_len;
	const char *p = r->target + path_length(r);
	while (p < end) {
		p++;
		const char *stop = memchr(p, '&', (size_t)(end - p));
		stop = stop ? stop : end;
		if (stop - p >= 4 && !memcmp(p, "dns=", 4)) {
			if (found)
				return NULL;
			found = p + 4;
			*len = (size_t)(stop - found);
		}
		p = stop;
	}
	return found;
}

static size_t from_get(const struct request *r, uint8_t *out)
{
	size_t len;
	const char *text = dns_parameter(r, &len);
	ptrdiff_t n = text ? base64url_decode(text, len, out, MESSAGE_MAX) : -1;
	return n < 0 ? 0 : (size_t)n;
}

static size_t from_post(const struct request *r, uint8_t *out)
{
	if (r->body_len)
		memcpy(out, r->body, r->body_len);
	return r->body_len;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* The offset behind a name, whose pointers are not followed; 0: it does not end. */
static size_t skip_name(const uint8_t *m, size_t len, size_t at)
{
	while (at < len && m[at] && m[at] < 0x40)
		at += m[at] + 1u;
	if (at < len && !m[at])
		return at + 1;
	return at + 2 <= len && m[at] >= 0xc0 ? at + 2 : 0;
}

/* Whether a message is a query as far as its outline goes: one question, and records that end where
 * they say. What is none deserves HTTP's own error, not an answer (RFC 8484, 4.2.1). */
static bool is_query(const uint8_t *m, size_t len)
{
	unsigned opcode = len < 12 ? 15 : m[2] >> 3 & 15;
	if ((opcode != SODNS_OPCODE_QUERY && opcode != SODNS_OPCODE_NOTIFY) || m[2] & 0x80 ||
	    get16(m + 4) != 1 || get16(m + 6) > 1 || get16(m + 8) > 1 || get16(m + 10) > 2)
		return false;
	unsigned records = get16(m + 6) + get16(m + 8) + get16(m + 10);
	size_t at = skip_name(m, len, 12);
	/* A question may end before its type or its class, which are zero then. */
	if (!at || at == len || at + 2 == len)
		return at != 0;
	for (at += 4; at <= len && records-- && at < len;) {
		at = skip_name(m, len, at);
		if (!at || at + 10 > len)
			return false;
		at += 10 + get16(m + at + 8);
	}
	return at <= len;
}

size_t request_message(const struct request *r, uint8_t out[MESSAGE_MAX], unsigned *status,
		       const char **text)
{
	if (path_length(r) != strlen(PATH) || memcmp(r->target, PATH, strlen(PATH))) {
		*status = 404;
		*text = "\n";
		return 0;
	}
	size_t len = r->other ? 0 : r->post ? from_post(r, out) : from_get(r, out);
	if (is_query(out, len))
		return len;
	*status = 400;
	*text = "invalid request\n";
	return 0;
}

void answer_head(const uint8_t *message, size_t len, struct answer_head *head, const char **text)
{
	*text = NULL;
	*head = (struct answer_head){.status = 200, .type = "application/dns-message"};
	if (len) {
		snprintf(head->cache, sizeof(head->cache), "max-age=%u", message_age(message, len));
		return;
	}
	head->status = 500;
	head->type = "text/plain; charset=utf-8";
	*text = "No response\n";
}

void count_answer(const sodns_conn_t *c, unsigned status)
{
	static const char *const labels[] = {"server", "status", NULL};
	static const sodns_family_t family = {
		.name = "coredns_dns_https_responses_total",
		.help = "Counter of DoH responses per server and http status code.",
		.labels = labels};
	char text[8];
	snprintf(text, sizeof(text), "%u", status);
	const char *const values[] = {sodns_conn_server(c), text};
	sodns_metric_count(&family, values, 1);
}
