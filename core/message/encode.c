/*
 * From a reply to a packet: one pass, names compressed against what is written already, cut at the
 * RRset that does not fit. This is the hot end of every query, so that it knows three short cuts
 * before it looks a name up: a name it has just written (same pointer), a suffix of the question (a
 * pointer into it), and the root.
 */
#include "message/encode.h"
#include "message/rdata.h"
#include "message/reply.h"

#define SLOTS 1024u
#define PROBES 8u
#define SUFFIXES_MAX 600u
#define MEMO 16u
#define FEW 8u

/* Suffixes written so far, the question's aside: where there are more than a few, which most messages don't
 * have, a small open hash of their offsets. Emptied by the list of slots in use. */
struct suffixes {
	uint16_t at[SLOTS];
	uint16_t tag[SLOTS];
	uint16_t used[SUFFIXES_MAX];
	unsigned count;
};
static __thread struct suffixes suffixes;

typedef struct encoder {
	const sodns_query_t *q;
	const uint8_t *question; /* its name as it is written: q's original or lower-case one */
	bool has_upper;          /* that one is not all lower case */
	uint8_t *out, *at, *end; /* end: nothing is written from here on */
	struct {
		const uint8_t *name;
		uint16_t at;
	} memo[MEMO];
	unsigned memos;
	struct {
		uint16_t at;
		uint8_t len; /* uncompressed */
	} few[FEW]; /* the suffixes, as long as they are few: those are found faster by length */
	unsigned few_count;
	bool hashes;           /* there are more */
	unsigned state_labels; /* of the question, that `state` has hashed */
	hash_state_t state;
} encoder_t;

static inline void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static void suffix_add(uint64_t hash, size_t at)
{
	struct suffixes *s = &suffixes;
	if (at > 0x3fff || s->count == SUFFIXES_MAX)
		return;
	for (unsigned i = 0; i < PROBES; i++) {
		unsigned slot = (unsigned)(hash + i) % SLOTS;
		if (s->at[slot])
			continue;
		s->at[slot] = (uint16_t)at;
		s->tag[slot] = (uint16_t)(hash >> 48);
		s->used[s->count++] = (uint16_t)slot;
		return;
	}
}

/* Is the name written at `at` this suffix, letter for letter? */
static bool written_equals(const encoder_t *e, size_t at, const uint8_t *suffix)
{
	const uint8_t *p = e->out + at;
	for (;;) {
		while (*p >= 0xc0)
			p = e->out + ((p[0] & 0x3f) << 8 | p[1]);
		if (*p != *suffix)
			return false;
		if (!*p)
			return true;
		if (memcmp(p + 1, suffix + 1, *p))
			return false;
		suffix += *p + 1;
		p += *p + 1;
	}
}

static unsigned suffix_find(const encoder_t *e, uint64_t hash, const uint8_t *suffix)
{
	const struct suffixes *s = &suffixes;
	for (unsigned i = 0; i < PROBES; i++) {
		unsigned slot = (unsigned)(hash + i) % SLOTS;
		if (!s->at[slot])
			return 0;
		if (s->tag[slot] == (uint16_t)(hash >> 48) &&
		    written_equals(e, s->at[slot], suffix))
			return s->at[slot];
	}
	return 0;
}

static unsigned few_find(const encoder_t *e, const uint8_t *suffix, size_t len)
{
	for (unsigned i = 0; i < e->few_count; i++)
		if (e->few[i].len == len && written_equals(e, e->few[i].at, suffix))
			return e->few[i].at;
	return 0;
}

/* How many of the name's rightmost labels are the question's too, letter for letter. */
static unsigned shared_with_question(const encoder_t *e, const uint8_t *name,
				     const name_labels_t *l)
{
	const sodns_query_t *q = e->q;
	unsigned n = l->count, m = q->labels.count, k = 0;
	for (; k < n && k < m; k++) {
		const uint8_t *a = name + l->at[n - 1 - k],
			      *b = e->question + q->labels.at[m - 1 - k];
		if (*a != *b || memcmp(a + 1, b + 1, *a))
			break;
	}
	return k;
}

static bool put_pointer(encoder_t *e, unsigned at)
{
	if (e->end - e->at < 2)
		return false;
	put16(e->at, 0xc000 | at);
	e->at += 2;
	return true;
}

