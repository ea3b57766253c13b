/*
 * The query's OPT record as miekg/dns has it: .Message.IsEdns0 and what is in it (RFC 6891).
 */
#include <string.h>

#include "template.h"

enum { OPTION_NSID = 3, OPTION_SUBNET = 8, OPTION_COOKIE = 10 };

struct option {
	uint16_t code, len;
	const uint8_t *bytes;
};

static void print_hex(run_t *r, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len && !r->failed; i++)
		run_print(r, "%02x", bytes[i]);
}

/* A client subnet's address, which was sent without its last zeros (RFC 7871, 6). */
static sodns_address_t subnet_address(const struct option *o)
{
	sodns_address_t a = {.family = o->len > 1 && o->bytes[1] == 2 ? 6 : 4};
	size_t len = o->len > 4 ? o->len - 4u : 0, most = a.family == 4 ? 4 : 16;
	if (len)
		memcpy(a.bytes, o->bytes + 4, len < most ? len : most);
	return a;
}

static void print_option(run_t *r, const void *data)
{
	const struct option *o = data;
	char text[SODNS_ADDRESS_TEXT_MAX];
	if (o->code == OPTION_SUBNET && o->len >= 4) {
		const sodns_address_t a = subnet_address(o);
		sodns_address_to_text(&a, text);
		run_print(r, "%s/%u/%u", text, o->bytes[2], o->bytes[3]);
		return;
	}
	if (o->code != OPTION_COOKIE && o->code != OPTION_NSID)
		run_print(r, "%u:0x", o->code);
	print_hex(r, o->bytes, o->len);
}

static value_t hex_value(run_t *r, const struct option *o)
{
	size_t begin = r->len;
	print_hex(r, o->bytes, o->len);
	size_t len = r->len - begin;
	char *text = run_alloc(r, len + 1);
	memcpy(text, r->out + begin, len);
	r->len = begin;
	return value_string(text, len);
}

static value_t address_value(run_t *r, const struct option *o)
{
	char *text = run_alloc(r, SODNS_ADDRESS_TEXT_MAX);
	const sodns_address_t a = subnet_address(o);
	return value_string(text, sodns_address_to_text(&a, text));
}

static unsigned byte(const struct option *o, size_t i)
{
	return i < o->len ? o->bytes[i] : 0;
}

/* A getter of an option's field. */
#define OPTION_GETTER(name, expression)                                                            \
	static void name(run_t *r, const void *object, const value_t *arg, value_t *out)           \
	{                                                                                          \
		const struct option *o = object;                                                   \
		(void)o;                                                                           \
		(void)r;                                                                           \
		(void)arg;                                                                         \
		*out = (expression);                                                               \
	}

OPTION_GETTER(option_code, value_uint(o->code, 16))
/* miekg/dns leaves the field empty where the type says it. */
OPTION_GETTER(option_no_code, value_uint(0, 16))
OPTION_GETTER(option_hex, hex_value(r, o))
OPTION_GETTER(option_address, address_value(r, o))
OPTION_GETTER(option_family, value_uint(byte(o, 0) << 8 | byte(o, 1), 16))
OPTION_GETTER(option_mask, value_uint(byte(o, 2), 8))
OPTION_GETTER(option_scope, value_uint(byte(o, 3), 8))
OPTION_GETTER(option_string, printed(r, &local_type, o))
OPTION_GETTER(subnet_string, printed(r, &subnet_type, o))

#define OPTION_FIELDS(code, string)                                                                \
	{.name = "Code", .get = code}, {.name = "Option", .get = option_code, .method = true},     \
	{                                                                                          \
		.name = "String", .get = string, .method = true                                    \
	}

static const field_t subnet_fields[] = {
	OPTION_FIELDS(option_no_code, subnet_string),  {.name = "Family", .get = option_family},
	{.name = "SourceNetmask", .get = option_mask}, {.name = "SourceScope", .get = option_scope},
	{.name = "Address", .get = option_address},    {.name = NULL},
};
static const field_t cookie_fields[] = {OPTION_FIELDS(option_no_code, option_string),
					{.name = "Cookie", .get = option_hex},
					{.name = NULL}};
static const field_t nsid_fields[] = {OPTION_FIELDS(option_no_code, option_string),
				      {.name = "Nsid", .get = option_hex},
				      {.name = NULL}};
static const field_t local_fields[] = {OPTION_FIELDS(option_code, option_string), {.name = NULL}};

const type_t subnet_type = {
	.name = "*dns.EDNS0_SUBNET", .fields = subnet_fields, .print = print_option};
static const type_t cookie_type = {
	.name = "*dns.EDNS0_COOKIE", .fields = cookie_fields, .print = print_option};
static const type_t nsid_type = {
	.name = "*dns.EDNS0_NSID", .fields = nsid_fields, .print = print_option};
const type_t local_type = {
	.name = "*dns.EDNS0_LOCAL", .fields = local_fields, .print = print_option};

