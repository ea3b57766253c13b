/*
 * One question through the server: from words to a packet, by the worker's batch, to a text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/message.h>
#include <sodns/text.h>

#include "test/test.h"
#include "system/seam.h"

struct question {
	uint8_t name[SODNS_NAME_MAX];
	uint16_t type, rclass, flags, size;
	bool edns, dnssec_ok, tcp, ixfr;
	uint32_t serial;
	uint8_t options[512];
	size_t options_len;
	sodns_address_t from;
	bool says_from;
	uint16_t port;
};

/* "CODE:HEX" */
static bool read_option(struct question *x, const char *text)
{
	const char *hex = strchrnul(text, ':');
	uint8_t *head = x->options + x->options_len;
	uint64_t code;
	if (!*hex || x->options_len + 4 > sizeof(x->options) ||
	    sodns_uint_from_text(text, (size_t)(hex - text), 10, UINT16_MAX, &code))
		return false;
	ptrdiff_t len = sodns_hex_decode(hex + 1, strlen(hex + 1), head + 4,
					 sizeof(x->options) - x->options_len - 4);
	if (len < 0)
		return false;
	const uint8_t fixed[4] = {(uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(len >> 8),
				  (uint8_t)len};
	memcpy(head, fixed, sizeof(fixed));
	x->options_len += 4 + (size_t)len;
	x->edns = true;
	return true;
}

/* An address that is given may be another's, as on the Internet; the usual one is the client's own. */
static bool read_from(struct question *x, const char *text)
{
	x->says_from = true;
	return !sodns_endpoint_from_text(text, 40000, &x->from);
}

static bool read_word(struct question *x, const char *w)
{
	if (!strcmp(w, "tcp"))
		x->tcp = true;
	else if (!strcmp(w, "do"))
		x->edns = x->dnssec_ok = true;
	else if (!strcmp(w, "edns"))
		x->edns = true;
	else if (!strcmp(w, "ad"))
		x->flags |= SODNS_AD;
	else if (!strcmp(w, "cd"))
		x->flags |= SODNS_CD;
	else if (!strcmp(w, "nord"))
		x->flags &= (uint16_t)~SODNS_RD;
	else if (!strcmp(w, "notify"))
		x->flags |= SODNS_OPCODE_NOTIFY << 11;
	else if (!strncmp(w, "size=", 5))
		x->edns = (x->size = (uint16_t)atoi(w + 5)) != 0;
	else if (!strncmp(w, "port=", 5))
		x->port = (uint16_t)atoi(w + 5);
	else if (!strncmp(w, "ixfr=", 5))
		x->ixfr = sscanf(w + 5, "%u", &x->serial) == 1;
	else if (!strncmp(w, "class=", 6))
		return (x->rclass = sodns_class_from_text(w + 6)) != 0;
	else if (!strncmp(w, "from=", 5))
		return read_from(x, w + 5);
	else if (!strncmp(w, "option=", 7))
		return read_option(x, w + 7);
	else
		return false;
	return true;
}

static bool read_question(const char *text, struct question *x)
{
	char copy[1024], *save = NULL;
	snprintf(copy, sizeof(copy), "%s", text);
	*x = (struct question){.rclass = SODNS_CLASS_IN, .flags = SODNS_RD, .size = 4096};
	sodns_endpoint_from_text("192.0.2.100:40000", 0, &x->from);
	const char *name = strtok_r(copy, " ", &save), *type = strtok_r(NULL, " ", &save), *w;
	int n = name ? sodns_name_from_text(name, NULL, x->name) : -1;
	if (n < 0 || !type || !(x->type = sodns_type_from_text(type)))
		return false;
	while ((w = strtok_r(NULL, " ", &save)))
		if (!read_word(x, w))
			return false;
	return true;
}

/* What an IXFR query has in its authority section: a SOA of the name asked, with this serial. */
static void add_soa(sodns_message_t *m, const struct question *x)
{
	const uint8_t rdata[22] = {0,
				   0,
				   (uint8_t)(x->serial >> 24),
				   (uint8_t)(x->serial >> 16),
				   (uint8_t)(x->serial >> 8),
				   (uint8_t)x->serial};
	sodns_message_add_record(m, SODNS_AUTHORITY, x->name, SODNS_TYPE_SOA, SODNS_CLASS_IN, 0,
				 rdata, sizeof(rdata));
}

static size_t write_question(const struct question *x, uint8_t *out, size_t size)
{
	sodns_message_t m;
	sodns_message_begin(&m, out, size, 1, x->flags);
	sodns_message_add_question(&m, x->name, x->type, x->rclass);
	if (x->ixfr)
		add_soa(&m, x);
	if (x->edns) {
		sodns_message_add_edns(&m, x->size, x->dnssec_ok);
		sodns_message_add_options(&m, x->options, x->options_len);
	}
	return m.length;
}

static void capture(slot_t *s, uint8_t *packet, size_t len)
{
	sodns_test_t *t = s->channel;
	free(t->packet);
	t->packet = malloc(len + 1);
	memcpy(t->packet, packet, len);
	t->packet_len = len;
	t->answered = true;
}

static int capture_more(slot_t *s, uint8_t *packet, size_t len)
{
	sodns_test_t *t = s->channel;
	char *text = packet_text(packet, len), *all = NULL;
	if (asprintf(&all, "%s%s;next\n", t->answer ? t->answer : "", text) < 0)
		abort();
	free(text);
	free(t->answer);
	t->answer = all;
	return SODNS_OK;
}

static const server_t *server_at(const sodns_test_t *t, uint16_t port)
{
	const server_t *s = servers_of(t->generation);
	while (port && s->next && s->address.port != port)
		s = s->next;
	return s;
}

/* Goes on until the answer is there. While nothing but time is waited for, time passes. */
static bool run_until_answered(sodns_test_t *t)
{
	loop_t *l = &workers[0].loop;
	for (unsigned i = 0; i < 100000 && !t->answered; i++) {
		uv_run(&l->uv, UV_RUN_NOWAIT);
		if (t->answered || loop_has_posted(l))
			continue;
		uint64_t due = loop_next_due(l);
		if (atomic_load(&blocking_count)) {
			uv_run(&l->uv, UV_RUN_ONCE);
		} else if (due != UINT64_MAX) {
			if (due > sodns_now())
				atomic_store(&seam.clock, due);
			loop_fire(l);
		}
	}
	return t->answered;
}

/* A question's way through the worker; false: nothing comes. */
static bool run_question(sodns_test_t *t, struct question x)
{
	t->answered = false;
	t->listener.server = server_at(t, x.port);
	slot_t *s = batch_slot(&workers[0]);
	s->packet_len = (uint32_t)write_question(&x, s->packet, PACKET_MAX);
	s->send = capture;
	s->send_more = x.tcp ? capture_more : NULL;
	s->channel = t;
	s->listener = &t->listener;
	s->shared.parking = NULL;
	s->q.protocol = x.tcp ? SODNS_TCP : SODNS_UDP;
	s->peer = x.from;
	s->shared.trusted = !x.says_from;
	sodns_endpoint_from_text("192.0.2.1:53", 53, &s->local);
	batch_run(&workers[0]);
	return run_until_answered(t);
}

bool test_ask_packet(sodns_test_t *t, const char *question)
{
	struct question x;
	return read_question(question, &x) && run_question(t, x);
}

const char *sodns_test_ask(sodns_test_t *t, const char *question)
{
	struct question x;
	if (!t)
		return "(not set up)\n";
	free(t->answer);
	t->answer = NULL;
	if (!read_question(question, &x))
		return t->answer = strdup("(not a question)\n");
	if (!run_question(t, x))
		return t->answer = strdup("(no answer, and nothing that is waited for)\n");
	char *last = t->packet_len ? packet_text(t->packet, t->packet_len) : strdup("DROP\n");
	char *all = NULL;
	if (asprintf(&all, "%s%s", t->answer ? t->answer : "", last) < 0)
		abort();
	free(last);
	free(t->answer);
	return t->answer = all;
}
