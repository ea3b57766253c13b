/*
 * .Message and .Question: the query as miekg/dns has it, with the fields and methods that make sense
 * on a query.
 */
#include <string.h>

#include "template.h"

static void print_type(run_t *r, uint16_t type)
{
	char buf[16];
	run_print(r, "%s", sodns_type_text(type, buf));
}

static value_t name_value(run_t *r, const sodns_query_t *q)
{
	char *text = run_alloc(r, SODNS_NAME_TEXT_MAX);
	return value_string(text, sodns_name_to_text(sodns_query_original_name(q), text));
}

static void print_question(run_t *r, const void *data)
{
	const sodns_query_t *q = ((const struct data *)data)->q;
	char buf[16];
	const value_t name = name_value(r, q);
	run_write(r, ";", 1);
	run_write(r, name.text, name.len);
	run_print(r, "\t%s\t ", sodns_class_text(sodns_query_class(q), buf));
	print_type(r, sodns_query_type(q));
}

/* A question in a list prints as the struct that it is. */
static void print_fields(run_t *r, const void *data)
{
	const sodns_query_t *q = ((const struct data *)data)->q;
	const value_t name = name_value(r, q);
	run_write(r, "{", 1);
	run_write(r, name.text, name.len);
	run_print(r, " %u %u}", sodns_query_type(q), sodns_query_class(q));
}

value_t printed(run_t *r, const type_t *type, const void *object)
{
	size_t begin = r->len;
	type->print(r, object);
	size_t len = r->len - begin;
	char *text = run_alloc(r, len + 1);
	if (len)
		memcpy(text, r->out + begin, len);
	r->len = begin;
	return value_string(text, len);
}

GETTER(question_name, name_value(r, q))
GETTER(question_qtype, value_uint(sodns_query_type(q), 16))
GETTER(question_qclass, value_uint(sodns_query_class(q), 16))
GETTER(question_string, printed(r, &question_type, object))

static const field_t question_fields[] = {
	{.name = "Name", .get = question_name},
	{.name = "Qtype", .get = question_qtype},
	{.name = "Qclass", .get = question_qclass},
	{.name = "String", .get = question_string, .method = true},
	{.name = NULL},
};
const type_t question_type = {
	.name = "*dns.Question", .fields = question_fields, .print = print_question};
static const type_t plain_question_type = {.name = "dns.Question",
					   .fields = question_fields,
					   .print = print_question,
					   .print_fields = print_fields,
					   .plain = true};

static void question_at(run_t *r, const void *data, size_t i, value_t *out)
{
	(void)r;
	(void)i;
	*out = value_object(&plain_question_type, data);
}

static const type_t questions_type = {.name = "[]dns.Question", .at = question_at};

static bool flag(const sodns_query_t *q, uint16_t bit)
{
	return (sodns_query_flags(q) & bit) != 0;
}

static void print_header(run_t *r, const void *data)
{
	static const struct {
		uint16_t bit;
		const char *text;
	} bits[] = {{SODNS_QR, " qr"}, {SODNS_AA, " aa"}, {SODNS_TC, " tc"}, {SODNS_RD, " rd"},
		    {SODNS_RA, " ra"}, {SODNS_Z, " z"},   {SODNS_AD, " ad"}, {SODNS_CD, " cd"}};
	const sodns_query_t *q = ((const struct data *)data)->q;
	run_print(r, ";; opcode: %s, status: NOERROR, id: %u\n;; flags:",
		  sodns_query_opcode(q) == SODNS_OPCODE_NOTIFY ? "NOTIFY" : "QUERY",
		  sodns_query_id(q));
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (flag(q, bits[i].bit))
			run_print(r, "%s", bits[i].text);
	run_write(r, ";", 1);
}

static void print_header_fields(run_t *r, const void *data)
{
	static const uint16_t bits[] = {SODNS_AA, SODNS_TC, SODNS_RD, SODNS_RA,
					SODNS_Z,  SODNS_AD, SODNS_CD};
	const sodns_query_t *q = ((const struct data *)data)->q;
	run_print(r, "{%u %s %u", sodns_query_id(q), flag(q, SODNS_QR) ? "true" : "false",
		  sodns_query_opcode(q));
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		run_print(r, " %s", flag(q, bits[i]) ? "true" : "false");
	run_print(r, " 0}");
}