static const type_t *type_of(uint16_t code)
{
	return code == OPTION_SUBNET   ? &subnet_type
	       : code == OPTION_COOKIE ? &cookie_type
	       : code == OPTION_NSID   ? &nsid_type
				       : &local_type;
}

/* The option that begins at *at, which is moved behind it. */
static bool next_option(const sodns_query_t *q, size_t *at, struct option *out)
{
	size_t len;
	const uint8_t *all = sodns_query_options(q, &len), *p = all + *at;
	if (*at + 4 > len)
		return false;
	*out = (struct option){(uint16_t)(p[0] << 8 | p[1]), (uint16_t)(p[2] << 8 | p[3]), p + 4};
	*at += 4u + out->len;
	return true;
}

static size_t count_options(const sodns_query_t *q)
{
	struct option o;
	size_t at = 0, n = 0;
	while (next_option(q, &at, &o))
		n++;
	return n;
}

static void option_at(run_t *r, const void *data, size_t i, value_t *out)
{
	struct option *o = run_alloc(r, sizeof(*o));
	size_t at = 0;
	*o = (struct option){0};
	while (next_option(((const struct data *)data)->q, &at, o) && i--)
		;
	*out = value_object(type_of(o->code), o);
}

static const type_t options_type = {.name = "[]dns.EDNS0", .at = option_at};

static void print_option_line(run_t *r, const struct option *o)
{
	static const char *const names[] = {
		[OPTION_NSID] = "NSID", [OPTION_SUBNET] = "SUBNET", [OPTION_COOKIE] = "COOKIE"};
	const char *name = o->code <= OPTION_COOKIE ? names[o->code] : NULL;
	run_print(r, "\n; %s: ", name ? name : "LOCAL OPT");
	print_option(r, o);
	if (o->code != OPTION_NSID)
		return;
	run_write(r, "  ", 2);
	for (size_t i = 0; i < o->len; i++)
		run_print(r, "(%c)", o->bytes[i]);
}

static void print_opt(run_t *r, const void *data)
{
	const sodns_query_t *q = ((const struct data *)data)->q;
	struct option o;
	size_t at = 0;
	run_print(r, "\n;; OPT PSEUDOSECTION:\n; EDNS: version 0; flags:%s; udp: %u",
		  sodns_query_do(q) ? " do" : "", sodns_query_edns_size(q));
	while (next_option(q, &at, &o))
		print_option_line(r, &o);
}

/* The DO bit's place in the TTL of the OPT record (RFC 6891, 6.1.3). */
static uint32_t opt_ttl(const sodns_query_t *q)
{
	return sodns_query_do(q) ? 0x8000 : 0;
}

static void print_opt_header(run_t *r, const void *data)
{
	const sodns_query_t *q = ((const struct data *)data)->q;
	run_print(r, ";.\t%u\tCLASS%u\tOPT\t", opt_ttl(q), sodns_query_edns_size(q));
}

static size_t options_length(const sodns_query_t *q)
{
	size_t len;
	sodns_query_options(q, &len);
	return len;
}

GETTER(header_name, value_string(".", 1))
GETTER(header_type_number, value_uint(SODNS_TYPE_OPT, 16))
GETTER(header_class, value_uint(sodns_query_edns_size(q), 16))
GETTER(header_ttl, value_uint(opt_ttl(q), 32))
GETTER(header_length, value_uint(options_length(q), 16))

static const field_t opt_header_fields[] = {
	{.name = "Name", .get = header_name},       {.name = "Rrtype", .get = header_type_number},
	{.name = "Class", .get = header_class},     {.name = "Ttl", .get = header_ttl},
	{.name = "Rdlength", .get = header_length}, {.name = NULL},
};
static const type_t opt_header_type = {.name = "dns.RR_Header",
				       .fields = opt_header_fields,
				       .print = print_opt_header,
				       .plain = true};

GETTER(opt_header, value_object(&opt_header_type, d))
GETTER(opt_size, value_uint(sodns_query_edns_size(q), 16))
GETTER(opt_do, value_bool(sodns_query_do(q)))
GETTER(opt_version, value_uint(0, 8))
GETTER(opt_options, value_list(&options_type, d, count_options(q)))
GETTER(opt_string, printed(r, &opt_type, d))

static const field_t opt_fields[] = {
	{.name = "UDPSize", .get = opt_size, .method = true},
	{.name = "Do", .get = opt_do, .method = true},
	{.name = "Version", .get = opt_version, .method = true},
	{.name = "Hdr", .get = opt_header},
	{.name = "Option", .get = opt_options},
	{.name = "String", .get = opt_string, .method = true},
	{.name = NULL},
};
const type_t opt_type = {.name = "*dns.OPT", .fields = opt_fields, .print = print_opt};

void opt_at(run_t *r, const void *data, size_t i, value_t *out)
{
	(void)r;
	(void)i;
	*out = value_object(&opt_type, data);
}
