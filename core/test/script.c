/*
 * Replies as text: what scripts say, made into replies and packets; packets made into text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/ldns.h>

#include <sodns/message.h>

#include "test/test.h"

static const struct {
	const char *name;
	uint16_t bit;
} flag_names[] = {
	{"aa", SODNS_AA}, {"tc", SODNS_TC}, {"rd", SODNS_RD},
	{"ra", SODNS_RA}, {"ad", SODNS_AD}, {"cd", SODNS_CD},
};
#define FLAGS (sizeof(flag_names) / sizeof(flag_names[0]))

struct head {
	int rcode;
	uint16_t flags;
};

/* The first line: rcode and flags. */
static struct head read_head(const char *line, size_t len)
{
	struct head h = {.rcode = SODNS_SERVFAIL};
	char copy[128], *save = NULL;
	snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
	char *word = strtok_r(copy, " ", &save);
	if (word)
		h.rcode = sodns_rcode_from_text(word);
	while ((word = strtok_r(NULL, " ", &save)))
		for (size_t i = 0; i < FLAGS; i++)
			if (!strcmp(word, flag_names[i].name))
				h.flags |= flag_names[i].bit;
	return h;
}

/* Calls fn for each record of a script. */
static void each_record(const char *text,
			void (*fn)(void *arg, enum sodns_section section, sodns_record_t *rr),
			void *arg)
{
	enum sodns_section section = SODNS_ANSWER;
	for (const char *line = strchr(text, '\n'); line && line[1];) {
		const char *end = strchr(++line, '\n');
		size_t n = end ? (size_t)(end - line) : strlen(line);
		sodns_record_t rr;
		char err[256];
		if (!strncmp(line, ";authority", 10))
			section = SODNS_AUTHORITY;
		else if (!strncmp(line, ";additional", 11))
			section = SODNS_ADDITIONAL;
		else if (n && sodns_record_from_text(line, n, NULL, 0, &rr, err, sizeof(err)))
			test_fail("script", 0, "%.*s: %s", (int)n, line, err);
		else if (n)
			fn(arg, section, &rr);
		line = end;
	}
}

struct adding {
	sodns_query_t *q;
	sodns_reply_t *r;
};

static void add_record(void *arg, enum sodns_section section, sodns_record_t *rr)
{
	struct adding *a = arg;
	size_t n = sodns_name_length(rr->owner);
	uint8_t *owner = sodns_alloc(a->q, n);
	memcpy(owner, rr->owner, n);
	sodns_reply_add_record(a->r, section, owner, rr->type, rr->ttl, rr->rdata, rr->rdata_len);
	free(rr->rdata);
}

sodns_reply_t *script_reply(sodns_query_t *q, const char *text)
{
	size_t n = strcspn(text, "\n");
	if (!strncmp(text, "DROP", 4))
		return sodns_drop(q);
	struct head h = read_head(!strncmp(text, "ERROR", 5) ? "SERVFAIL" : text, n);
	if (!strncmp(text, "ERROR", 5))
		return sodns_fail(q, h.rcode, "%.*s", (int)n - 6, text + 6);
	struct adding a = {q, sodns_reply(q)};
	sodns_reply_set_rcode(a.r, h.rcode);
	sodns_reply_set_flags(a.r, h.flags, 0);
	each_record(text, add_record, &a);
	return a.r;
}

static void pack_record(void *arg, enum sodns_section section, sodns_record_t *rr)
{
	sodns_message_add_record(arg, section, rr->owner, rr->type, rr->rclass, rr->ttl, rr->rdata,
				 rr->rdata_len);
	free(rr->rdata);
}

size_t script_packet(const uint8_t *query, size_t len, const char *text, uint8_t *out, size_t size)
{
	sodns_message_reader_t q;
	sodns_message_t m;
	if (!strncmp(text, "DROP", 4) || sodns_message_read(&q, query, len))
		return 0;
	struct head h = read_head(text, strcspn(text, "\n"));
	sodns_message_begin(&m, out, size, q.id,
			    (uint16_t)(SODNS_QR | h.flags | (h.rcode & 15) | (q.flags & SODNS_RD)));
	sodns_message_add_question(&m, q.name, q.type, q.rclass);
	each_record(text, pack_record, &m);
	return m.length;
}

static void print_edns(FILE *f, const ldns_pkt *p)
{
	fprintf(f, ";edns %u%s", ldns_pkt_edns_udp_size(p), ldns_pkt_edns_do(p) ? " do" : "");
	const ldns_rdf *d = ldns_pkt_edns_data(p);
	for (size_t at = 0; d && at + 4 <= ldns_rdf_size(d);) {
		const uint8_t *o = ldns_rdf_data(d) + at;
		size_t n = (size_t)o[2] << 8 | o[3];
		fprintf(f, " %u:", (unsigned)(o[0] << 8 | o[1]));
		for (size_t i = 0; i < n; i++)
			fprintf(f, "%02x", o[4 + i]);
		at += 4 + n;
	}
	fputc('\n', f);
}

static void print_section(FILE *f, const ldns_rr_list *list, const char *title)
{
	size_t n = ldns_rr_list_rr_count(list);
	if (n && *title)
		fprintf(f, ";%s\n", title);
	for (size_t i = 0; i < n; i++) {
		char *text = ldns_rr2str(ldns_rr_list_rr(list, i));
		for (char *c = text; *c; c++)
			*c = *c == '\t' ? ' ' : *c;
		fputs(text, f);
		free(text);
	}
}

char *packet_text(const uint8_t *packet, size_t len)
{
	char *text = NULL, buf[16];
	size_t size;
	ldns_pkt *p = NULL;
	FILE *f = open_memstream(&text, &size);
	if (ldns_wire2pkt(&p, packet, len) != LDNS_STATUS_OK) {
		fputs("(malformed)\n", f);
		fclose(f);
		return text;
	}
	unsigned flags = (unsigned)(packet[2] << 8 | packet[3]);
	int rcode = (int)(ldns_pkt_edns_extended_rcode(p) << 4 | (flags & 15));
	fputs(sodns_rcode_text(rcode, buf), f);
	for (size_t i = 0; i < FLAGS; i++)
		if (flags & flag_names[i].bit)
			fprintf(f, " %s", flag_names[i].name);
	fputc('\n', f);
	print_section(f, ldns_pkt_answer(p), "");
	print_section(f, ldns_pkt_authority(p), "authority");
	print_section(f, ldns_pkt_additional(p), "additional");
	if (ldns_pkt_edns(p))
		print_edns(f, p);
	ldns_pkt_free(p);
	fclose(f);
	return text;
}
