/*
 * Publishing and retiring (sodns/share.h).
 */
#include <sodns/share.h>

#include "reclaim/epoch.h"
#include "reclaim/worker_index.h"

unsigned worker_count;
__thread int worker_index = -1;

unsigned sodns_workers(void)
{
	return worker_count;
}

int sodns_worker(void)
{
	return worker_index;
}

void *sodns_publish(sodns_shared_t *s, void *p)
{
	return __atomic_exchange_n(&s->current, p, __ATOMIC_ACQ_REL);
}

void *sodns_reach(const sodns_shared_t *s)
{
	return __atomic_load_n(&s->current, __ATOMIC_ACQUIRE);
}

void sodns_retire(void *p, void (*fn)(void *p))
{
	if (p)
		grace_defer(GRACE_QUERY, fn, p);
}
