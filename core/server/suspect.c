/*
 * Questions on which processes before this one crashed. They are answered SERVFAIL for a while, which
 * doubles each time: a client that asks for a crash again and again gets one, and not a crash a question.
 */
#include <inttypes.h>
#include <string.h>

#include <sodns/log.h>
#include <sodns/metrics.h>

#include "server/server.h"

struct suspect {
	uint64_t until;
	uint16_t type;
	uint8_t name[SODNS_NAME_MAX];
};

unsigned suspect_count;
static struct suspect suspects[SUSPECTS];
static sodns_metric_t *answered; /* where there are any */

/* "name. TYPE", as a crash notes it. */
static bool read_question(const char *text, struct suspect *out)
{
	char name[SODNS_NAME_TEXT_MAX];
	const char *blank = strrchr(text, ' ');
	size_t n = blank ? (size_t)(blank - text) : 0;
	if (!n || n >= sizeof(name))
		return false;
	memcpy(name, text, n);
	name[n] = 0;
	out->type = sodns_type_from_text(blank + 1);
	return out->type && sodns_name_from_text(name, NULL, out->name) > 0;
}

void suspects_learn(void)
{
	static const sodns_family_t family = {.name = "sodns_suspects_total",
					      .help = "Queries answered SERVFAIL because their "
						      "question crashed the process before."};
	uint64_t now = sodns_now();
	for (unsigned i = 0; i < SUSPECTS; i++) {
		const crash_question_t *c = &supervisor_page->crashes.on[i];
		struct suspect *s = &suspects[suspect_count];
		if (c->until <= now || !read_question(c->question, s))
			continue;
		s->until = c->until;
		suspect_count++;
		sodns_log(SODNS_LOG_WARNING, NULL,
			  "\"%s\" crashed the process (%u): it is answered SERVFAIL for %" PRIu64
			  " s",
			  c->question, c->times, (c->until - now) / 1000000000u + 1);
	}
	if (suspect_count)
		answered = sodns_metric(&family, NULL);
}

bool suspects_include(const sodns_query_t *q)
{
	uint64_t now = sodns_now();
	for (unsigned i = 0; i < suspect_count; i++) {
		const struct suspect *s = &suspects[i];
		if (s->type != q->type || s->until <= now || !sodns_name_equal(s->name, q->name))
			continue;
		sodns_metric_add(answered, 1);
		return true;
	}
	return false;
}
