/*
 * Reading a query's packet (RFC 1035, 4.1; RFC 6891, 6.1), and the SDK's questions about it.
 *
 * QR set is dropped, opcodes other than QUERY and NOTIFY are NOTIMP. Of everything else a message is
 * FORMERR that has not one question, more than one record in answer or authority or two in
 * additional (CoreDNS's bounds), fewer records than its counts promise, an OPT record that is not the
 * only one, in additional, with the root as its owner (RFC 6891, 6.1.1), or a TSIG record that is not
 * the last of additional (RFC 8945, 5.1). Bytes behind the last record are forgiven, as by NSD and
 * BIND.
 */
#include "message/query.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define OPTION_SUBNET 8
/* What goes to addresses that may be forged: as much as fits a packet of IPv6's least MTU. */
#define FORGED_MAX 1232
/* What fits an IPv4 packet of the greatest length. */
#define DATAGRAM_MAX 65507

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* A client subnet: family, prefix length, scope 0 and the bytes of the address that the prefix needs
 * (RFC 7871, 6 and 7.1.1). */
static bool subnet_valid(const uint8_t *p, size_t len)
{
	if (len < 4)
		return false;
	unsigned family = get16(p), bits = p[2];
	if (!family)
		return !bits && len == 4;
	if (family > 2 || bits > (family == 1 ? 32 : 128) || p[3])
		return false;
	size_t bytes = (bits + 7) / 8;
	return len == 4 + bytes && !(bits % 8 && p[len - 1] << bits % 8 & 0xff);
}

static bool options_valid(const uint8_t *p, size_t len)
{
	while (len) {
		if (len < 4)
			return false;
		size_t n = 4u + get16(p + 2);
		if (n > len)
			return false;
		if (get16(p) == OPTION_SUBNET && !subnet_valid(p + 4, n - 4))
			return false;
		p += n;
		len -= n;
	}
	return true;
}

static bool take_opt(sodns_query_t *q, const uint8_t *fixed, const uint8_t *rdata, uint16_t rdlen)
{
	if (q->has_edns || !options_valid(rdata, rdlen))
		return false;
	q->has_edns = true;
	q->edns_size = get16(fixed + 2);
	q->edns_version = fixed[5];
	q->edns_flags = get16(fixed + 6);
	q->options = rdata;
	q->options_len = rdlen;
	return true;
}

/* Passes over a name; 0 if it is malformed. *owner is its length without compression. */
static size_t skip_name(const uint8_t *m, size_t len, size_t at, size_t *owner)
{
	uint8_t unpacked[SODNS_NAME_MAX];
	*owner = 1;
	if (at < len && m[at] == 0)
		return at + 1;
	return name_unpack(m, len, at, unpacked, owner);
}

/* What follows the question: `count` records, of which the last `additional` are that section's. */
static bool read_records(sodns_query_t *q, size_t at, unsigned count, unsigned additional)
{
	const uint8_t *m = q->packet;
	size_t len = q->packet_len;
	for (unsigned i = 0; i < count; i++) {
		size_t begin = at, owner;
		bool in_additional = i >= count - additional, last = i + 1 == count;
		at = skip_name(m, len, at, &owner);
		if (!at || at + 10 > len)
			return false;
		uint16_t type = get16(m + at), rdlen = get16(m + at + 8);
		if (at + 10 + rdlen > len)
			return false;
		if (type == SODNS_TYPE_OPT &&
		    (!in_additional || owner > 1 || !take_opt(q, m + at, m + at + 10, rdlen)))
			return false;
		if (type == SODNS_TYPE_TSIG) {
			if (!in_additional || !last || get16(m + at + 2) != SODNS_CLASS_ANY)
				return false;
			q->tsig_at = (uint16_t)begin;
		}
		at += 10u + rdlen;
	}
	return true;
}

/* The question's name and its labels. Returns the offset behind it, or 0. */
static size_t read_name(sodns_query_t *q)
{
	const uint8_t *m = q->packet;
	size_t at = QUESTION_AT, len = q->packet_len;
	unsigned n = 0;
	while (at < len && m[at] && m[at] < 64) {
		if (at - QUESTION_AT > SODNS_NAME_MAX - 2)
			return 0;
		q->labels.at[n++] = (uint8_t)(at - QUESTION_AT);
		at += m[at] + 1u;
	}
	if (at >= len || m[at] || at - QUESTION_AT >= SODNS_NAME_MAX)
		return 0; /* cut off, too long, or a pointer, which can't point backwards from here
			   */
	at++;
	q->labels.count = (uint8_t)n;
	q->labels.known[0] = q->labels.known[1] = 0;
	q->labels.at[n] = (uint8_t)(at - 1 - QUESTION_AT);
	q->name_len = (uint8_t)(at - QUESTION_AT);
	q->name = q->name_buffer;
	q->has_upper = name_copy_lower(q->name_buffer, m + QUESTION_AT, q->name_len);
	q->original = q->has_upper ? m + QUESTION_AT : q->name;
	return at;
}

