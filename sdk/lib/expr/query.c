/*
 * The functions that tell about a query: CoreDNS's.
 */
#include <stdio.h>
#include <string.h>

#include "engine.h"

static sodns_value_t copied(sodns_expr_call_t *c, const char *text)
{
	size_t len = strlen(text);
	return sodns_value_string(memcpy(sodns_alloc(c->query, len + 1), text, len + 1), len);
}

static bool type(sodns_expr_call_t *c)
{
	char *buf = sodns_alloc(c->query, 16);
	c->result = sodns_value_text(sodns_type_text(sodns_query_type(c->query), buf));
	return true;
}

static bool class(sodns_expr_call_t *c)
{
	char *buf = sodns_alloc(c->query, 16);
	c->result = sodns_value_text(sodns_class_text(sodns_query_class(c->query), buf));
	return true;
}

static bool name(sodns_expr_call_t *c)
{
	char buf[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(sodns_query_name(c->query), buf);
	c->result = copied(c, buf);
	return true;
}

static bool proto(sodns_expr_call_t *c)
{
	c->result = sodns_value_text(sodns_query_proto(c->query));
	return true;
}

static bool size(sodns_expr_call_t *c)
{
	c->result = sodns_value_int((int64_t)sodns_query_length(c->query));
	return true;
}

static bool bufsize(sodns_expr_call_t *c)
{
	c->result = sodns_value_int(sodns_query_size(c->query));
	return true;
}

static bool id(sodns_expr_call_t *c)
{
	c->result = sodns_value_int(sodns_query_id(c->query));
	return true;
}

static bool opcode(sodns_expr_call_t *c)
{
	c->result = sodns_value_int(sodns_query_opcode(c->query));
	return true;
}

static bool dnssec_ok(sodns_expr_call_t *c)
{
	c->result = sodns_value_bool(sodns_query_do(c->query));
	return true;
}

static bool ip(sodns_expr_call_t *c, const sodns_address_t *a)
{
	char buf[SODNS_ADDRESS_TEXT_MAX];
	sodns_address_to_text(a, buf);
	c->result = copied(c, buf);
	return true;
}

static bool port(sodns_expr_call_t *c, const sodns_address_t *a)
{
	char buf[8];
	snprintf(buf, sizeof(buf), "%u", a->port);
	c->result = copied(c, buf);
	return true;
}

static bool client_ip(sodns_expr_call_t *c)
{
	return ip(c, sodns_query_peer(c->query));
}

static bool client_port(sodns_expr_call_t *c)
{
	return port(c, sodns_query_peer(c->query));
}

static bool server_ip(sodns_expr_call_t *c)
{
	return ip(c, sodns_query_local(c->query));
}

static bool server_port(sodns_expr_call_t *c)
{
	return port(c, sodns_query_local(c->query));
}

/* An argument as text that ends with a zero, if it is short enough for what it should be. */
static bool text_argument(const sodns_value_t *v, char *buf, size_t size)
{
	if (v->count >= size || memchr(v->text, 0, v->count))
		return false;
	memcpy(buf, v->text, v->count);
	buf[v->count] = 0;
	return true;
}

static bool incidr(sodns_expr_call_t *c)
{
	char ip_text[SODNS_ADDRESS_TEXT_MAX], net_text[SODNS_ADDRESS_TEXT_MAX];
	sodns_address_t address;
	sodns_prefix_t net;
	if (!text_argument(&c->args[0], ip_text, sizeof(ip_text)) ||
	    !text_argument(&c->args[1], net_text, sizeof(net_text)) || strchr(ip_text, '%') ||
	    sodns_address_from_text(ip_text, &address) || !strchr(net_text, '/') ||
	    sodns_prefix_from_text(net_text, &net))
		return false;
	sodns_address_unmap(&address);
	if (net.bits >= 96 && sodns_address_unmap(&net.address))
		net.bits -= 96;
	c->result = sodns_value_bool(sodns_prefix_contains(&net, &address));
	return true;
}

static bool metadata(sodns_expr_call_t *c)
{
	const sodns_value_t *v = &c->args[0];
	char *key = sodns_alloc(c->query, v->count + 1u);
	memcpy(key, v->text, v->count);
	key[v->count] = 0;
	c->result = sodns_value_text(sodns_metadata_get(c->query, key));
	return true;
}

void expr_add_query_functions(sodns_expr_env_t *env)
{
	static const sodns_expr_function_t functions[] = {
		{.name = "incidr",
		 .result = SODNS_EXPR_BOOL,
		 .params = {SODNS_EXPR_STRING, SODNS_EXPR_STRING},
		 .can_fail = true,
		 .call = incidr},
		{.name = "metadata",
		 .result = SODNS_EXPR_STRING,
		 .params = {SODNS_EXPR_STRING},
		 .call = metadata},
		{.name = "type", .result = SODNS_EXPR_STRING, .call = type},
		{.name = "name", .result = SODNS_EXPR_STRING, .call = name},
		{.name = "class", .result = SODNS_EXPR_STRING, .call = class},
		{.name = "proto", .result = SODNS_EXPR_STRING, .call = proto},
		{.name = "size", .result = SODNS_EXPR_INT, .call = size},
		{.name = "client_ip", .result = SODNS_EXPR_STRING, .call = client_ip},
		{.name = "port", .result = SODNS_EXPR_STRING, .call = client_port},
		{.name = "id", .result = SODNS_EXPR_INT, .call = id},
		{.name = "opcode", .result = SODNS_EXPR_INT, .call = opcode},
		{.name = "do", .result = SODNS_EXPR_BOOL, .call = dnssec_ok},
		{.name = "bufsize", .result = SODNS_EXPR_INT, .call = bufsize},
		{.name = "server_ip", .result = SODNS_EXPR_STRING, .call = server_ip},
		{.name = "server_port", .result = SODNS_EXPR_STRING, .call = server_port},
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		expr_add_function(env, &functions[i]);
}
