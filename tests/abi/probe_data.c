/*
 * Probes of what needs no query: names, records, addresses, JSON, expressions.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/json.h>
#include <sodns/net.h>
#include <sodns/random.h>

#include "probe.h"

const char *probe_names(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r)
{
	uint8_t www[SODNS_NAME_MAX], upper[SODNS_NAME_MAX], lower[SODNS_NAME_MAX];
	uint8_t org[SODNS_NAME_MAX];
	char text[SODNS_NAME_TEXT_MAX];
	(void)p;
	(void)h;
	(void)r;
	sodns_name_from_text("example.ORG.", NULL, org);
	int length = sodns_name_from_text("www.a\\.b", org, www);
	sodns_name_from_text("WWW.A\\.B.EXAMPLE.ORG.", NULL, upper);
	sodns_name_lower(upper, lower);
	sodns_name_to_text(www, text);
	const uint8_t *zones[] = {org, lower};
	return sodns_printf(
		q, "%s %d %zu %u %d %d %d %d %d %d", text, length, sodns_name_length(www),
		sodns_name_labels(www), sodns_name_equal(www, upper), sodns_name_is_below(www, org),
		sodns_name_equal(sodns_name_parent(www, 2), org), sodns_name_compare(org, www) < 0,
		sodns_name_match(lower, zones, 2) == lower,
		sodns_name_hash(lower) == sodns_name_hash(lower));
}

const char *probe_records(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			  sodns_reply_t **r)
{
	static const char line[] = "www 300 IN MX 10 mail.example.";
	char err[256], buf[16], text[128] = "", rcode[16], rclass[16];
	uint8_t space[SODNS_RECORD_SPACE(sizeof(line))];
	sodns_rrset_t set = {0};
	sodns_record_t record;
	uint16_t len;
	(void)p;
	(void)h;
	(void)r;
	int a = sodns_rrset_from_text(line, sizeof(line) - 1, 5, space, &set, err, sizeof(err));
	const uint8_t *rdata = sodns_rdata(set.data, &len);
	sodns_rdata_to_text(set.type, rdata, len, text, sizeof(text));
	int b = sodns_record_from_text("www A 192.0.2.1", 15, NULL, 7, &record, err, sizeof(err));
	const char *out = sodns_printf(
		q, "%d %s %u %u [%s] %d %u %u %s %s %d", a, sodns_type_text(set.type, buf),
		(unsigned)set.ttl, set.count, text, b, (unsigned)record.ttl, record.rdata_len,
		sodns_rcode_text(3, rcode), sodns_class_text(1, rclass),
		sodns_type_from_text("TYPE65280") + sodns_class_from_text("CH") +
			sodns_rcode_from_text("REFUSED"));
	free(record.rdata);
	return out;
}

const char *probe_net(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		      sodns_reply_t **r)
{
	sodns_address_t a, b;
	sodns_prefix_t prefix;
	char text[SODNS_ADDRESS_TEXT_MAX], duration[40];
	uint8_t bytes[16] = {0};
	int64_t ns = 0;
	(void)p;
	(void)h;
	(void)r;
	int rc = sodns_endpoint_from_text("[2001:db8::1]:5353", 53, &a);
	sodns_address_from_text("2001:db8::1", &b);
	sodns_prefix_from_text("2001:db8::/32", &prefix);
	sodns_address_to_text(&a, text);
	sodns_duration_from_text("1h15m", &ns);
	sodns_duration_to_text(ns / 2, duration);
	sodns_random_bytes(bytes, sizeof(bytes));
	return sodns_printf(q, "%d %s %u %d %d %u %s %d", rc, text, a.port,
			    sodns_address_equal(&a, &b), sodns_prefix_contains(&prefix, &b),
			    prefix.bits, duration, sodns_random_below(1));
}

/* The sum of a list's integers; *yes is set by the true among them. */
static int64_t add(sodns_json_t *j, bool *yes)
{
	int64_t sum = 0, number;
	bool list = sodns_json_array(j);
	while (list && sodns_json_item(j)) {
		sodns_json_t at = *j;
		if (sodns_json_integer(&at, &number)) {
			sum += number;
			*j = at;
		} else {
			sodns_json_boolean(j, yes);
		}
	}
	return sum;
}

const char *probe_json(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		       sodns_reply_t **r)
{
	static const char text[] =
		"{\"skipped\":{\"a\":[1]},\"name\":\"caf\\u00e9\",\"list\":[1,true,-3]}";
	sodns_json_t j;
	sodns_json_text_t key, name = {0};
	int64_t sum = 0;
	bool yes = false;
	char copy[16] = "";
	(void)p;
	(void)h;
	(void)r;
	sodns_json_begin(&j, text, sizeof(text) - 1);
	bool object = sodns_json_object(&j);
	while (object && sodns_json_member(&j, &key))
		if (sodns_json_is(&key, "name"))
			sodns_json_string(&j, &name);
		else if (sodns_json_is(&key, "list"))
			sum = add(&j, &yes);
	size_t length = sodns_json_copy(&name, copy, sizeof(copy));
	return sodns_printf(q, "%zu %02x%02x %d %d %d", length, (uint8_t)copy[3], (uint8_t)copy[4],
			    (int)sum, yes, sodns_json_failed(&j));
}

const char *probe_language(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r)
{
	sodns_value_t n = sodns_value_int(21), result;
	sodns_span_t groups[3];
	const char *why = NULL;
	(void)h;
	(void)r;
	int rc = sodns_expr_eval(p->expression, q, &n, NULL, &result, &why);
	int matched = sodns_regex_match(p->regex, "www.example", 11, groups, 3);
	return sodns_printf(q, "%d %s %d %d %.*s %s %zu", rc, sodns_value_to_text(q, &result),
			    sodns_expr_is_true(p->expression, q, &n, NULL), matched,
			    (int)groups[2].len, groups[2].at, sodns_regex_group_name(p->regex, 1),
			    sodns_regex_groups(p->regex));
}