static void memorise(encoder_t *e, const uint8_t *name, size_t at)
{
	if (at > 0x3fff)
		return;
	e->memo[e->memos % MEMO].name = name;
	e->memo[e->memos++ % MEMO].at = (uint16_t)at;
}

/* The hashes of the suffixes that are longer than what the name shares with the question. Most names
 * share as much as the one before: that part is put into a state once. */
static void hash_rest(encoder_t *e, const uint8_t *name, name_labels_t *l, unsigned shared)
{
	unsigned own = l->count - shared;
	if (shared != e->state_labels) {
		e->state = hash_of_names;
		name_hash_labels(&e->state, name, l, own, l->count);
		e->state_labels = shared;
	}
	name_hash_rest(e->state, name, l, own);
}

static void hash_few(encoder_t *e)
{
	uint8_t name[SODNS_NAME_MAX];
	size_t n, len = (size_t)(e->at - e->out);
	for (unsigned i = 0; i < e->few_count; i++)
		if (name_unpack(e->out, len, e->few[i].at, name, &n))
			suffix_add(sodns_name_hash(name), e->few[i].at);
	e->hashes = true;
}

/* Where the suffix of a name from label i on stands already, or 0. */
static unsigned find_suffix(const encoder_t *e, const uint8_t *name, const name_labels_t *l,
			    unsigned i)
{
	const uint8_t *suffix = name + l->at[i];
	if (!e->hashes)
		return few_find(e, suffix, l->at[l->count] + 1u - l->at[i]);
	return suffix_find(e, l->hash_known[i], suffix);
}

/* The suffixes of a name from labels 0 to `to` - 1 on stand from `at` on. Of the name the last `shared`
 * labels are the question's. */
static void remember(encoder_t *e, const uint8_t *name, name_labels_t *l, unsigned to,
		     unsigned shared, size_t at)
{
	if (!e->hashes && e->few_count + to > FEW) {
		hash_few(e);
		hash_rest(e, name, l, shared);
	}
	for (unsigned k = 0; k < to; k++) {
		if (e->hashes) {
			suffix_add(l->hash_known[k], at + l->at[k]);
			continue;
		}
		if (at + l->at[k] > 0x3fff)
			return;
		e->few[e->few_count].at = (uint16_t)(at + l->at[k]);
		e->few[e->few_count++].len = (uint8_t)(l->at[l->count] + 1u - l->at[k]);
	}
}

/* Writes the labels that stand nowhere yet, then a pointer or the root. */
static bool put_new_name(encoder_t *e, const uint8_t *name)
{
	const sodns_query_t *q = e->q;
	name_labels_t l;
	size_t len = name_split(name, &l), start = (size_t)(e->at - e->out);
	unsigned shared = shared_with_question(e, name, &l), i, found = 0;
	if (e->hashes)
		hash_rest(e, name, &l, shared);
	for (i = 0; i < l.count - shared; i++)
		if ((found = find_suffix(e, name, &l, i)))
			break;
	if (!found && shared)
		found = QUESTION_AT + (unsigned)q->labels.at[q->labels.count - shared];
	size_t plain = found ? l.at[i] : len;
	if ((size_t)(e->end - e->at) < plain + (found ? 2 : 0))
		return false;
	memcpy(e->at, name, plain);
	e->at += plain;
	if (found)
		put_pointer(e, found);
	remember(e, name, &l, i, shared, start);
	memorise(e, name, i ? start : found);
	return true;
}

static bool put_name(encoder_t *e, const uint8_t *name)
{
	const sodns_query_t *q = e->q;
	if (!*name) {
		if (e->at == e->end)
			return false;
		*e->at++ = 0;
		return true;
	}
	if (!e->has_upper && name >= q->name && name < q->name + q->name_len)
		return put_pointer(e, QUESTION_AT + (unsigned)(name - q->name));
	unsigned known = e->memos < MEMO ? e->memos : MEMO;
	for (unsigned i = 0; i < known; i++)
		if (e->memo[i].name == name)
			return put_pointer(e, e->memo[i].at);
	return put_new_name(e, name);
}

static bool put_bytes(encoder_t *e, const uint8_t *bytes, size_t len)
{
	if ((size_t)(e->end - e->at) < len)
		return false;
	memcpy(e->at, bytes, len);
	e->at += len;
	return true;
}

