/*
 * Replies: making and editing them (sodns/reply.h).
 */
#include "message/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "message/chain.h"
#include "message/encode.h"

static sodns_reply_t *make(sodns_query_t *q, enum sodns_reply_kind kind)
{
	sodns_reply_t *r = arena_alloc(&q->shared->arena, sizeof(*r));
	memset(r, 0, sizeof(*r));
	r->q = q;
	r->kind = kind;
	r->plugin = q->hand ? q->hand->pub.name : "";
	if (q->opcode == SODNS_OPCODE_QUERY)
		r->flags = q->flags & (SODNS_RD | SODNS_CD);
	return r;
}

sodns_reply_t *sodns_reply(sodns_query_t *q)
{
	return make(q, SODNS_RECORDS);
}

sodns_reply_t *sodns_fail(sodns_query_t *q, int rcode, const char *format, ...)
{
	sodns_reply_t *r = make(q, SODNS_ERROR);
	r->rcode = rcode;
	if (!format)
		return r;
	char text[1024];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	r->text = sodns_printf(q, "%s", text);
	return r;
}

sodns_reply_t *sodns_drop(sodns_query_t *q)
{
	return make(q, SODNS_DROP);
}

sodns_reply_t *sodns_stream(sodns_query_t *q, sodns_stream_f fn, void *arg)
{
	sodns_reply_t *r = make(q, SODNS_STREAM);
	r->maker = q->hand;
	r->stream = fn;
	r->stream_arg = arg;
	return r;
}

sodns_reply_t *sodns_reply_wire(sodns_query_t *q, const uint8_t *message, size_t len,
				const uint16_t *ttls, size_t ttl_count, uint32_t age)
{
	sodns_reply_t *r = make(q, SODNS_WIRE);
	r->wire = message;
	r->wire_len = len;
	r->ttls = ttls;
	r->ttl_count = ttl_count;
	r->age = age;
	r->flags |= (uint16_t)((message[2] << 8 | message[3]) &
			       (SODNS_AA | SODNS_TC | SODNS_RA | SODNS_Z | SODNS_AD));
	r->rcode = message[3] & 15;
	return r;
}

enum sodns_reply_kind sodns_reply_kind(const sodns_reply_t *r)
{
	return r->kind;
}

int sodns_reply_rcode(const sodns_reply_t *r)
{
	return r->rcode;
}

const char *sodns_reply_error(const sodns_reply_t *r)
{
	return r->text;
}

const char *sodns_reply_plugin(const sodns_reply_t *r)
{
	return r->plugin;
}

bool sodns_reply_open(sodns_reply_t *r)
{
	if (r->kind == SODNS_WIRE)
		reply_open(r);
	return r->kind == SODNS_RECORDS;
}

/* Whether edits have something to work on. */
static bool editable(sodns_reply_t *r)
{
	return sodns_reply_open(r) && !r->sealed;
}

void sodns_reply_seal(sodns_reply_t *r)
{
	r->sealed = true;
}

static bool has_header(const sodns_reply_t *r)
{
	return (r->kind == SODNS_RECORDS || r->kind == SODNS_WIRE) && !r->sealed;
}

void sodns_reply_set_rcode(sodns_reply_t *r, int rcode)
{
	if (has_header(r))
		r->rcode = rcode;
}

uint16_t sodns_reply_flags(const sodns_reply_t *r)
{
	return r->flags;
}

void sodns_reply_set_flags(sodns_reply_t *r, uint16_t set, uint16_t clear)
{
	const uint16_t allowed = SODNS_AA | SODNS_TC | SODNS_RD | SODNS_RA | SODNS_Z | SODNS_AD |
				 SODNS_CD;
	if (has_header(r))
		r->flags = (uint16_t)((r->flags & ~clear) | (set & allowed));
}

static sodns_rrset_t *append(sodns_reply_t *r, enum sodns_section section)
{
	struct reply_section *s = &r->section[section];
	if (s->count == s->room) {
		uint32_t room = s->room ? s->room * 4 : 3;
		sodns_rrset_t *sets = arena_alloc(&r->q->shared->arena, room * sizeof(*sets));
		if (s->count)
			memcpy(sets, s->sets, s->count * sizeof(*sets));
		s->sets = sets;
		s->room = room;
	}
	return &s->sets[s->count++];
}

