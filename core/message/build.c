/*
 * Messages built without a query (sodns/message.h). Whatever is added is looked at for room first, so
 * that the buffer holds a well-formed message at every moment.
 */
#include <sodns/message.h>

#include <string.h>

#include <sodns/random.h>

#define OPT_FIXED 11u
#define POINTER 0xc000u

static inline uint8_t *put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static inline uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

uint16_t sodns_message_id(void)
{
	uint16_t id;
	sodns_random_bytes(&id, sizeof(id));
	return id;
}

static void fail(sodns_message_t *m, int error)
{
	if (!m->error)
		m->error = error;
}

/* Where `len` more bytes go; NULL: there is no room for them. */
static uint8_t *room(sodns_message_t *m, size_t len)
{
	if (!m->error && len <= m->size - m->length)
		return m->bytes + m->length;
	fail(m, SODNS_ERANGE);
	return NULL;
}

void sodns_message_begin(sodns_message_t *m, void *bytes, size_t size, uint16_t id, uint16_t flags)
{
	*m = (sodns_message_t){.bytes = bytes, .size = size < 65535 ? size : 65535};
	uint8_t *p = room(m, SODNS_MESSAGE_HEADER);
	if (!p)
		return;
	memset(put16(put16(p, id), flags), 0, SODNS_MESSAGE_HEADER - 4);
	m->length = SODNS_MESSAGE_HEADER;
}

/* One more in the count of a part, if it may follow what is there. */
static bool count(sodns_message_t *m, unsigned part)
{
	uint8_t *n = m->bytes + 4 + 2 * part;
	if (m->error || part < m->part || part > 3 || get16(n) == 65535) {
		fail(m, SODNS_EINVAL);
		return false;
	}
	m->part = (uint8_t)part;
	put16(n, get16(n) + 1);
	return true;
}

void sodns_message_add_question(sodns_message_t *m, const uint8_t *name, uint16_t type,
				uint16_t rclass)
{
	size_t n = sodns_name_length(name);
	uint8_t *p = room(m, n + 4);
	if (!p || !count(m, 0))
		return;
	memcpy(p, name, n);
	put16(put16(p + n, type), rclass);
	m->length += n + 4;
}

/* Where the owner stands in the message already, as an end of the first question's name; 0: nowhere. */
static size_t find_owner(const sodns_message_t *m, const uint8_t *owner, size_t len)
{
	const uint8_t *name = m->bytes + SODNS_MESSAGE_HEADER;
	if (len < 2 || !get16(m->bytes + 4))
		return 0;
	size_t left = sodns_name_length(name);
	while (left > len) {
		left -= *name + 1u;
		name += *name + 1u;
	}
	return left == len && !memcmp(name, owner, len) ? (size_t)(name - m->bytes) : 0;
}

void sodns_message_add_record(sodns_message_t *m, enum sodns_section section, const uint8_t *owner,
			      uint16_t type, uint16_t rclass, uint32_t ttl, const void *rdata,
			      uint16_t len)
{
	size_t n = sodns_name_length(owner), at = m->error ? 0 : find_owner(m, owner, n);
	size_t head = (at ? 2 : n) + 10;
	uint8_t *p = room(m, head + len);
	if (!p || !count(m, (unsigned)section + 1))
		return;
	if (at)
		p = put16(p, POINTER | (unsigned)at);
	else
		p = (uint8_t *)memcpy(p, owner, n) + n;
	p = put16(put32(put16(put16(p, type), rclass), ttl), len);
	if (len)
		memcpy(p, rdata, len);
	m->length += head + len;
}

void sodns_message_add_set(sodns_message_t *m, enum sodns_section section, const sodns_rrset_t *set)
{
	const uint8_t *at = set->data;
	for (unsigned i = 0; i < set->count; i++) {
		uint16_t len;
		const uint8_t *rdata = sodns_rdata(at, &len);
		sodns_message_add_record(m, section, set->owner, set->type, set->rclass, set->ttl,
					 rdata, len);
		at = rdata + len;
	}
}

void sodns_message_add_edns(sodns_message_t *m, uint16_t size, bool dnssec_ok)
{
	if (m->edns)
		fail(m, SODNS_EINVAL);
	uint8_t *p = room(m, OPT_FIXED);
	if (!p || !count(m, SODNS_ADDITIONAL + 1))
		return;
	*p++ = 0;
	put16(put32(put16(put16(p, SODNS_TYPE_OPT), size), dnssec_ok ? 0x8000 : 0), 0);
	m->edns = (uint16_t)m->length;
	m->length += OPT_FIXED;
}

/* Room for `len` more bytes of options behind those that are there. */
static uint8_t *option_room(sodns_message_t *m, size_t len)
{
	uint8_t *opt = m->bytes + m->edns;
	uint8_t *p = room(m, len);
	if (!p)
		return NULL;
	size_t have = get16(opt + 9);
	if (!m->edns || m->edns + OPT_FIXED + have != m->length || have + len > 65535) {
		fail(m, SODNS_EINVAL);
		return NULL;
	}
	put16(opt + 9, (unsigned)(have + len));
	m->length += len;
	return p;
}

void sodns_message_add_option(sodns_message_t *m, uint16_t code, const void *bytes, size_t len)
{
	uint8_t *p = len > 65535 ? NULL : option_room(m, 4 + len);
	if (!p) {
		fail(m, SODNS_ERANGE);
		return;
	}
	p = put16(put16(p, code), (unsigned)len);
	if (len)
		memcpy(p, bytes, len);
}

void sodns_message_add_options(sodns_message_t *m, const uint8_t *options, size_t len)
{
	uint8_t *p = len ? option_room(m, len) : NULL;
	if (p)
		memcpy(p, options, len);
}

int sodns_message_end(const sodns_message_t *m)
{
	return m->error ? m->error : (int)m->length;
}

size_t sodns_message_query(uint8_t out[SODNS_MESSAGE_QUERY_MAX], uint16_t flags,
			   const uint8_t *name, uint16_t type, uint16_t rclass)
{
	sodns_message_t m;
	sodns_message_begin(&m, out, SODNS_MESSAGE_QUERY_MAX, sodns_message_id(), flags);
	sodns_message_add_question(&m, name, type, rclass);
	return m.length;
}
