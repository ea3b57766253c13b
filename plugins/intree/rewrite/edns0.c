/*
 * Rules for EDNS options: local ones, with data or a variable, NSID, and the client's subnet.
 */
#include <string.h>
#include <strings.h>

#include <sodns/server.h>

#include "rewrite.h"

#define OPTION_NSID 3
#define OPTION_SUBNET 8
#define EDNS_SIZE 4096

static const char *const variables[] = {"{qname}",       "{qtype}",    "{client_ip}",
					"{client_port}", "{protocol}", "{server_ip}",
					"{server_port}"};
enum { QNAME, QTYPE, CLIENT_IP, CLIENT_PORT, PROTOCOL, SERVER_IP, SERVER_PORT, VARIABLES };

static int variable_index(const char *text)
{
	int i = 0;
	while (i < VARIABLES && strcmp(variables[i], text))
		i++;
	return i;
}

/* A number as Go's ParseUint with base 0 reads it. */
static int read_number(sodns_setup_t *s, const char *text, uint64_t max, uint64_t *out)
{
	int rc = sodns_uint_from_text(text, strlen(text), 0, max, out);
	if (rc == SODNS_ERANGE)
		return sodns_error(s,
				   "strconv.ParseUint: parsing \"%s\": value out of range [0, "
				   "%llu]",
				   text, (unsigned long long)max);
	return rc ? sodns_error(s, "strconv.ParseUint: parsing \"%s\": invalid syntax", text)
		  : SODNS_OK;
}

/* A text, or bytes behind "0x". */
static int read_data(sodns_setup_t *s, struct rule *rule, const char *text)
{
	rule->data = (const uint8_t *)text;
	rule->data_len = strlen(text);
	if (strncmp(text, "0x", 2))
		return SODNS_OK;
	text += 2;
	size_t len = rule->data_len - 2, room = len / 2;
	uint8_t *bytes = sodns_setup_alloc(s, room + 1);
	ptrdiff_t n = sodns_hex_decode(text, len, bytes, room);
	for (; n < 0 && *text; text++)
		if (sodns_digit(*text) > 15)
			return sodns_error(s, "encoding/hex: invalid byte: U+%04X '%c'",
					   (unsigned char)*text, *text);
	if (n < 0)
		return sodns_error(s, "encoding/hex: odd length hex string");
	rule->data = bytes;
	rule->data_len = (size_t)n;
	return SODNS_OK;
}

static int local_rule(sodns_setup_t *s, struct rule *rule, const char *code, const char *data)
{
	uint64_t n;
	size_t len = strlen(data);
	int rc = read_number(s, code, UINT16_MAX, &n);
	if (rc)
		return rc;
	rule->code = (uint16_t)n;
	if (len < 2 || data[0] != '{' || data[len - 1] != '}')
		return read_data(s, rule, data);
	/* The variables, or the label of a metadata value. */
	if (variable_index(data) == VARIABLES && !strchr(data, '/'))
		return sodns_error(s, "unsupported variable name \"%s\"", data);
	rule->variable = data;
	return SODNS_OK;
}

static int subnet_rule(sodns_setup_t *s, struct rule *rule, const char *four, const char *six)
{
	uint64_t n4, n6;
	int rc = read_number(s, four, UINT16_MAX, &n4);
	if (!rc && n4 > 32)
		rc = sodns_error(s, "invalid IPv4 bit mask length %u: it is not in range [0, 32]",
				 (unsigned)n4);
	if (!rc)
		rc = read_number(s, six, UINT16_MAX, &n6);
	if (!rc && n6 > 128)
		rc = sodns_error(s, "invalid IPv6 bit mask length %u: it is not in range [0, 128]",
				 (unsigned)n6);
	if (rc)
		return rc;
	rule->subnet = true;
	rule->bits4 = (uint8_t)n4;
	rule->bits6 = (uint8_t)n6;
	return SODNS_OK;
}

static int unset_rule(sodns_setup_t *s, struct rule *rule, const char *type,
		      const char *const *args, size_t count)
{
	bool local = !strcasecmp(type, "local");
	if (local)
		return count == 3 ? local_rule(s, rule, args[2], "")
				  : sodns_error(s, "local unset action requires exactly two "
						   "arguments");
	bool nsid = !strcasecmp(type, "nsid");
	if (!nsid && strcasecmp(type, "subnet"))
		return sodns_error(s, "invalid rule type \"%s\"", type);
	rule->code = nsid ? OPTION_NSID : OPTION_SUBNET;
	return count == 2 ? SODNS_OK
			  : sodns_error(s, "%s unset action requires exactly one argument",
					nsid ? "nsid" : "subnet");
}