/* The fields of RDATA with names, which are compressed. What is no RDATA of its type, since a plugin
 * made it so, goes as it is. */
static bool put_fields(encoder_t *e, const char *form, const uint8_t *rdata, size_t left)
{
	for (; *form; form++) {
		size_t n = rdata_field(*form, rdata, left);
		if (n > left)
			break;
		if (rdata_is_name(*form) ? !put_name(e, rdata) : !put_bytes(e, rdata, n))
			return false;
		rdata += n;
		left -= n;
	}
	return put_bytes(e, rdata, left);
}

/* Such RDATA, the length put in front when it is known. */
static bool put_rdata_packed(encoder_t *e, const char *form, const uint8_t *rdata, uint16_t len)
{
	uint8_t *length = e->at;
	if (e->end - e->at < 2)
		return false;
	e->at += 2;
	if (!put_fields(e, form, rdata, len))
		return false;
	put16(length, (unsigned)(e->at - length - 2));
	return true;
}

/* A name that stands there whole, because of its type, can be pointed to like others: the targets of
 * SRV records, whose addresses follow. */
static void remember_name(encoder_t *e, const uint8_t *name)
{
	name_labels_t l;
	name_split(name, &l);
	unsigned shared = shared_with_question(e, name, &l), i = 0;
	if (e->hashes)
		hash_rest(e, name, &l, shared);
	while (i < l.count - shared && !find_suffix(e, name, &l, i))
		i++;
	remember(e, name, &l, i, shared, (size_t)(name - e->out));
}

/* RDATA as they are, with the length in front. What is no name there, in spite of its type, is left
 * alone. */
static bool put_rdata_whole(encoder_t *e, uint16_t type, const uint8_t *rdata, uint16_t len)
{
	size_t at = rdata_target(type);
	const uint8_t *begin = e->at + 2;
	if (!put_bytes(e, rdata - 2, len + 2u))
		return false;
	if (at < len && rdata_name(begin + at, len - at))
		remember_name(e, begin + at);
	return true;
}

static bool put_rdata(encoder_t *e, uint16_t type, const uint8_t *rdata, uint16_t len)
{
	const rrtype_t *t = rrtype(type);
	if (!(t->flags & RR_NAMED))
		return put_bytes(e, rdata - 2, len + 2u);
	return t->flags & RR_PACKED ? put_rdata_packed(e, t->form, rdata, len)
				    : put_rdata_whole(e, type, rdata, len);
}

/* Writes the records of a set. Returns how many fitted. */
static unsigned put_set(encoder_t *e, const sodns_rrset_t *s)
{
	const uint8_t *data = s->data;
	for (unsigned i = 0; i < s->count; i++) {
		uint8_t *begin = e->at;
		uint16_t len;
		const uint8_t *rdata = sodns_rdata(data, &len);
		if (!put_name(e, s->owner) || e->end - e->at < 8) {
			e->at = begin;
			return i;
		}
		put16(e->at, s->type);
		put16(e->at + 2, s->rclass);
		put32(e->at + 4, s->ttl);
		e->at += 8;
		if (!put_rdata(e, s->type, rdata, len)) {
			e->at = begin;
			return i;
		}
		data = rdata + len;
	}
	return s->count;
}

/* Writes a section; *complete turns false at the first record that does not fit. */
static unsigned put_section(encoder_t *e, const struct reply_section *s, bool *complete)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < s->count && *complete; i++) {
		unsigned put = put_set(e, &s->sets[i]);
		n += put;
		*complete = put == s->sets[i].count;
	}
	return n;
}

/* Only a client that sent an OPT record gets one (RFC 6891, 7). */
static size_t opt_length(const sodns_query_t *q, const sodns_reply_t *r, size_t own)
{
	if (!q->has_edns)
		return 0;
	return 11u + (r->own_edns ? own : message_echo_options(NULL, q));
}

/* How much of the reply's own options can leave: all or nothing. Those of another server may be as
 * long as a message, and plugins add to them. */
static size_t own_options(const sodns_query_t *q, const sodns_reply_t *r, size_t fit)
{
	size_t least = QUESTION_AT + q->name_len + 4u + 11u;
	if (!q->has_edns)
		return r->options_len;
	return least + r->options_len <= fit ? r->options_len : 0;
}

