/*
 * Formats: compiled once into pieces, written without printf for each query.
 */
#include <string.h>

#include <sodns/metrics.h>
#include <sodns/text.h>

#include "log.h"

static const struct {
	const char *name;
	enum field field;
} labels[] = {
	{"{type}", FIELD_TYPE},      {"{name}", FIELD_NAME},   {"{class}", FIELD_CLASS},
	{"{proto}", FIELD_PROTO},    {"{size}", FIELD_SIZE},   {"{remote}", FIELD_REMOTE},
	{"{port}", FIELD_PORT},      {"{local}", FIELD_LOCAL}, {"{>id}", FIELD_ID},
	{"{>opcode}", FIELD_OPCODE}, {"{>do}", FIELD_DO},      {"{>bufsize}", FIELD_BUFSIZE},
	{"{rcode}", FIELD_RCODE},    {"{rsize}", FIELD_RSIZE}, {"{duration}", FIELD_DURATION},
	{"{>rflags}", FIELD_RFLAGS},
};

static enum field label_of(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (strlen(labels[i].name) == len && !memcmp(labels[i].name, text, len))
			return labels[i].field;
	return len > 3 && text[1] == '/' ? FIELD_METADATA : FIELD_TEXT;
}

/* There is room; the text is that of the format, which stays. */
static void add_piece(struct piece *to, struct rule *out, enum field field, const char *text,
		      size_t len)
{
	to[out->count++] = (struct piece){field, text, len};
}

/* The key of some metadata, alone. */
static const char *key_of(sodns_setup_t *s, const char *text, size_t len)
{
	char *key = sodns_setup_alloc(s, len + 1);
	return memcpy(key, text, len);
}

/* A label and the text before it for each '}', and the text behind the last. */
static struct piece *room_for(sodns_setup_t *s, const char *format)
{
	size_t most = 1;
	for (; *format; format++)
		most += *format == '}' ? 2 : 0;
	return sodns_setup_alloc(s, most * sizeof(struct piece));
}

/* A label begins at the last '{' before a '}': "{ {name} }" has one. What is none stays as it is.
 */
void format_compile(sodns_setup_t *s, const char *format, struct rule *out)
{
	const char *end;
	struct piece *pieces = room_for(s, format);
	out->pieces = pieces;
	while ((end = strchr(format, '}'))) {
		const char *begin = memrchr(format, '{', (size_t)(end - format));
		size_t len = begin ? (size_t)(end + 1 - begin) : 0;
		enum field field = begin ? label_of(begin, len) : FIELD_TEXT;
		if (field == FIELD_TEXT) {
			add_piece(pieces, out, FIELD_TEXT, format, (size_t)(end + 1 - format));
		} else {
			if (begin > format)
				add_piece(pieces, out, FIELD_TEXT, format,
					  (size_t)(begin - format));
			if (field == FIELD_METADATA)
				add_piece(pieces, out, field, key_of(s, begin + 2, len - 3),
					  len - 3);
			else
				add_piece(pieces, out, field, begin, len);
		}
		format = end + 1;
	}
	if (*format)
		add_piece(pieces, out, FIELD_TEXT, format, strlen(format));
}

/* The line while it is written. */
struct line {
	char *at, *end;
};

static void put(struct line *l, const char *text, size_t len)
{
	size_t room = (size_t)(l->end - l->at);
	if (len > room)
		len = room;
	memcpy(l->at, text, len);
	l->at += len;
}

