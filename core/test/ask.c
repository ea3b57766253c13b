/*
 * One question through the server: from words to a packet, by the worker's batch, to a text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/test.h"
#include "system/seam.h"

struct question {
	uint8_t name[SODNS_NAME_MAX];
	size_t name_len;
	uint16_t type, rclass, flags, size;
	bool edns, dnssec_ok, tcp, ixfr;
	uint32_t serial;
	uint8_t options[512];
	size_t options_len;
	sodns_address_t from;
	bool says_from;
	uint16_t port;
};

static size_t put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return 2;
}

/* "CODE:HEX" */
static bool read_option(struct question *x, const char *text)
{
	unsigned code, byte;
	int n = 0;
	if (sscanf(text, "%u:%n", &code, &n) != 1 || !n)
		return false;
	uint8_t *head = x->options + x->options_len;
	size_t len = 0;
	for (text += n; sscanf(text, "%2x", &byte) == 1 && x->options_len + len < 500; text += 2)
		head[4 + len++] = (uint8_t)byte;
	put16(head, code);
	put16(head + 2, (unsigned)len);
	x->options_len += 4 + len;
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
	x->name_len = (size_t)n;
	while ((w = strtok_r(NULL, " ", &save)))
		if (!read_word(x, w))
			return false;
	return true;
}

/* What an IXFR query has in its authority section: a SOA of the name asked, with this serial. */
static size_t write_soa(uint32_t serial, uint8_t *out)
{
	static const uint8_t head[] = {0xc0, 12, 0, SODNS_TYPE_SOA, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0};
	memcpy(out, head, sizeof(head));
	put16(out + sizeof(head), serial >> 16);
	put16(out + sizeof(head) + 2, serial & 0xffff);
	memset(out + sizeof(head) + 4, 0, 16);
	return sizeof(head) + 20;
}

static size_t write_question(const struct question *x, uint8_t *out)
{
	uint8_t *p = out;
	memset(p, 0, 12);
	put16(p, 1);
	put16(p + 2, x->flags);
	p[5] = 1;
	p[9] = x->ixfr;
	p[11] = x->edns;
	p += 12;
	memcpy(p, x->name, x->name_len);
	p += x->name_len;
	p += put16(p, x->type);
	p += put16(p, x->rclass);
	if (x->ixfr)
		p += write_soa(x->serial, p);
	if (!x->edns)
		return (size_t)(p - out);
	*p++ = 0;
	p += put16(p, SODNS_TYPE_OPT);
	p += put16(p, x->size);
	p += put16(p, 0);
	p += put16(p, x->dnssec_ok ? 0x8000 : 0);
	p += put16(p, (unsigned)x->options_len);
	memcpy(p, x->options, x->options_len);
	return (size_t)(p - out) + x->options_len;
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
	s->packet_len = (uint32_t)write_question(&x, s->packet);
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
