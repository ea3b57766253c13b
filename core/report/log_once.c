/*
 * Lines that are logged once in a while (sodns_log_once()): a table of keys and of when each is due
 * again. Threads write to it side by side, without a lock; where two meet in a place, a line is logged
 * once more or once less, and nothing worse.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <sodns/hash.h>
#include <sodns/log.h>
#include <sodns/query.h>

#define SETS 512u
#define WAYS 4u
#define LINE_MAX_LEN 4096

struct kept {
	_Atomic(uint64_t) key; /* a hash; 0: free */
	_Atomic(uint64_t) due; /* ns: when a line is logged again */
	_Atomic(uint32_t) left_out;
};

static struct kept table[SETS][WAYS];

static uint64_t key_of(const char *who, const char *key)
{
	uint64_t hash = sodns_hash_number(sodns_hash(key, strlen(key)),
					  who ? sodns_hash(who, strlen(who)) : 0);
	return hash ? hash : 1;
}

/* The place of a key: its own, or one for it to have, of the line that is due first. */
static struct kept *place_of(uint64_t key)
{
	struct kept *set = table[key % SETS], *first = set;
	for (unsigned i = 0; i < WAYS; i++) {
		if (atomic_load(&set[i].key) == key)
			return &set[i];
		if (atomic_load(&set[i].due) < atomic_load(&first->due))
			first = &set[i];
	}
	return first;
}

/* Whether a line with this key is to be logged now; *left_out: how many were not, since the last. */
static bool is_due(uint64_t key, uint64_t period, uint32_t *left_out)
{
	struct kept *k = place_of(key);
	uint64_t now = sodns_now(), due = atomic_load(&k->due);
	bool known = atomic_load(&k->key) == key;
	if (known && now < due) {
		atomic_fetch_add(&k->left_out, 1);
		return false;
	}
	uint64_t next = period && period < UINT64_MAX - now ? now + period : UINT64_MAX;
	if (!atomic_compare_exchange_strong(&k->due, &due, next))
		return false;
	atomic_store(&k->key, key);
	*left_out = atomic_exchange(&k->left_out, 0);
	if (!known)
		*left_out = 0;
	return true;
}

bool sodns_log_once(enum sodns_log_level level, const char *who, const char *key, uint64_t period,
		    const char *format, ...)
{
	char text[LINE_MAX_LEN];
	uint32_t left_out;
	va_list ap;
	if (!sodns_log_enabled(level) || !is_due(key_of(who, key), period, &left_out))
		return false;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (left_out)
		sodns_log(level, who, "%s (%u more)", text, left_out);
	else
		sodns_log(level, who, "%s", text);
	return true;
}