static void print_message(run_t *r, const void *data)
{
	const sodns_query_t *q = ((const struct data *)data)->q;
	print_header(r, data);
	run_print(r, " QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: %d\n",
		  sodns_query_has_edns(q));
	if (sodns_query_has_edns(q)) {
		opt_type.print(r, data);
		run_write(r, "\n", 1);
	}
	run_print(r, "\n;; QUESTION SECTION:\n");
	print_question(r, data);
	run_write(r, "\n", 1);
}

static size_t message_length(const sodns_query_t *q)
{
	size_t options = 0;
	if (sodns_query_has_edns(q))
		sodns_query_options(q, &options);
	return 12 + sodns_name_length(sodns_query_name(q)) + 4 +
	       (sodns_query_has_edns(q) ? 11 + options : 0);
}

/* What is there in messages that are no queries. */
static const type_t records_type = {.name = "[]dns.RR", .at = opt_at};

GETTER(message_id, value_uint(sodns_query_id(q), 16))
GETTER(message_response, value_bool(flag(q, SODNS_QR)))
GETTER(message_opcode, value_int((int64_t)sodns_query_opcode(q)))
GETTER(message_aa, value_bool(flag(q, SODNS_AA)))
GETTER(message_tc, value_bool(flag(q, SODNS_TC)))
GETTER(message_rd, value_bool(flag(q, SODNS_RD)))
GETTER(message_ra, value_bool(flag(q, SODNS_RA)))
GETTER(message_z, value_bool(flag(q, SODNS_Z)))
GETTER(message_ad, value_bool(flag(q, SODNS_AD)))
GETTER(message_cd, value_bool(flag(q, SODNS_CD)))
GETTER(message_rcode, value_int(0))
GETTER(message_compress, value_bool(false))
GETTER(message_questions, value_list(&questions_type, object, 1))
GETTER(message_none, value_list(&records_type, object, 0))
GETTER(message_extra, value_list(&records_type, object, sodns_query_has_edns(q)))
GETTER(message_header, value_object(&header_type, object))
GETTER(message_len, value_int((int64_t)message_length(q)))
GETTER(message_opt, value_object(&opt_type, sodns_query_has_edns(q) ? object : NULL))
GETTER(message_tsig, value_object(&opt_type, NULL))
GETTER(message_string, printed(r, &message_type, object))
GETTER(header_string, printed(r, &header_type, object))

/* The header's fields are the message's too. */
#define HEADER_FIELDS                                                                              \
	{.name = "Id", .get = message_id}, {.name = "Response", .get = message_response},          \
		{.name = "Opcode", .get = message_opcode},                                         \
		{.name = "Authoritative", .get = message_aa},                                      \
		{.name = "Truncated", .get = message_tc},                                          \
		{.name = "RecursionDesired", .get = message_rd},                                   \
		{.name = "RecursionAvailable", .get = message_ra},                                 \
		{.name = "Zero", .get = message_z},                                                \
		{.name = "AuthenticatedData", .get = message_ad},                                  \
		{.name = "CheckingDisabled", .get = message_cd},                                   \
	{                                                                                          \
		.name = "Rcode", .get = message_rcode                                              \
	}

static const field_t header_fields[] = {
	HEADER_FIELDS,
	{.name = "String", .get = header_string, .method = true},
	{.name = NULL},
};
const type_t header_type = {.name = "dns.MsgHdr",
			    .fields = header_fields,
			    .print = print_header,
			    .print_fields = print_header_fields,
			    .plain = true};

static const field_t message_fields[] = {
	HEADER_FIELDS,
	{.name = "Question", .get = message_questions},
	{.name = "MsgHdr", .get = message_header},
	{.name = "Compress", .get = message_compress},
	{.name = "Answer", .get = message_none},
	{.name = "Ns", .get = message_none},
	{.name = "Extra", .get = message_extra},
	{.name = "IsEdns0", .get = message_opt, .method = true},
	{.name = "IsTsig", .get = message_tsig, .method = true},
	{.name = "Len", .get = message_len, .method = true},
	{.name = "String", .get = message_string, .method = true},
	{.name = NULL},
};
const type_t message_type = {.name = "*dns.Msg", .fields = message_fields, .print = print_message};
