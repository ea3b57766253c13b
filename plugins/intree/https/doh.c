/*
 * What requests and answers mean: the message in the target or the body, the status, how long an
 * answer may be kept.
 */
#include "doh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>
#include <sodns/text.h>

static bool reserve(struct request *r, size_t room)
{
	uint8_t *bigger = room <= r->room ? r->message : realloc(r->message, room);
	if (!bigger)
		return false;
	r->message = bigger;
	r->room = room > r->room ? room : r->room;
	return true;
}

/* The message of a GET is in its target; it is kept, and the target is not. */
static bool take_from_target(struct request *r, const char *target)
{
	static __thread uint8_t message[MESSAGE_MAX];
	size_t len = target_message(target, strlen(target), message, sizeof(message));
	if (!len || !reserve(r, len))
		return false;
	memcpy(r->message, message, len);
	r->len = len;
	return true;
}

void request_begin(struct request *r, const sodns_http_head_t *head)
{
	r->wrong = target_status(head->target, strlen(head->target));
	r->wrong = r->wrong == 200 ? 0 : r->wrong;
	if (!strcmp(head->method, "POST"))
		r->collects = !r->wrong;
	else if (!r->wrong && (strcmp(head->method, "GET") || !take_from_target(r, head->target)))
		r->wrong = 400;
	/* What says that it is large need not be large. */
	if (r->collects && head->length > 0 && head->length <= MESSAGE_MAX && head->length < 2048)
		reserve(r, (size_t)head->length);
}

bool request_append(struct request *r, const uint8_t *bytes, size_t len)
{
	if (len > MESSAGE_MAX - r->received)
		return false;
	r->received += len;
	if (!r->collects)
		return true;
	size_t room = 2 * r->received < MESSAGE_MAX ? 2 * r->received : MESSAGE_MAX;
	if (r->received > r->room && !reserve(r, room))
		return false;
	memcpy(r->message + r->len, bytes, len);
	r->len = r->received;
	return true;
}

void request_clear(struct request *r)
{
	free(r->message);
	r->message = NULL;
	r->len = r->room = 0;
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

bool request_is_query(struct request *r)
{
	if (!r->wrong && !is_query(r->message, r->len))
		r->wrong = 400;
	return !r->wrong;
}

const char *refusal_text(unsigned status)
{
	return status == 400   ? "invalid request\n"
	       : status == 404 ? "\n"
	       : status == 413 ? "request body too large\n"
	       : status == 417 ? "expectation failed\n"
	       : status == 431 ? "request header fields too large\n"
			       : "it can't be read\n";
}

void answer_head(const uint8_t *message, size_t len, struct answer_head *head, const char **text)
{
	*text = NULL;
	*head = (struct answer_head){.status = 200, .type = "application/dns-message"};
	if (len) {
		char *at = stpcpy(head->cache, "max-age=");
		sodns_uint_to_text(message_age(message, len), at);
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
	char text[21];
	sodns_uint_to_text(status, text);
	const char *const values[] = {sodns_conn_server(c), text};
	sodns_metric_count(&family, values, 1);
}
