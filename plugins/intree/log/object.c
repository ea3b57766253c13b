/*
 * Lines as JSON objects: a member for each field, values by their kind, metadata in an object of
 * their own.
 */
#include <string.h>

#include <sodns/json.h>
#include <sodns/metrics.h>

#include "log.h"

/* What says that members were left out; room is kept for it. */
static const char truncated[] = "truncated";
#define TRUNCATED_LEN (sizeof(",\"truncated\":true") - 1)

static void put_text(sodns_json_out_t *o, const char *key, const char *text)
{
	sodns_json_put_string(o, key, text, strlen(text));
}

static void put_address(sodns_json_out_t *o, const char *key, const sodns_address_t *a)
{
	char text[SODNS_ADDRESS_TEXT_MAX];
	sodns_json_put_string(o, key, text, sodns_address_to_text(a, text));
}

/* Seconds with nine decimals. */
static void put_seconds(sodns_json_out_t *o, const char *key, uint64_t ns)
{
	char digits[32], *p = digits + sizeof(digits);
	for (unsigned i = 0; i < 10 || ns; i++, ns /= 10) {
		if (i == 9)
			*--p = '.';
		*--p = (char)('0' + ns % 10);
	}
	sodns_json_put_raw(o, key, p, (size_t)(digits + sizeof(digits) - p));
}

static void put_of_reply(sodns_json_out_t *o, const struct piece *p, const struct outcome *of)
{
	const sodns_reply_t *r = of->reply;
	char buf[FLAGS_TEXT_MAX];
	bool none = sodns_reply_kind(r) == SODNS_DROP;
	if (p->field == FIELD_RSIZE)
		sodns_json_put_integer(o, p->text, (int64_t)sodns_reply_length(r));
	else if (p->field == FIELD_DURATION)
		put_seconds(o, p->text, sodns_now() - of->began);
	else if (none)
		sodns_json_put_raw(o, p->text, "null", 4);
	else if (p->field == FIELD_RFLAGS)
		sodns_json_put_string(o, p->text, buf, flags_text(of->flags, buf));
	else
		put_text(o, p->text, sodns_rcode_text(sodns_reply_rcode(r), buf));
}

static void put_field(sodns_json_out_t *o, const struct piece *p, sodns_query_t *q,
		      const struct outcome *of)
{
	char buf[16], name[SODNS_NAME_TEXT_MAX];
	switch (p->field) {
	case FIELD_TYPE:
		put_text(o, p->text, sodns_type_text(sodns_query_type(q), buf));
		break;
	case FIELD_NAME:
		sodns_json_put_string(o, p->text, name,
				      sodns_name_to_text(sodns_query_name(q), name));
		break;
	case FIELD_CLASS:
		put_text(o, p->text, sodns_class_text(sodns_query_class(q), buf));
		break;
	case FIELD_PROTO:
		put_text(o, p->text, sodns_query_proto(q));
		break;
	case FIELD_SIZE:
		sodns_json_put_integer(o, p->text, (int64_t)sodns_query_length(q));
		break;
	case FIELD_REMOTE:
		put_address(o, p->text, sodns_query_peer(q));
		break;
	case FIELD_PORT:
		sodns_json_put_integer(o, p->text, sodns_query_peer(q)->port);
		break;
	case FIELD_LOCAL:
		put_address(o, p->text, sodns_query_local(q));
		break;
	case FIELD_ID:
		sodns_json_put_integer(o, p->text, sodns_query_id(q));
		break;
	case FIELD_OPCODE:
		sodns_json_put_integer(o, p->text, sodns_query_opcode(q));
		break;
	case FIELD_DO:
		sodns_json_put_boolean(o, p->text, sodns_query_do(q));
		break;
	case FIELD_BUFSIZE:
		sodns_json_put_integer(o, p->text, (int64_t)sodns_query_size(q));
		break;
	default:
		put_of_reply(o, p, of);
	}
}

/* Those that have a value. The pieces are metadata alone. */
static void put_metadata(sodns_json_out_t *o, const struct piece *p, const struct piece *end,
			 sodns_query_t *q)
{
	bool open = false;
	for (; p < end; p++) {
		const char *value = sodns_metadata_get(q, p->text);
		if (value && !open && !(open = sodns_json_open(o, "metadata")))
			return;
		if (value)
			put_text(o, p->text, value);
	}
	if (open)
		sodns_json_close(o);
}

size_t object_write(const struct rule *rule, sodns_query_t *q, const struct outcome *of,
		    char out[SODNS_LOG_MEMBERS_MAX])
{
	const struct piece *p = rule->pieces, *end = rule->pieces + rule->count;
	sodns_json_out_t o;
	sodns_json_out(&o, out, SODNS_LOG_MEMBERS_MAX - TRUNCATED_LEN);
	for (; p < end && p->field != FIELD_METADATA; p++)
		put_field(&o, p, q, of);
	put_metadata(&o, p, end, q);
	if (o.cut) {
		sodns_limit_reached("log line bytes", 1);
		o.end += TRUNCATED_LEN;
		sodns_json_put_boolean(&o, truncated, true);
	}
	return (size_t)(o.at - out);
}

static bool has(const struct rule *rule, const struct piece *p)
{
	for (size_t i = 0; i < rule->count; i++)
		if (rule->pieces[i].field == p->field &&
		    (p->field != FIELD_METADATA || !strcmp(rule->pieces[i].text, p->text)))
			return true;
	return false;
}

/* "{>id}" is "id". */
static const char *member_name(sodns_setup_t *s, const struct piece *p)
{
	size_t skip = 1 + (p->text[1] == '>');
	if (p->field == FIELD_METADATA)
		return p->text;
	char *name = sodns_setup_alloc(s, p->len);
	memcpy(name, p->text + skip, p->len - skip - 1);
	return name;
}

static void keep(sodns_setup_t *s, const struct rule *all, bool metadata, struct rule *out,
		 struct piece *pieces)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct piece *p = &all->pieces[i];
		if (p->field == FIELD_TEXT || (p->field == FIELD_METADATA) != metadata ||
		    has(out, p))
			continue;
		pieces[out->count++] = (struct piece){p->field, member_name(s, p), 0};
	}
}

void object_compile(sodns_setup_t *s, const char *format, struct rule *out)
{
	struct rule all = {0};
	format_compile(s, format, &all);
	struct piece *pieces = sodns_setup_alloc(s, (all.count + 1) * sizeof(*pieces));
	out->json = true;
	out->pieces = pieces;
	out->count = 0;
	keep(s, &all, false, out, pieces);
	keep(s, &all, true, out, pieces);
}
