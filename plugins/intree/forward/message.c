/*
 * The messages that upstreams are sent. They are made here: the question and the flags that bear on its
 * answer (RD, CD, AD, DO) are the client's, all else is not. So questions that have the same answer are the
 * same question, however many ways there are to write them; a client that wants to have one asked many times over,
 * to profit by the many ids that a forged answer might have, can't.
 *
 * EDNS options go along if plugins have set them (rewrite), or are the client's and are let
 * through by `pass_options`; what was signed with TSIG loses the signature, which was for this server.
 */
#include "forward.h"

#include <string.h>

#include <sodns/message.h>
#include <sodns/random.h>

#define HEADER 12u
#define OPT_FIXED 11u
#define OPTION_SUBNET 8u
#define OPTION_COOKIE 10u
/* Without fragments on any network (DNS flag day 2020), where the configuration says nothing else. */
#define SIZE 1232u

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static bool passes(const struct forward *f, unsigned code)
{
	for (unsigned i = 0; i < f->passed_count; i++)
		if (f->passed[i] == code)
			return true;
	return false;
}

/* Those of `from` that pass, or that do not. */
static uint8_t *put_options(const struct forward *f, uint8_t *at, const uint8_t *from, size_t len,
			    bool passing)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = 4u + get16(from + i + 2);
		unsigned code = get16(from + i);
		if (code == OPTION_COOKIE || passes(f, code) != passing)
			continue;
		memcpy(at, from + i, n);
		at += n;
	}
	return at;
}

static void choose_options(const struct forward *f, sodns_query_t *q, struct question *w)
{
	size_t all_len, set_len;
	const uint8_t *all = sodns_query_options(q, &all_len);
	const uint8_t *set = sodns_query_set_options(q, &set_len);
	if (!set_len && (!all_len || !f->passed_count))
		return;
	uint8_t *out = sodns_alloc(q, all_len + set_len), *at = out;
	at = put_options(f, at, all, all_len, true);
	at = put_options(f, at, set, set_len, false);
	w->options = out;
	w->options_len = (size_t)(at - out);
	size_t len;
	w->subnet = sodns_edns_find(out, w->options_len, OPTION_SUBNET, &len);
}

void question_make(const struct forward *f, sodns_query_t *q, struct question *out)
{
	uint16_t limit = sodns_query_size_limit(q);
	unsigned opcode = sodns_query_opcode(q), flags = SODNS_RD | SODNS_CD | SODNS_AD;
	/* A NOTIFY says that it speaks for its zone (RFC 1996, 3.7). */
	if (opcode != SODNS_OPCODE_QUERY)
		flags |= SODNS_AA;
	*out = (struct question){
		.flags = (uint16_t)(opcode << 11 | (sodns_query_flags(q) & flags)),
		.name = sodns_query_original_name(q),
		.name_len = sodns_name_length(sodns_query_name(q)),
		.type = sodns_query_type(q),
		.rclass = sodns_query_class(q),
		.edns = sodns_query_has_edns(q),
		.dnssec_ok = sodns_query_do(q),
		.size = (uint16_t)(limit ? limit : SIZE),
	};
	choose_options(f, q, out);
}

uint8_t *question_key(const struct forward *f, sodns_query_t *q, const struct question *w,
		      size_t *len)
{
	*len = 8 + w->name_len + w->options_len;
	uint8_t *key = sodns_alloc(q, *len);
	/* With cookies EDNS is there always. */
	key[0] = (uint8_t)((sodns_query_proto(q)[0] == 't') | w->dnssec_ok << 1 |
			   (w->edns && !f->cookies) << 2);
	key[1] = 0;
	put16(key + 2, w->flags);
	put16(key + 4, w->type);
	put16(key + 6, w->rclass);
	memcpy(key + 8, sodns_query_name(q), w->name_len);
	if (w->options_len)
		memcpy(key + 8 + w->name_len, w->options, w->options_len);
	return key;
}

/* Bytes are worked on eight at a time below; a bit of each is told by the one at its place here. */
#define EACH 0x0101010101010101u
#define HIGH (0x80 * EACH)

/* 0x20 in those of eight bytes that are letters. */
static uint64_t letters_in(uint64_t bytes)
{
	uint64_t lower = (bytes & 0x7f * EACH) | 0x20 * EACH;
	uint64_t from_a = lower + (0x80 - 'a') * EACH, after_z = lower + (0x7f - 'z') * EACH;
	return (from_a & ~after_z & ~bytes & bytes << 1 & HIGH) >> 2;
}

/* 0x20 in those of eight bytes whose bit of `bits` is set. */
static uint64_t spread(uint8_t bits)
{
	uint64_t own = bits * EACH & 0x8040201008040201u;
	return ((own + 0x7f * EACH) & HIGH) >> 2;
}

