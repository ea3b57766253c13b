/*
 * Lines of a hosts file: "ADDRESS NAME [NAME...] # comment". What makes no sense is passed over, as
 * resolvers do, and told.
 */
#include <stdio.h>
#include <string.h>

#include <sodns/log.h>

#include "hosts.h"

#define WORD_MAX 1024
/* Lines of one file that are complained of. */
#define COMPLAINTS 5u

struct place {
	const char *file; /* NULL: nothing is told */
	unsigned line, complaints;
};

static void complain(struct place *p, const char *word, const char *what)
{
	if (!p->file || ++p->complaints > COMPLAINTS + 1)
		return;
	if (p->complaints > COMPLAINTS)
		sodns_log(SODNS_LOG_WARNING, "hosts", "%s:%u - and more", p->file, p->line);
	else
		sodns_log(SODNS_LOG_WARNING, "hosts", "%s:%u - '%s' %s", p->file, p->line, word,
			  what);
}

/* The next word of a line, cut at blanks; false at its end. */
static bool next_word(const char **at, const char *end, char out[WORD_MAX])
{
	const char *p = *at;
	while (p < end && strchr(" \t\r\v\f", *p))
		p++;
	const char *begin = p;
	while (p < end && !strchr(" \t\r\v\f", *p))
		p++;
	size_t n = (size_t)(p - begin);
	*at = p;
	if (!n)
		return false;
	if (n >= WORD_MAX)
		n = 0;
	memcpy(out, begin, n);
	out[n] = 0;
	return true;
}

bool hosts_read_address(char *word, sodns_address_t *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char *percent = strchr(word, '%');
	if (percent)
		*percent = 0;
	if (sodns_address_from_text(word, a))
		return false;
	if (a->family == 6 && !memcmp(a->bytes, mapped, 12)) {
		memmove(a->bytes, a->bytes + 12, 4);
		a->family = 4;
	}
	return true;
}

/* "1.2.0.192.in-addr.arpa", "…ip6.arpa" in wire form. */
static void reverse_name(const sodns_address_t *a, uint8_t out[SODNS_NAME_MAX])
{
	char text[128], *p = text;
	if (a->family == 4) {
		snprintf(text, sizeof(text), "%u.%u.%u.%u.in-addr.arpa.", a->bytes[3], a->bytes[2],
			 a->bytes[1], a->bytes[0]);
	} else {
		for (int i = 15; i >= 0; i--)
			p += sprintf(p, "%x.%x.", a->bytes[i] & 15u, a->bytes[i] >> 4);
		strcpy(p, "ip6.arpa.");
	}
	sodns_name_from_text(text, NULL, out);
}

static void add_name(const struct hosts *h, struct table *t, const char *word,
		     const sodns_address_t *a, struct place *at)
{
	uint8_t name[SODNS_NAME_MAX], reverse[SODNS_NAME_MAX];
	bool four = a->family == 4;
	if (sodns_name_from_text(word, NULL, name) < 0) {
		complain(at, word, "is not a domain name: it is left out");
		return;
	}
	size_t len = sodns_name_lower(name, name);
	if (!sodns_name_match(name, h->zones, h->zone_count))
		return;
	bool wild = name[0] == 1 && name[1] == '*' && name[2];
	table_add(t, wild ? name + 2 : name, wild, four ? SET_A : SET_AAAA, a->bytes,
		  four ? 4 : 16);
	if (wild || h->no_reverse)
		return;
	reverse_name(a, reverse);
	table_add(t, reverse, false, SET_PTR, name, len);
}

static void parse_line(const struct hosts *h, struct table *t, const char *at, const char *end,
		       struct place *place)
{
	char word[WORD_MAX];
	sodns_address_t a;
	const char *comment = memchr(at, '#', (size_t)(end - at));
	unsigned names = 0;
	end = comment ? comment : end;
	if (!next_word(&at, end, word))
		return;
	if (!hosts_read_address(word, &a)) {
		complain(place, word, "is not an IP address: the line is left out");
		return;
	}
	for (; next_word(&at, end, word); names++)
		if (*word)
			add_name(h, t, word, &a, place);
	if (!names)
		complain(place, word, "has no name behind it: the line is left out");
}

void hosts_parse(const struct hosts *h, struct table *t, const char *text, size_t len,
		 const char *file)
{
	const char *end = text + len;
	struct place place = {.file = file, .line = 1};
	/* A byte order mark, which editors put in front. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	for (; text < end; place.line++) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		line_end = line_end ? line_end : end;
		parse_line(h, t, text, line_end, &place);
		text = line_end + 1;
	}
}
