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

static void print(const struct rule *rule, sodns_query_t *q, const struct outcome *o)
{
	char line[LINE_MAX_LEN];
	if (rule->json)
		sodns_log_members(SODNS_LOG_INFO, "log", line, object_write(rule, q, o, line));
	else
		sodns_log_text(SODNS_LOG_INFO, line, format_write(rule, q, o, line));
}

/* Bytes of a signature, generously: what finishers may add. */
#define SIGNATURE_MAX 600

/* Whether the reply may be cut when it is fitted to the client, which is after this plugin. */
static bool may_be_cut(const sodns_query_t *q, const sodns_reply_t *r)
{
	size_t more = 11 + (sodns_query_tsig(q) ? SIGNATURE_MAX : 0);
	return !sodns_query_depth(q) && sodns_reply_length(r) + more > sodns_query_room(q);
}

/* A line that has to wait for the packet, or for the end of a stream. */
struct late {
	const struct rule *rule;
	sodns_query_t *q;
	struct outcome outcome;
};

static void print_late(void *arg, sodns_query_t *q, const sodns_done_t *done)
{
	struct late *l = arg;
	(void)q;
	if (sodns_reply_kind(l->outcome.reply) == SODNS_STREAM) {
		l->outcome.reply = done->reply;
		l->outcome.flags = sodns_reply_flags(done->reply);
	}
	if (done->packet)
		l->outcome.flags |= (uint16_t)(done->packet[2] << 8) & SODNS_TC;
	print(l->rule, l->q, &l->outcome);
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
	struct outcome o = {.began = sodns_query_depth(q) ? sodns_now() : sodns_query_received(q)};
	sodns_reply_t *r = sodns_next(h, q);
	enum class c;
	const char *type = class_type(q, r, &c);
	sodns_metadata_set(q, "log/type", given, (void *)(uintptr_t)type);
	sodns_metadata_set(q, "log/class", given, (void *)(uintptr_t)class_text(c));
	if (!(rule->classes & (CLASS_ALL | c)))
		return r;
	o.reply = r;
	o.flags = sodns_reply_flags(r);
	if (sodns_reply_kind(r) == SODNS_STREAM || may_be_cut(q, r)) {
		struct late *late = sodns_alloc(q, sizeof(*late));
		*late = (struct late){rule, q, o};
		sodns_on_done(q, print_late, late);
	} else {
		print(rule, q, &o);
	}
	return r;
}