void sodns_reply_add(sodns_reply_t *r, enum sodns_section section, const sodns_rrset_t *set)
{
	/* The OPT record is made in the end, for clients that sent one. */
	if (editable(r) && set->count && set->type != SODNS_TYPE_OPT)
		*append(r, section) = *set;
}

void sodns_reply_add_record(sodns_reply_t *r, enum sodns_section section, const uint8_t *owner,
			    uint16_t type, uint32_t ttl, const void *rdata, uint16_t len)
{
	if (!editable(r))
		return;
	uint8_t *data = arena_alloc(&r->q->shared->arena, len + 2u);
	data[0] = (uint8_t)(len >> 8);
	data[1] = (uint8_t)len;
	if (len)
		memcpy(data + 2, rdata, len);
	*append(r, section) = (sodns_rrset_t){.owner = owner,
					      .data = data,
					      .data_len = len + 2u,
					      .ttl = ttl,
					      .type = type,
					      .rclass = SODNS_CLASS_IN,
					      .count = 1};
}

sodns_rrset_t *sodns_reply_sets(sodns_reply_t *r, enum sodns_section section, size_t *count)
{
	if (!editable(r)) {
		*count = 0;
		return NULL;
	}
	*count = r->section[section].count;
	return r->section[section].sets;
}

void sodns_reply_filter(sodns_reply_t *r, enum sodns_section section,
			bool (*drop)(void *arg, const sodns_rrset_t *set), void *arg)
{
	if (!editable(r))
		return;
	struct reply_section *s = &r->section[section];
	uint32_t kept = 0;
	for (uint32_t i = 0; i < s->count; i++)
		if (!drop(arg, &s->sets[i]))
			s->sets[kept++] = s->sets[i];
	s->count = kept;
}

void sodns_reply_clear(sodns_reply_t *r, enum sodns_section section)
{
	if (editable(r))
		r->section[section].count = 0;
}

void sodns_reply_cap_ttl(sodns_reply_t *r, uint32_t seconds)
{
	if (!editable(r))
		return;
	for (int k = 0; k < 3; k++)
		for (uint32_t i = 0; i < r->section[k].count; i++)
			if (r->section[k].sets[i].ttl > seconds)
				r->section[k].sets[i].ttl = seconds;
}

void sodns_reply_set_ttl(sodns_reply_t *r, uint32_t seconds)
{
	r->ttl_set = true;
	r->ttl = seconds;
	if (r->kind != SODNS_RECORDS)
		return;
	for (int k = 0; k < 3; k++)
		for (uint32_t i = 0; i < r->section[k].count; i++)
			r->section[k].sets[i].ttl = seconds;
}

static void add_all(sodns_reply_t *to, const sodns_reply_t *from)
{
	for (int k = 0; k < 3; k++)
		for (uint32_t i = 0; i < from->section[k].count; i++)
			if (from->section[k].sets[i].type != SODNS_TYPE_TSIG)
				sodns_reply_add(to, (enum sodns_section)k,
						&from->section[k].sets[i]);
}

sodns_reply_t *sodns_reply_again(sodns_query_t *q, sodns_reply_t *r)
{
	if (r->kind == SODNS_WIRE && !message_answers(q, r))
		reply_open(r);
	sodns_reply_t *out = make(q, r->kind);
	out->flags = r->flags;
	out->rcode = r->rcode;
	if (r->kind == SODNS_RECORDS)
		add_all(out, r);
	if (r->kind != SODNS_WIRE)
		return out;
	out->wire = r->wire;
	out->wire_len = r->wire_len;
	out->received = r->received;
	out->ttls = r->ttls;
	out->ttl_count = r->ttl_count;
	out->age = r->age;
	out->ttl_set = r->ttl_set;
	out->ttl = r->ttl;
	return out;
}

/* Makes room for `more` bytes behind the reply's own options. A reply that has options of its own
 * sends none of the query's back. */
