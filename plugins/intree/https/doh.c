/*
 * What requests and answers mean: the message in the target or the body, the status, how long an
 * answer may be kept.
 */
#include "doh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>

bool request_append(char **buffer, size_t *len, size_t *room, const void *bytes, size_t more,
		    size_t most)
{
	if (*len + more > most)
		return false;
	if (*len + more > *room) {
		size_t size = (*len + more) * 2 < most ? (*len + more) * 2 : most;
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

void request_drop_buffers(struct request *r)
{
	free(r->target);
	free(r->body);
	r->target = r->body = NULL;
	r->target_len = r->target_room = r->body_len = r->body_room = 0;
}

void request_free(struct request *r)
{
	if (!r)
		return;
	request_drop_buffers(r);
	free(r);
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
	size_t len = 0;
	*status = target_status(r->target, r->target_len);
	*text = *status == 404 ? "\n" : "invalid request\n";
	if (*status != 200)
		return 0;
	if (r->post)
		len = from_post(r, out);
	else if (!r->other)
		len = target_message(r->target, r->target_len, out, MESSAGE_MAX);
	if (is_query(out, len))
		return len;
	*status = 400;
	return 0;
}

const char *refusal_text(unsigned status)
{
	return status == 413   ? "request body too large\n"
	       : status == 417 ? "expectation failed\n"
	       : status == 431 ? "request header fields too large\n"
			       : "400 Bad Request";
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