/* The OPT record: the client's own size and flags, DO among them, come back to it (RFC 3225, 3;
 * RFC 6891 asks for the server's size, CoreDNS's users see theirs). */
static size_t put_opt(uint8_t *out, const sodns_query_t *q, const sodns_reply_t *r, size_t own)
{
	uint16_t size = sodns_query_edns_size(q), flags = q->edns_flags & 0xff00;
	bool badvers = r->rcode == SODNS_BADVERS;
	out[0] = 0;
	put16(out + 1, SODNS_TYPE_OPT);
	put16(out + 3, badvers ? 0 : size);
	out[5] = (uint8_t)(r->rcode >> 4);
	out[6] = 0;
	put16(out + 7, badvers ? 0 : flags);
	size_t n = 0;
	if (r->own_edns) {
		n = own;
		if (n)
			memcpy(out + 11, r->options, n);
	} else if (!badvers) {
		n = message_echo_options(out + 11, q);
	}
	put16(out + 9, (unsigned)n);
	return 11 + n;
}

static uint8_t *put_question(const sodns_query_t *q, const uint8_t *name, uint8_t *at)
{
	memcpy(at, name, q->name_len);
	at += q->name_len;
	put16(at, q->type);
	put16(at + 2, q->rclass);
	return at + 4;
}

/* The second word of the header. An rcode that needs an OPT record says nothing of itself to clients
 * without EDNS. */
static unsigned header_word(const sodns_query_t *q, const sodns_reply_t *r, uint16_t flags)
{
	int rcode = r->rcode > 15 && !q->has_edns ? SODNS_SERVFAIL : r->rcode & 15;
	return SODNS_QR | (unsigned)q->opcode << 11 | flags | (unsigned)rcode;
}

static void put_header(const sodns_query_t *q, const sodns_reply_t *r, uint8_t *out, uint16_t flags,
		       const unsigned counts[3])
{
	put16(out, q->id);
	put16(out + 2, header_word(q, r, flags));
	put16(out + 4, 1);
	for (int i = 0; i < 3; i++)
		put16(out + 6 + 2 * i, counts[i]);
}

/* Question and records, as far as they fit within `fit`; false: not all did. */
static bool put_body(encoder_t *e, const sodns_reply_t *r, size_t fit, unsigned counts[3])
{
	bool complete = true;
	suffixes.count = 0;
	e->memos = e->few_count = 0;
	e->hashes = false;
	e->state_labels = 0;
	e->state = hash_of_names;
	e->at = put_question(e->q, e->question, e->out + QUESTION_AT);
	e->end = e->out + fit;
	if (e->end < e->at)
		e->end = e->at;
	if (r->kind == SODNS_RECORDS)
		for (int i = 0; i < 3; i++)
			counts[i] = put_section(e, &r->section[i], &complete);
	for (unsigned i = 0; i < suffixes.count; i++)
		suffixes.at[suffixes.used[i]] = 0;
	return complete;
}

/* What does not fit, to an address that may be another's: nothing but question and OPT record, as the
 * client asks again anyway, and the other one did not ask. */
static bool leaves_empty(const sodns_query_t *q, unsigned flags)
{
	return flags & SODNS_TC && query_may_be_forged(q);
}

static size_t encode_records(const sodns_query_t *q, const sodns_reply_t *r, uint8_t *out,
			     size_t fit)
{
	size_t own = own_options(q, r, fit), opt = opt_length(q, r, own);
	encoder_t e;
	unsigned counts[3] = {0};
	e.q = q;
	e.question = q->original;
	e.has_upper = q->has_upper;
	e.out = out;
	bool complete = put_body(&e, r, fit > opt ? fit - opt : 0, counts);
	complete &= own == r->options_len;
	uint16_t flags = (uint16_t)(r->flags | (complete ? 0 : SODNS_TC));
	if (leaves_empty(q, flags)) {
		e.at = out + QUESTION_AT + q->name_len + 4;
		memset(counts, 0, sizeof(counts));
	}
	if (opt) {
		e.at += put_opt(e.at, q, r, own);
		counts[2]++;
	}
	put_header(q, r, out, flags, counts);
	return (size_t)(e.at - out);
}