static enum parse_verdict read_question(sodns_query_t *q)
{
	const uint8_t *m = q->packet;
	size_t at = read_name(q), len = q->packet_len;
	if (!at || at + 4 > len)
		return PARSE_FORMERR;
	q->type = get16(m + at);
	q->rclass = get16(m + at + 2);
	q->question_end = (uint16_t)(at + 4);
	unsigned an = get16(m + 6), ns = get16(m + 8), ar = get16(m + 10);
	if (!(an | ns | ar))
		return PARSE_OK;
	return read_records(q, at + 4, an + ns + ar, ar) ? PARSE_OK : PARSE_FORMERR;
}

enum parse_verdict query_parse(sodns_query_t *q, const uint8_t *m, size_t len)
{
	if (len < 12 || m[2] & 0x80)
		return PARSE_DROP;
	q->packet = m;
	q->packet_len = (uint32_t)len;
	q->id = get16(m);
	q->flags = get16(m + 2);
	q->opcode = m[2] >> 3 & 15;
	q->type = q->rclass = 0;
	q->name_len = 0;
	q->has_edns = q->derived = q->has_upper = q->collects = q->unrouted = false;
	q->edns_size = q->edns_flags = q->options_len = q->tsig_at = q->question_end = 0;
	q->set_options_len = 0;
	q->edns_version = q->depth = 0;
	q->options = NULL;
	q->hand = NULL;
	q->block = NULL;
	q->view = NULL;
	if (q->opcode != SODNS_OPCODE_QUERY && q->opcode != SODNS_OPCODE_NOTIFY)
		return PARSE_NOTIMP;
	if (get16(m + 4) != 1 || get16(m + 6) > 1 || get16(m + 8) > 1 || get16(m + 10) > 2)
		return PARSE_FORMERR;
	return read_question(q);
}

void query_set_name(sodns_query_t *q, const uint8_t *name)
{
	q->name_len = (uint8_t)name_split(name, &q->labels);
	uint8_t *original = arena_alloc(&q->shared->arena, q->name_len);
	memcpy(original, name, q->name_len);
	q->has_upper = name_copy_lower(q->name_buffer, name, q->name_len);
	q->name = q->name_buffer;
	q->original = q->has_upper ? original : q->name;
}

const uint8_t *sodns_query_name(const sodns_query_t *q)
{
	return q->name;
}

const uint8_t *sodns_query_original_name(const sodns_query_t *q)
{
	return q->original;
}

int sodns_query_match(const sodns_query_t *q, const uint8_t *const *zones, size_t count)
{
	int best = -1;
	size_t best_len = 0;
	for (size_t i = 0; i < count; i++) {
		size_t labels = 0, len = 0;
		for (const uint8_t *z = zones[i]; z[len]; len += z[len] + 1u)
			labels++;
		len++;
		if (labels > q->labels.count || len < best_len ||
		    q->labels.at[q->labels.count - labels] + len != q->name_len)
			continue;
		if (memcmp(q->name + q->name_len - len, zones[i], len))
			continue;
		best = (int)i;
		best_len = len;
	}
	return best;
}

uint64_t sodns_query_name_hash(const sodns_query_t *q, unsigned n)
{
	return name_hash(q->name, &q->labels, n < q->labels.count ? n : q->labels.count);
}

unsigned sodns_query_name_labels(const sodns_query_t *q)
{
	return q->labels.count;
}

uint16_t sodns_query_type(const sodns_query_t *q)
{
	return q->type;
}

uint16_t sodns_query_class(const sodns_query_t *q)
{
	return q->rclass;
}

unsigned sodns_query_opcode(const sodns_query_t *q)
{
	return q->opcode;
}

uint16_t sodns_query_id(const sodns_query_t *q)
{
	return q->id;
}

uint16_t sodns_query_flags(const sodns_query_t *q)
{
	return q->flags & (SODNS_QR | SODNS_AA | SODNS_TC | SODNS_RD | SODNS_RA | SODNS_Z |
			   SODNS_AD | SODNS_CD);
}

size_t sodns_query_length(const sodns_query_t *q)
{
	/* A sub-query is the client's message with another name in it. */
	if (q->depth && q->question_end)
		return q->packet_len - (q->question_end - 4u - QUESTION_AT) + q->name_len;
	return q->packet_len;
}

const uint8_t *sodns_query_wire(const sodns_query_t *q, size_t *len)
{
	*len = q->packet_len;
	return q->packet;
}

size_t sodns_query_tsig(const sodns_query_t *q)
{
	return q->tsig_at;
}

const uint8_t *sodns_query_options(const sodns_query_t *q, size_t *len)
{
	*len = q->options_len;
	return q->options;
}

bool sodns_query_has_edns(const sodns_query_t *q)
{
	return q->has_edns;
}