static void own_edns(sodns_reply_t *r, size_t more)
{
	uint8_t *out = arena_alloc(&r->q->shared->arena, r->options_len + more + 4u);
	if (r->options_len)
		memcpy(out, r->options, r->options_len);
	if (!r->own_edns) {
		r->edns_size = 4096;
		r->edns_do = sodns_query_do(r->q);
	}
	r->own_edns = true;
	r->options = out;
}

void sodns_reply_add_option(sodns_reply_t *r, uint16_t code, const void *bytes, size_t len)
{
	if (!has_header(r) || r->options_len + len + 4 > UINT16_MAX)
		return;
	own_edns(r, len + 4);
	uint8_t *at = (uint8_t *)(uintptr_t)r->options + r->options_len;
	at[0] = (uint8_t)(code >> 8);
	at[1] = (uint8_t)code;
	at[2] = (uint8_t)(len >> 8);
	at[3] = (uint8_t)len;
	if (len)
		memcpy(at + 4, bytes, len);
	r->options_len = (uint16_t)(r->options_len + len + 4);
}

bool sodns_reply_has_edns(const sodns_reply_t *r)
{
	return r->own_edns;
}

void reply_take_options(sodns_reply_t *r, uint8_t *options, size_t len)
{
	r->options = r->came = options;
	r->came_len = r->options_len = (uint16_t)len;
	if (!len)
		return;
	uint8_t *passed = memcpy(arena_alloc(&r->q->shared->arena, len), options, len);
	r->options = passed;
	r->options_len = (uint16_t)message_pass_options(passed, len);
}

static size_t option_length(const uint8_t *option)
{
	return 4u + (size_t)(option[2] << 8 | option[3]);
}

const uint8_t *sodns_reply_received_option(const sodns_reply_t *r, uint16_t code, size_t *len)
{
	for (size_t at = 0; at < r->came_len; at += option_length(r->came + at)) {
		const uint8_t *o = r->came + at;
		*len = option_length(o) - 4;
		if ((o[0] << 8 | o[1]) == code)
			return o + 4;
	}
	*len = 0;
	return NULL;
}

void sodns_reply_filter_options(sodns_reply_t *r, bool (*drop)(void *arg, uint16_t code), void *arg)
{
	size_t len = r->options_len, n;
	if (!has_header(r) || !len)
		return;
	uint8_t *out = arena_alloc(&r->q->shared->arena, len), *to = out;
	for (size_t at = 0; at < len; at += n) {
		const uint8_t *o = r->options + at;
		n = option_length(o);
		if (drop(arg, (uint16_t)(o[0] << 8 | o[1])))
			continue;
		memcpy(to, o, n);
		to += n;
	}
	r->options = out;
	r->options_len = (uint16_t)(to - out);
}

void sodns_reply_echo(sodns_reply_t *r, const sodns_query_t *q)
{
	if (!has_header(r) || r->own_edns || !q->has_edns)
		return;
	own_edns(r, q->options_len);
	r->edns_size = sodns_query_edns_size(q);
	r->edns_do = sodns_query_do(q);
	r->options_len = (uint16_t)message_echo_options((uint8_t *)(uintptr_t)r->options, q);
}

void sodns_reply_set_edns(sodns_reply_t *r, uint16_t size, bool dnssec_ok)
{
	if (!has_header(r))
		return;
	own_edns(r, 0);
	r->edns_size = size;
	r->edns_do = dnssec_ok;
}

bool sodns_reply_do(const sodns_reply_t *r)
{
	return r->own_edns && r->edns_do;
}

size_t sodns_reply_length(const sodns_reply_t *r)
{
	if (r->kind == SODNS_DROP)
		return 0;
	const sodns_query_t *q = r->q;
	size_t len = QUESTION_AT + q->name_len + 4u;
	if (r->kind == SODNS_RECORDS)
		for (int k = 0; k < 3; k++)
			for (uint32_t i = 0; i < r->section[k].count; i++) {
				const sodns_rrset_t *s = &r->section[k].sets[i];
				len += s->count * (sodns_name_length(s->owner) + 8) + s->data_len;
			}
	if (r->kind == SODNS_WIRE)
		len = r->wire_len;
	if (r->own_edns)
		len += 11u + r->options_len;
	return len;
}
