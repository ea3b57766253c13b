/*
 * Lines of a hosts file: "ADDRESS NAME [NAME...] # comment". What makes no sense is passed over, as
 * resolvers do, and told.
 */
#include <string.h>

#include "hosts.h"

bool hosts_read_address(char *word, sodns_address_t *a)
{
	char *percent = strchr(word, '%');
	if (percent)
		*percent = 0;
	if (sodns_address_from_text(word, a))
		return false;
	sodns_address_unmap(a);
	return true;
}

static void add_name(const struct hosts *h, struct table *t, sodns_text_t *text,
		     const sodns_address_t *a)
{
	uint8_t name[SODNS_NAME_MAX], reverse[SODNS_NAME_MAX];
	bool four = a->family == 4;
	if (sodns_name_from_text(text->word, NULL, name) < 0) {
		sodns_text_warning(text, "'%s' is not a domain name: it is left out", text->word);
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
	sodns_address_to_reverse(a, reverse);
	table_add(t, reverse, false, SET_PTR, name, len);
}

static void parse_line(const struct hosts *h, struct table *t, sodns_text_t *text)
{
	char word[SODNS_TEXT_WORD_MAX];
	sodns_address_t a;
	unsigned names = 0;
	strcpy(word, sodns_text_word(text));
	if (!hosts_read_address(word, &a)) {
		sodns_text_warning(text, "'%s' is not an IP address: the line is left out", word);
		return;
	}
	for (; sodns_text_word(text); names++)
		add_name(h, t, text, &a);
	if (!names)
		sodns_text_warning(text, "'%s' has no name behind it: the line is left out", word);
}

void hosts_parse(const struct hosts *h, struct table *t, sodns_text_t *text)
{
	while (sodns_text_line(text))
		parse_line(h, t, text);
}
