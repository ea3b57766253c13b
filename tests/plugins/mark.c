/*
 * A test plugin that reads what stands in front of messages: `NAME LETTER HOST` takes two LETTERs away
 * and makes the client 192.0.2.HOST, if it is not one of 192.0.2.0/24 already: it may be asked about
 * the same bytes twice, but never about a client that it has corrected.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>

struct mark {
	char letter;
	uint8_t host;
};

static bool is_marked(const struct mark *m, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len && i < 2; i++)
		if (bytes[i] != (uint8_t)m->letter)
			return false;
	return len > 0;
}

static bool correct(const struct mark *m, sodns_address_t *peer)
{
	static const uint8_t corrected[] = {192, 0, 2};
	if (!memcmp(peer->bytes, corrected, 3) && peer->bytes[3] == m->host)
		return false;
	*peer = (sodns_address_t){.family = 4, .port = peer->port, .bytes = {192, 0, 2, m->host}};
	return true;
}

static enum sodns_verdict datagram(void *self, sodns_packet_t *p)
{
	if (p->len < 2 || !is_marked(self, p->bytes, p->len))
		return SODNS_PASS;
	p->bytes += 2;
	p->len -= 2;
	return correct(self, &p->peer) ? SODNS_PASS : SODNS_DISCARD;
}

static ptrdiff_t stream(void *self, sodns_packet_t *p)
{
	if (!p->len)
		return SODNS_EBUSY;
	if (!is_marked(self, p->bytes, p->len))
		return 0;
	/* Said at the first byte, to be forgotten when the second is not there. */
	if (!correct(self, &p->peer))
		return SODNS_EINVAL;
	return p->len < 2 ? SODNS_EBUSY : 2;
}

static bool agrees(const void *self, const void *other)
{
	const struct mark *a = self, *b = other;
	return a->letter == b->letter && a->host == b->host;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_preface_ability_t ability = {
		.size = sizeof(ability), .datagram = datagram, .stream = stream, .agrees = agrees};
	(void)self;
	return strcmp(id, SODNS_ABILITY_PREFACE) ? NULL : &ability;
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s)) {
		struct mark *m = sodns_setup_alloc(s, sizeof(*m));
		const char *letter = sodns_setup_arg(s), *host = sodns_setup_arg(s);
		if (!letter || !host)
			return sodns_error_args(s);
		*m = (struct mark){.letter = *letter, .host = (uint8_t)atoi(host)};
		sodns_add_instance(s, m);
	}
	return SODNS_OK;
}

SODNS_PLUGIN(.name = NAME, .setup = setup, .ability = ability);
