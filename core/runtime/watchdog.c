/*
 * Slow plugins: found by the service thread, named by the worker.
 */
#include "runtime/watchdog.h"

#include <sodns/log.h>

#include "message/chain.h"

_Atomic(uint64_t) watchdog_reports;

void watchdog_look(void)
{
	uint64_t now = sodns_now();
	for (unsigned i = 0; i < worker_count; i++) {
		uint64_t began = atomic_load_explicit(&workers[i].batch_began,
						      memory_order_relaxed);
		if (began && now > began + WATCHDOG_NS)
			atomic_store_explicit(&workers[i].slow, true, memory_order_relaxed);
	}
}

void watchdog_report(worker_t *w, const sodns_query_t *q)
{
	char name[SODNS_NAME_TEXT_MAX], type[16];
	const struct handler *h = atomic_load_explicit(&w->in_hand, memory_order_relaxed);
	uint64_t began = atomic_load(&w->batch_began);
	atomic_store_explicit(&w->slow, false, memory_order_relaxed);
	if (!began)
		return;
	atomic_fetch_add_explicit(&watchdog_reports, 1, memory_order_relaxed);
	sodns_name_to_text(q->original, name);
	sodns_log(SODNS_LOG_WARNING, NULL,
		  "worker %u did not come back to its loop for %llu ms: plugin/%s, question %s %s",
		  w->index, (unsigned long long)((sodns_now() - began) / 1000000u),
		  h ? h->pub.name : "", name, sodns_type_text(q->type, type));
}
