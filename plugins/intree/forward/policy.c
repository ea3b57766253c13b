/*
 * Which upstream is tried first, and which ones after it.
 */
#include "forward.h"

#include <string.h>

#include <sodns/random.h>

static void shuffle(uint8_t *order, unsigned n)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned k = sodns_random_below(i);
		uint8_t last = order[i - 1];
		order[i - 1] = order[k];
		order[k] = last;
	}
}

static void move_to_front(uint8_t *order, unsigned k)
{
	uint8_t first = order[k];
	memmove(order + 1, order, k);
	order[0] = first;
}

static unsigned health_class(const struct forward *f, uint8_t i)
{
	const struct upstream *u = &f->upstreams[i];
	return upstream_is_down(u) ? 2 : upstream_is_suspect(u) ? 1 : 0;
}

/* Keeps the order within each class of health. */
static void put_sick_last(const struct forward *f, uint8_t *order)
{
	for (unsigned i = 1; i < f->count; i++) {
		uint8_t moving = order[i];
		unsigned class = health_class(f, moving), at = i;
		for (; at && health_class(f, order[at - 1]) > class; at--)
			order[at] = order[at - 1];
		order[at] = moving;
	}
}

void policy_order(struct forward *f, uint8_t *order)
{
	for (unsigned i = 0; i < f->count; i++)
		order[i] = (uint8_t)i;
	if (f->count == 1)
		return;
	if (f->policy == POLICY_RANDOM)
		shuffle(order, f->count);
	else if (f->policy == POLICY_ROUND_ROBIN)
		move_to_front(order, (atomic_fetch_add(&f->robin, 1) + 1) % f->count);
	put_sick_last(f, order);
}
