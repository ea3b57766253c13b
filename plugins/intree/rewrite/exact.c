/*
 * Runs of exact name rules: a hash from the name to the rules that have it, so that a thousand of them
 * cost as much as ten. Their order holds: the first rule at or behind the place where the query is.
 */
#include <string.h>

#include "rewrite.h"

struct slot {
	const uint8_t *name;
	uint64_t hash;
	size_t rule; /* the first one with the name; `next` leads to the others */
};

struct exact_run {
	size_t begin, end;
	struct slot *slots;
	size_t size;  /* a power of two */
	size_t *next; /* by rule - begin: the next rule with the same name, or end */
};

static struct slot *slot_of(const struct exact_run *run, uint64_t hash, const uint8_t *name)
{
	size_t i = hash & (run->size - 1);
	while (run->slots[i].name &&
	       (run->slots[i].hash != hash || !sodns_name_equal(run->slots[i].name, name)))
		i = (i + 1) & (run->size - 1);
	return &run->slots[i];
}

static void index_run(sodns_setup_t *s, struct rewrite *r, size_t begin, size_t end)
{
	struct exact_run *run = sodns_setup_alloc(s, sizeof(*run));
	run->begin = begin;
	run->end = end;
	for (run->size = 4; run->size < 2 * (end - begin);)
		run->size *= 2;
	run->slots = sodns_setup_alloc(s, run->size * sizeof(*run->slots));
	run->next = sodns_setup_alloc(s, (end - begin) * sizeof(*run->next));
	/* From the last to the first: each finds the one behind it. */
	for (size_t i = end; i-- > begin;) {
		uint64_t hash = sodns_name_hash(r->rules[i].from);
		struct slot *slot = slot_of(run, hash, r->rules[i].from);
		run->next[i - begin] = slot->name ? slot->rule : end;
		*slot = (struct slot){r->rules[i].from, hash, i};
		r->rules[i].run = run;
	}
}

void exact_index(sodns_setup_t *s, struct rewrite *r)
{
	for (size_t i = 0, end; i < r->count; i = end + (end == i)) {
		for (end = i; end < r->count && r->rules[end].kind == RULE_NAME &&
			      r->rules[end].match.kind == MATCH_EXACT;)
			end++;
		if (end > i)
			index_run(s, r, i, end);
	}
}

size_t exact_find(const struct rewrite *r, size_t at, const sodns_query_t *q)
{
	const struct exact_run *run = r->rules[at].run;
	const struct slot *slot = slot_of(run, sodns_query_name_hash(q, 0), sodns_query_name(q));
	size_t i = slot->name ? slot->rule : run->end;
	while (i < at)
		i = run->next[i - run->begin];
	return i;
}