int option_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	static const char *const actions[] = {"set", "replace", "append", "unset"};
	int action = 0;
	if (count < 2)
		return sodns_error(s, "too few arguments for an EDNS0 rule");
	while (action < 4 && strcasecmp(args[1], actions[action]))
		action++;
	if (action == 4)
		return sodns_error(s, "invalid action: \"%s\"", args[1]);
	rule->kind = RULE_OPTION;
	rule->action = (enum option_action)action;
	if (action == OPTION_UNSET)
		return unset_rule(s, rule, args[0], args, count);
	/* Replies show no options of queries, changed or not: there is nothing to revert. */
	count -= !strcmp(args[count - 1], "revert");
	if (!strcasecmp(args[0], "local"))
		return count == 4 ? local_rule(s, rule, args[2], args[3])
				  : sodns_error(s, "EDNS0 local rules require three or four args");
	rule->code = OPTION_NSID;
	if (!strcasecmp(args[0], "nsid"))
		return count == 2 ? SODNS_OK
				  : sodns_error(s, "EDNS0 NSID rules can accept no more than one "
						   "arg");
	rule->code = OPTION_SUBNET;
	if (!strcasecmp(args[0], "subnet"))
		return count == 4 ? subnet_rule(s, rule, args[2], args[3])
				  : sodns_error(s, "EDNS0 subnet rules require three or four args");
	return sodns_error(s, "invalid rule type \"%s\"", args[0]);
}

struct bytes {
	const uint8_t *at;
	size_t len;
};

static struct bytes number(sodns_query_t *q, uint16_t v)
{
	uint8_t *out = sodns_alloc(q, 2);
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return (struct bytes){out, 2};
}

/* An address of the client's family; none of the other one. */
static struct bytes address(const sodns_query_t *q, const sodns_address_t *a)
{
	bool same = a->family == sodns_query_peer(q)->family;
	return (struct bytes){same ? a->bytes : NULL, a->family == 4 ? 4 : 16};
}

static struct bytes variable(const struct rule *rule, struct passage *p)
{
	sodns_query_t *q = p->now;
	char *text;
	const char *value;
	switch (variable_index(rule->variable)) {
	case QNAME:
		text = sodns_alloc(q, SODNS_NAME_TEXT_MAX);
		return (struct bytes){(uint8_t *)text,
				      sodns_name_to_text(sodns_query_original_name(q), text)};
	case QTYPE:
		return number(q, sodns_query_type(q));
	case CLIENT_IP:
		return address(q, sodns_query_peer(q));
	case CLIENT_PORT:
		return number(q, sodns_query_peer(q)->port);
	case PROTOCOL:
		value = sodns_query_proto(q);
		return (struct bytes){(const uint8_t *)value, strlen(value)};
	case SERVER_IP:
		return address(q, sodns_query_local(q));
	case SERVER_PORT:
		return number(q, sodns_query_local(q)->port);
	default:
		text = sodns_printf(q, "%.*s", (int)strlen(rule->variable) - 2, rule->variable + 1);
		value = sodns_metadata_get(q, text);
		return (struct bytes){value && *value ? (const uint8_t *)value : NULL,
				      value ? strlen(value) : 0};
	}
}

/* RFC 7871, 6: family, bits, 0, and as many bytes of the address as the bits need. */
static struct bytes subnet(const struct rule *rule, struct passage *p)
{
	const sodns_address_t *peer = sodns_query_peer(p->q);
	bool four = peer->family == 4;
	uint8_t bits = four ? rule->bits4 : rule->bits6;
	size_t n = (bits + 7u) / 8;
	uint8_t *out = sodns_alloc(p->q, 4 + 16);
	out[0] = 0;
	out[1] = four ? 1 : 2;
	out[2] = bits;
	out[3] = 0;
	memcpy(out + 4, peer->bytes, n);
	if (bits % 8)
		out[4 + n - 1] &= (uint8_t)(0xff00u >> bits % 8);
	return (struct bytes){out, 4 + n};
}

static void change(const struct rule *rule, sodns_query_t *q, struct bytes data, bool present)
{
	if (rule->action == OPTION_UNSET)
		sodns_query_set_option(q, rule->code, NULL, 0);
	else if (present && rule->action != OPTION_APPEND)
		sodns_query_set_option(q, rule->code, data.at, data.len);
	else if (rule->action != OPTION_REPLACE)
		sodns_query_add_option(q, rule->code, data.at, data.len);
}

static void turn_edns_on(sodns_query_t *q)
{
	if (!sodns_query_has_edns(q))
		sodns_query_set_edns(q, EDNS_SIZE, false);
}

bool option_apply(const struct rule *rule, struct passage *p)
{
	static const uint8_t nothing[1];
	struct bytes data = {rule->data ? rule->data : nothing, rule->data_len};
	size_t len;
	if (rule->variable)
		data = variable(rule, p);
	if (rule->subnet)
		data = subnet(rule, p);
	if (!data.at)
		return false;
	turn_edns_on(passage_derived(p));
	bool present = sodns_query_option(p->now, rule->code, &len) != NULL;
	/* Only local options with fixed data are appended to one that is there. */
	bool once = rule->variable || rule->subnet;
	if ((!present && rule->action == OPTION_REPLACE) ||
	    (present && rule->action == OPTION_APPEND && once))
		return false;
	change(rule, p->now, data, present);
	return true;
}