uint16_t sodns_query_edns_size(const sodns_query_t *q)
{
	uint16_t limit = q->shared->size_limit;
	return limit && limit < q->edns_size ? limit : q->edns_size;
}

void sodns_query_limit_size(sodns_query_t *q, uint16_t size)
{
	if (size < 512)
		size = 512;
	if (!q->shared->size_limit || size < q->shared->size_limit)
		q->shared->size_limit = size;
}

uint16_t sodns_query_size_limit(const sodns_query_t *q)
{
	return q->shared->size_limit;
}

void sodns_query_set_private(sodns_query_t *q)
{
	q->shared->is_private = true;
}

bool sodns_query_private(const sodns_query_t *q)
{
	return q->shared->is_private;
}

const uint8_t *sodns_query_set_options(const sodns_query_t *q, size_t *len)
{
	*len = q->set_options_len;
	return q->set_options;
}

bool sodns_query_do(const sodns_query_t *q)
{
	return q->edns_flags & 0x8000;
}

uint16_t sodns_query_edns_flags(const sodns_query_t *q)
{
	return q->edns_flags;
}

const uint8_t *sodns_query_option(const sodns_query_t *q, uint16_t code, size_t *len)
{
	for (size_t at = 0; at < q->options_len; at += 4u + get16(q->options + at + 2)) {
		*len = get16(q->options + at + 2);
		if (get16(q->options + at) == code)
			return q->options + at + 4;
	}
	*len = 0;
	return NULL;
}

uint16_t sodns_query_size(const sodns_query_t *q)
{
	if (q->protocol != SODNS_UDP)
		return 65535;
	uint16_t size = sodns_query_edns_size(q);
	return size < 512 ? 512 : size;
}

/* Whether another host may have written the client's address there. */
bool query_may_be_forged(const sodns_query_t *q)
{
	return q->protocol == SODNS_UDP && !q->shared->trusted && !sodns_address_is_local(q->peer);
}

uint16_t sodns_query_room(const sodns_query_t *q)
{
	uint16_t size = sodns_query_size(q);
	if (q->protocol != SODNS_UDP || size <= FORGED_MAX)
		return size;
	if (!q->shared->size_limit && query_may_be_forged(q))
		return FORGED_MAX;
	return size < DATAGRAM_MAX ? size : DATAGRAM_MAX;
}

void sodns_query_trust_peer(sodns_query_t *q)
{
	q->shared->trusted = true;
}

enum sodns_protocol sodns_query_protocol(const sodns_query_t *q)
{
	return (enum sodns_protocol)q->protocol;
}

const char *sodns_query_proto(const sodns_query_t *q)
{
	return q->protocol == SODNS_UDP || q->protocol == SODNS_QUIC ? "udp" : "tcp";
}

const sodns_address_t *sodns_query_peer(const sodns_query_t *q)
{
	return q->peer;
}

const sodns_address_t *sodns_query_local(const sodns_query_t *q)
{
	return q->local;
}

uint64_t sodns_query_received(const sodns_query_t *q)
{
	return q->shared->received;
}

uint64_t sodns_query_deadline(const sodns_query_t *q)
{
	return q->shared->deadline;
}

unsigned sodns_query_waiting(const sodns_query_t *q)
{
	return q->shared->parking ? q->shared->parking->count : 0;
}

unsigned sodns_query_depth(const sodns_query_t *q)
{
	return q->depth;
}

void *sodns_alloc(sodns_query_t *q, size_t size)
{
	return arena_alloc(&q->shared->arena, size);
}

char *sodns_printf(sodns_query_t *q, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *text = arena_alloc(&q->shared->arena, (size_t)(n < 0 ? 0 : n) + 1);
	va_start(ap, format);
	vsnprintf(text, (size_t)(n < 0 ? 0 : n) + 1, format, ap);
	va_end(ap);
	return text;
}

static struct query_hook *add_hook(sodns_query_t *q, struct query_hook **list, void *arg)
{
	struct query_hook *h = arena_alloc(&q->shared->arena, sizeof(*h));
	h->arg = arg;
	h->next = *list;
	*list = h;
	return h;
}

void sodns_cleanup(sodns_query_t *q, void (*fn)(void *arg), void *arg)
{
	add_hook(q, &q->shared->cleanups, arg)->call.cleanup = fn;
}

void sodns_on_finish(sodns_query_t *q, sodns_finish_f fn, void *arg, size_t reserve)
{
	add_hook(q, &q->shared->finishers, arg)->call.finish = fn;
	q->shared->reserved += reserve;
}

void sodns_on_done(sodns_query_t *q, sodns_observe_f fn, void *arg)
{
	add_hook(q, &q->shared->observers, arg)->call.observe = fn;
}

void query_run_cleanups(sodns_query_t *q)
{
	for (struct query_hook *h = q->shared->cleanups; h; h = h->next)
		h->call.cleanup(h->arg);
	q->shared->cleanups = NULL;
}
