/*
 * log: one line for each query whose name lies in a rule's scope and whose reply is of a class that
 * the rule wants.
 */
#include "log.h"

static const char *given(void *arg, sodns_query_t *q)
{
	(void)q;
	return arg;
}

static void print(const struct rule *rule, sodns_query_t *q, sodns_reply_t *r, uint64_t began)
{
	char line[LINE_MAX_LEN];
	if (rule->json)
		sodns_log_members(SODNS_LOG_INFO, "log", line,
				  object_write(rule, q, r, began, line));
	else
		sodns_log_text(SODNS_LOG_INFO, line, format_write(rule, q, r, began, line));
}

sodns_reply_t *log_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct log *l = h->self;
	const struct rule *rule = l->rules, *end = l->rules + l->count;
	while (rule < end && !sodns_name_is_below(sodns_query_name(q), rule->scope))
		rule++;
	if (rule == end)
		return sodns_next(h, q);
	/* The clock was looked at when the client's query came. */
	uint64_t began = sodns_query_depth(q) ? sodns_now() : sodns_query_received(q);
	sodns_reply_t *r = sodns_next(h, q);
	enum class c;
	const char *type = class_type(q, r, &c);
	sodns_metadata_set(q, "log/type", given, (void *)(uintptr_t)type);
	sodns_metadata_set(q, "log/class", given, (void *)(uintptr_t)class_text(c));
	if (rule->classes & (CLASS_ALL | c))
		print(rule, q, r, began);
	return r;
}