/* Gives each letter a case by chance (draft-vixie-dnsext-dns0x20). A length byte is none. There is room
 * for seven bytes behind the name. */
static void mix_case(uint8_t *name, size_t len)
{
	uint8_t chance[(SODNS_NAME_MAX + 7) / 8];
	sodns_random_bytes(chance, (len + 7) / 8);
	for (size_t i = 0; i < len; i += 8) {
		uint64_t bytes, letters;
		memcpy(&bytes, name + i, 8);
		letters = letters_in(bytes);
		bytes = (bytes & ~letters) | (spread(chance[i / 8]) & letters);
		memcpy(name + i, &bytes, 8);
	}
}

static void add_cookie(sodns_message_t *m, const struct upstream *u)
{
	uint8_t cookie[COOKIE_CLIENT + COOKIE_SERVER_MAX];
	memcpy(cookie, u->manners.cookie, COOKIE_CLIENT);
	sodns_message_add_option(m, OPTION_COOKIE, cookie,
				 COOKIE_CLIENT + cookie_get(u, cookie + COOKIE_CLIENT));
}

void message_make(sodns_query_t *q, const struct question *w, struct upstream *u, bool plain,
		  bool mixed, struct sent *out)
{
	const struct forward *f = u->forward;
	size_t size = SODNS_MESSAGE_HEADER + w->name_len + 4 + OPT_FIXED + w->options_len + 4 +
		      COOKIE_CLIENT + COOKIE_SERVER_MAX;
	uint8_t name[SODNS_NAME_MAX + 7];
	sodns_message_t m;
	/* The id is the exchange's. */
	sodns_message_begin(&m, sodns_alloc(q, size), size, 0, w->flags);
	if (mixed) {
		memcpy(name, w->name, w->name_len);
		mix_case(name, w->name_len);
	}
	sodns_message_add_question(&m, mixed ? name : w->name, w->type, w->rclass);
	bool wanted = w->edns || w->options_len || f->cookies;
	*out = (struct sent){.query = m.bytes, .mixed = mixed, .edns = wanted && !plain};
	/* What is encrypted is not forged. */
	out->cookie = out->edns && f->cookies && u->transport == TRANSPORT_DNS;
	if (out->edns) {
		sodns_message_add_edns(&m, w->size, w->dnssec_ok);
		sodns_message_add_options(&m, w->options, w->options_len);
	}
	if (out->cookie)
		add_cookie(&m, u);
	out->len = m.length;
}

size_t message_check(const struct forward *f, uint8_t *out)
{
	return sodns_message_query(out, f->check_no_rd ? 0 : SODNS_RD, f->check_name, SODNS_TYPE_NS,
				   SODNS_CLASS_IN);
}

struct letters {
	const uint8_t *asked, *own; /* one name, twice */
	size_t len;
};

/* Whether a label of the name begins there. */
static bool begins_label(const uint8_t *name, size_t at)
{
	size_t i = 0;
	while (i < at && name[i])
		i += name[i] + 1u;
	return i == at;
}

/* An owner that was spelled out as the question was: all of it, its end, or what stands before a pointer
 * into the question. Returns the offset behind it, 0: it has none within len. */
static size_t restore_owner(uint8_t *m, size_t len, size_t at, const struct letters *l)
{
	size_t end = at;
	while (end < len && m[end] && m[end] < 64)
		end += m[end] + 1u;
	if (end >= len || (m[end] && (m[end] < 0xc0 || end + 2 > len)))
		return 0;
	size_t spelled = end - at + !m[end], from = l->len - spelled;
	if (m[end] && get16(m + end) == (0xc000 | (HEADER + spelled)))
		from = 0;
	else if (m[end] || spelled > l->len || !begins_label(l->asked, from))
		return end + (m[end] ? 2 : 1);
	if (spelled <= l->len && !memcmp(m + at, l->asked + from, spelled))
		memcpy(m + at, l->own + from, spelled);
	return end + (m[end] ? 2 : 1);
}

void message_restore_case(const sodns_query_t *q, uint8_t *m, size_t len)
{
	uint8_t asked[SODNS_NAME_MAX];
	const uint8_t *own = sodns_query_original_name(q);
	size_t n = sodns_name_length(own), at = HEADER + n + 4;
	const struct letters letters = {asked, own, n};
	if (at > len || !memcmp(m + HEADER, own, n))
		return;
	memcpy(asked, m + HEADER, n);
	memcpy(m + HEADER, own, n);
	unsigned records = get16(m + 6) + get16(m + 8) + get16(m + 10);
	for (; records && at < len; records--) {
		at = restore_owner(m, len, at, &letters);
		if (!at || at + 10 > len)
			return;
		at += 10 + get16(m + at + 8);
	}
}