static void put_text(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

static void put_number(struct line *l, uint64_t n)
{
	char digits[24];
	put(l, digits, sodns_uint_to_text(n, digits));
}

static void put_address(struct line *l, const sodns_address_t *a)
{
	char text[SODNS_ADDRESS_TEXT_MAX];
	size_t n = sodns_address_to_text(a, text);
	if (a->family == 6)
		put(l, "[", 1);
	put(l, text, n);
	if (a->family == 6)
		put(l, "]", 1);
}

/* Seconds with as many decimals as they need. */
static void put_duration(struct line *l, uint64_t ns)
{
	char digits[9];
	size_t n = 9;
	uint64_t rest = ns % 1000000000;
	put_number(l, ns / 1000000000);
	for (size_t i = 9; i-- > 0; rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	while (n && digits[n - 1] == '0')
		n--;
	if (n)
		put(l, ".", 1);
	put(l, digits, n);
	put(l, "s", 1);
}

size_t flags_text(uint16_t flags, char out[FLAGS_TEXT_MAX])
{
	static const struct {
		uint16_t bit;
		char text[4];
	} names[] = {{SODNS_AA, ",aa"}, {SODNS_TC, ",tc"}, {SODNS_RD, ",rd"}, {SODNS_RA, ",ra"},
		     {SODNS_Z, ",z"},   {SODNS_AD, ",ad"}, {SODNS_CD, ",cd"}};
	size_t n = 2;
	memcpy(out, "qr", 2);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].bit) {
			memcpy(out + n, names[i].text, 3);
			n += names[i].bit == SODNS_Z ? 2 : 3;
		}
	return n;
}

static void put_of_reply(struct line *l, enum field field, const struct outcome *o)
{
	const sodns_reply_t *r = o->reply;
	char buf[FLAGS_TEXT_MAX];
	bool none = sodns_reply_kind(r) == SODNS_DROP;
	if (field == FIELD_RSIZE)
		put_number(l, sodns_reply_length(r));
	else if (field == FIELD_DURATION)
		put_duration(l, sodns_now() - o->began);
	else if (none)
		put(l, "-", 1);
	else if (field == FIELD_RFLAGS)
		put(l, buf, flags_text(o->flags, buf));
	else
		put_text(l, sodns_rcode_text(sodns_reply_rcode(r), buf));
}

static void put_field(struct line *l, const struct piece *p, sodns_query_t *q,
		      const struct outcome *o)
{
	char buf[16], name[SODNS_NAME_TEXT_MAX];
	const char *value;
	switch (p->field) {
	case FIELD_TEXT:
		put(l, p->text, p->len);
		break;
	case FIELD_METADATA:
		value = sodns_metadata_get(q, p->text);
		put_text(l, value ? value : "-"); /* one that is set may be empty */
		break;
	case FIELD_TYPE:
		put_text(l, sodns_type_text(sodns_query_type(q), buf));
		break;
	case FIELD_NAME:
		put(l, name, sodns_name_to_text(sodns_query_name(q), name));
		break;
	case FIELD_CLASS:
		put_text(l, sodns_class_text(sodns_query_class(q), buf));
		break;
	case FIELD_PROTO:
		put_text(l, sodns_query_proto(q));
		break;
	case FIELD_SIZE:
		put_number(l, sodns_query_length(q));
		break;
	case FIELD_REMOTE:
		put_address(l, sodns_query_peer(q));
		break;
	case FIELD_PORT:
		put_number(l, sodns_query_peer(q)->port);
		break;
	case FIELD_LOCAL:
		put_address(l, sodns_query_local(q));
		break;
	case FIELD_ID:
		put_number(l, sodns_query_id(q));
		break;
	case FIELD_OPCODE:
		put_number(l, sodns_query_opcode(q));
		break;
	case FIELD_DO:
		put_text(l, sodns_query_do(q) ? "true" : "false");
		break;
	case FIELD_BUFSIZE:
		put_number(l, sodns_query_size(q));
		break;
	default:
		put_of_reply(l, p->field, o);
	}
}

size_t format_write(const struct rule *rule, sodns_query_t *q, const struct outcome *o,
		    char out[LINE_MAX_LEN])
{
	struct line l = {out, out + LINE_MAX_LEN};
	for (size_t i = 0; i < rule->count; i++)
		put_field(&l, &rule->pieces[i], q, o);
	if (l.at == l.end)
		sodns_limit_reached("log line bytes", 1);
	return (size_t)(l.at - out);
}