size_t message_encode_image(const sodns_query_t *q, const sodns_reply_t *r, uint8_t *out,
			    size_t size)
{
	encoder_t e;
	unsigned counts[3] = {0};
	e.q = q;
	e.question = q->name;
	e.has_upper = false;
	e.out = out;
	if (!put_body(&e, r, size, counts))
		return 0;
	put_header(q, r, out, r->flags, counts);
	put16(out, 0);
	return (size_t)(e.at - out);
}

/* Whether an image is of this question, letter for letter: names in it are shortened by pointers to
 * the question's, whose letters they would take on. */
static bool same_question(const sodns_query_t *q, const sodns_reply_t *r)
{
	size_t end = QUESTION_AT + (size_t)q->name_len;
	const uint8_t *w = r->wire;
	return r->wire_len >= end + 4 && !memcmp(w + QUESTION_AT, q->original, q->name_len) &&
	       (w[end] << 8 | w[end + 1]) == q->type && (w[end + 2] << 8 | w[end + 3]) == q->rclass;
}

/* The question in its own letters, which must be the query's but for their case. */
static bool own_question(const sodns_query_t *q, const uint8_t *message)
{
	uint8_t lower[SODNS_NAME_MAX + 9];
	name_copy_lower(lower, message + QUESTION_AT, q->name_len);
	return !memcmp(lower, q->name, q->name_len);
}

void message_put_flags(const sodns_query_t *q, const sodns_reply_t *r, uint8_t *out)
{
	put16(out + 2, header_word(q, r, r->flags));
}

/* A kept message goes out as it is: id, header bits, TTLs and the client's OPT are put in. One that
 * was received has a question of its own. */
static size_t encode_wire(const sodns_query_t *q, const sodns_reply_t *r, uint8_t *out)
{
	size_t len = r->wire_len;
	memcpy(out, r->wire, len);
	put16(out, q->id);
	message_put_flags(q, r, out);
	if (r->received && !own_question(q, out))
		put_question(q, q->original, out + QUESTION_AT);
	for (size_t i = 0; i < r->ttl_count; i++) {
		uint8_t *p = out + r->ttls[i];
		put32(p, reply_image_ttl(r, p));
	}
	if (opt_length(q, r, r->options_len)) {
		len += put_opt(out + len, q, r, r->options_len);
		put16(out + 10, (unsigned)(out[10] << 8 | out[11]) + 1);
	}
	return len;
}

/* An image holds the question that it was made for, which a plugin may have changed on the way. */
static bool answers(const sodns_query_t *q, const sodns_query_t *made_for)
{
	return q == made_for ||
	       (q->type == made_for->type && q->rclass == made_for->rclass &&
		q->name_len == made_for->name_len && !memcmp(q->name, made_for->name, q->name_len));
}

bool message_answers(const sodns_query_t *q, const sodns_reply_t *r)
{
	return r->received ? answers(q, r->q) : same_question(q, r);
}

size_t message_encode(const sodns_query_t *q, sodns_reply_t *r, uint8_t *out, size_t fit)
{
	if (r->kind == SODNS_WIRE) {
		if (r->wire_len + opt_length(q, r, r->options_len) <= fit &&
		    !leaves_empty(q, r->flags) && message_answers(q, r))
			return encode_wire(q, r, out);
		reply_open(r);
	}
	return encode_records(q, r, out, fit);
}

size_t message_encode_rejection(const uint8_t *packet, size_t question_end, int rcode, uint8_t *out)
{
	memset(out, 0, QUESTION_AT);
	memcpy(out, packet, 2);
	unsigned flags = (unsigned)(packet[2] << 8 | packet[3]);
	unsigned opcode = rcode == SODNS_NOTIMP ? flags & 0x7800 : 0;
	unsigned kept = flags & (SODNS_TC | SODNS_RD | SODNS_RA | SODNS_AD | SODNS_CD);
	put16(out + 2, SODNS_QR | opcode | kept | (unsigned)rcode);
	if (question_end <= QUESTION_AT)
		return QUESTION_AT;
	out[5] = 1;
	memcpy(out + QUESTION_AT, packet + QUESTION_AT, question_end - QUESTION_AT);
	return question_end;
}
