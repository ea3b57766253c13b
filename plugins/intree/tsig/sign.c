/*
 * Signing what leaves: a finisher that works on each message of the answer.
 */
#include <string.h>

#include "tsig.h"

#define FUDGE 300

struct signing {
	const sodns_hmac_key_t *mac; /* NULL: unsigned */
	struct record answer;        /* the record that is being made */
	uint8_t previous[MAC_MAX];   /* the code of the message before */
	size_t previous_len;
	bool further; /* others of the stream have left */
	uint8_t server_time[6];
};

/* Nothing but header and question, and TC: RFC 8945, 5.3. */
static size_t cut(const sodns_query_t *q, uint8_t *packet)
{
	packet[2] |= SODNS_TC >> 8;
	memset(packet + 6, 0, 6);
	return 12 + sodns_name_length(sodns_query_original_name(q)) + 4;
}

static void compute(struct signing *s, const uint8_t *packet, size_t len)
{
	if (s->answer.error != TSIG_BADTIME)
		s->answer.time = sodns_time();
	s->previous_len = record_mac_answer(s->mac, s->previous, s->previous_len, packet, len,
					    &s->answer, s->further, s->previous);
	s->further = true;
}

static size_t sign(void *arg, sodns_query_t *q, uint8_t *packet, size_t len, size_t room)
{
	struct signing *s = arg;
	size_t size = record_length(&s->answer);
	if (len + size > room && !s->mac)
		return len;
	if (len + size > room)
		len = cut(q, packet);
	/* An answer that has room for no signature is none. */
	if (len + size > room)
		return 0;
	s->answer.original_id = (uint16_t)(packet[0] << 8 | packet[1]);
	if (s->mac)
		compute(s, packet, len);
	record_write(&s->answer, packet + len);
	unsigned additional = (unsigned)(packet[10] << 8 | packet[11]) + 1;
	packet[10] = (uint8_t)(additional >> 8);
	packet[11] = (uint8_t)additional;
	return len + size;
}

void sign_answers(sodns_query_t *q, const struct record *r, const sodns_hmac_key_t *mac,
		  enum tsig_error error)
{
	struct signing *s = sodns_alloc(q, sizeof(*s));
	memset(s, 0, sizeof(*s));
	memcpy(s->answer.owner, r->owner, SODNS_NAME_MAX);
	memcpy(s->answer.algorithm, r->algorithm, SODNS_NAME_MAX);
	s->answer.fudge = FUDGE;
	s->answer.error = (uint16_t)error;
	s->answer.mac = s->previous;
	s->mac = mac;
	if (mac) {
		s->answer.mac_len = (uint16_t)sodns_hmac_length(mac);
		memcpy(s->previous, r->mac, r->mac_len);
		s->previous_len = r->mac_len;
	}
	if (error == TSIG_BADTIME) {
		uint64_t now = sodns_time();
		for (unsigned i = 0; i < 6; i++)
			s->server_time[i] = (uint8_t)(now >> (40 - 8 * i));
		s->answer.time = r->time;
		s->answer.other = s->server_time;
		s->answer.other_len = sizeof(s->server_time);
	}
	sodns_on_finish(q, sign, s, record_length(&s->answer));
}
