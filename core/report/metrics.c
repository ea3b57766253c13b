/*
 * Metrics (sodns/metrics.h): families of the process, each worker counting in memory of its own.
 *
 * A metric that counts has one cell for each worker and one for all other threads together. A worker's
 * cell is written by that worker alone, by plain loads and stores that are atomic only so that a scrape
 * may read them. A gauge has one cell.
 */
#include "report/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/hash.h>
#include <sodns/log.h>
#include <sodns/share.h>

#include "report/limits.h"

_Atomic(struct metric_family *) metric_families;
pthread_rwlock_t metric_names = PTHREAD_RWLOCK_INITIALIZER;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of writers of the lists */
static struct sodns_metric **table;                      /* by hash of family and labels */
static size_t table_room, metric_count;

/* Nothing of a family is ever freed: without memory at this point the process is lost anyway. */
static void *need(size_t size)
{
	void *p = calloc(1, size ? size : 1);
	if (!p)
		abort();
	return p;
}

static void copy_labels(struct metric_family *f, const sodns_family_t *spec)
{
	while (spec->labels && f->label_count < METRIC_LABELS_MAX && spec->labels[f->label_count])
		f->label_count++;
	f->labels = need(f->label_count * sizeof(*f->labels));
	f->label_order = need(f->label_count * sizeof(*f->label_order));
	for (unsigned i = 0; i < f->label_count; i++) {
		unsigned at = i;
		f->labels[i] = strdup(spec->labels[i]);
		for (; at && strcmp(f->labels[f->label_order[at - 1]], f->labels[i]) > 0; at--)
			f->label_order[at] = f->label_order[at - 1];
		f->label_order[at] = i;
	}
}

static struct metric_family *family_new(const sodns_family_t *spec)
{
	struct metric_family *f = need(sizeof(*f));
	f->name = strdup(spec->name);
	f->help = strdup(spec->help);
	f->kind = spec->kind;
	copy_labels(f, spec);
	if (spec->kind == SODNS_HISTOGRAM)
		f->bucket_count = spec->bucket_count;
	if (f->bucket_count > METRIC_BUCKETS_MAX)
		f->bucket_count = METRIC_BUCKETS_MAX;
	f->buckets = need(f->bucket_count * sizeof(*f->buckets));
	f->bounds = need(f->bucket_count * sizeof(*f->bounds));
	for (size_t i = 0; i < f->bucket_count; i++) {
		f->buckets[i] = spec->buckets[i];
		metric_number(spec->buckets[i], f->bounds[i]);
	}
	return f;
}

/* Another version of a plugin may have other ideas of a family than the one that was first. */
static bool same_shape(const struct metric_family *f, const sodns_family_t *spec)
{
	size_t n = 0;
	for (; spec->labels && spec->labels[n]; n++)
		if (n >= f->label_count || strcmp(spec->labels[n], f->labels[n]))
			return false;
	return n == f->label_count && f->kind == spec->kind;
}

static struct metric_family *family_of(const sodns_family_t *spec)
{
	_Atomic(struct metric_family *) *at = &metric_families;
	struct metric_family *f;
	for (; (f = atomic_load(at)); at = &f->next) {
		int c = strcmp(f->name, spec->name);
		if (!c && same_shape(f, spec))
			return f;
		if (!c) {
			sodns_log(SODNS_LOG_ERROR, NULL, "metric %s: has other labels already",
				  spec->name);
			return NULL;
		}
		if (c > 0)
			break;
	}
	struct metric_family *made = family_new(spec);
	atomic_store(&made->next, f);
	atomic_store(at, made);
	return made;
}

static size_t put_escaped(char *out, const char *value)
{
	size_t n = 0;
	for (; *value; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			out[n++] = '\\';
		out[n++] = *value == '\n' ? 'n' : *value;
	}
	return n;
}

/* name="value",… in the order of the names. */
static char *label_text(const struct metric_family *f, const char *const *values)
{
	size_t room = 1, n = 0;
	for (size_t i = 0; i < f->label_count; i++)
		room += strlen(f->labels[i]) + 2 * strlen(values[i]) + 4;
	char *text = malloc(room);
	for (size_t i = 0; text && i < f->label_count; i++) {
		unsigned at = f->label_order[i];
		n += (size_t)sprintf(text + n, "%s%s=\"", i ? "," : "", f->labels[at]);
		n += put_escaped(text + n, values[at]);
		text[n++] = '"';
	}
	if (text)
		text[n] = 0;
	return text;
}

static size_t hash_of(const struct metric_family *f, const char *labels)
{
	return sodns_hash_number(sodns_hash(labels, strlen(labels)), (uintptr_t)f);
}

static void table_grow(void)
{
	size_t room = table_room ? table_room * 2 : 256;
	struct sodns_metric **more = need(room * sizeof(*more));
	for (size_t i = 0; i < table_room; i++)
		for (struct sodns_metric *m = table[i], *next; m; m = next) {
			size_t at = hash_of(m->family, m->labels) & (room - 1);
			next = m->same_hash;
			m->same_hash = more[at];
			more[at] = m;
		}
	free(table);
	table = more;
	table_room = room;
}

static void table_add(struct sodns_metric *m)
{
	size_t at = hash_of(m->family, m->labels) & (table_room - 1);
	m->same_hash = table[at];
	table[at] = m;
}

static struct sodns_metric *metric_new(struct metric_family *f, char *labels)
{
	struct sodns_metric *m = metric_count < METRICS_MAX ? calloc(1, sizeof(*m)) : NULL;
	if (!m) {
		limit_reached(LIMIT_METRICS, 1);
		return NULL;
	}
	m->family = f;
	m->labels = labels;
	m->shown = true;
	/* What is set, and not counted, is everybody's. */
	m->cells = f->kind == SODNS_GAUGE ? 1 : sodns_workers() + 1;
	m->cell_size = (sizeof(struct metric_cell) + (f->bucket_count + 1) * sizeof(uint64_t) +
			63) &
		       ~(size_t)63;
	m->memory = aligned_alloc(64, m->cells * m->cell_size);
	if (!m->memory) {
		free(m);
		return NULL;
	}
	memset(m->memory, 0, m->cells * m->cell_size);
	if (metric_count++ >= table_room)
		table_grow();
	table_add(m);
	m->next = atomic_load(&f->metrics);
	atomic_store(&f->metrics, m);
	atomic_fetch_add(&f->metric_count, 1);
	return m;
}

/* One of the family that was dropped, for other labels. */
static struct sodns_metric *metric_again(struct metric_family *f, char *labels)
{
	struct sodns_metric *m = f->unused;
	if (!m)
		return NULL;
	f->unused = m->next_unused;
	pthread_rwlock_wrlock(&metric_names);
	memset(m->memory, 0, m->cells * m->cell_size);
	free(m->labels);
	m->labels = labels;
	pthread_rwlock_unlock(&metric_names);
	table_add(m);
	atomic_store(&m->shown, true);
	atomic_fetch_add(&f->metric_count, 1);
	return m;
}

static struct sodns_metric *find(const struct metric_family *f, const char *labels)
{
	struct sodns_metric *m = NULL;
	if (table_room)
		m = table[hash_of(f, labels) & (table_room - 1)];
	while (m && (m->family != f || strcmp(m->labels, labels)))
		m = m->same_hash;
	return m;
}

/* Under the lock. */
static struct sodns_metric *find_or_make(const sodns_family_t *spec, const char *const *values)
{
	struct metric_family *f = family_of(spec);
	char *labels = f ? label_text(f, values) : NULL;
	struct sodns_metric *m = labels ? find(f, labels) : NULL;
	if (m)
		free(labels);
	else if (labels && !(m = metric_again(f, labels)) && !(m = metric_new(f, labels)))
		free(labels);
	return m;
}

sodns_metric_t *sodns_metric(const sodns_family_t *spec, const char *const *values)
{
	pthread_mutex_lock(&lock);
	struct sodns_metric *m = find_or_make(spec, values);
	if (m)
		m->lasts = true;
	pthread_mutex_unlock(&lock);
	return m;
}

sodns_metric_t *sodns_metric_own(const sodns_family_t *spec, const char *const *values)
{
	pthread_mutex_lock(&lock);
	struct sodns_metric *m = find_or_make(spec, values);
	if (m)
		m->owners++;
	pthread_mutex_unlock(&lock);
	return m;
}

/* Under the lock. */
static void forget(struct sodns_metric *m)
{
	struct sodns_metric **at = &table[hash_of(m->family, m->labels) & (table_room - 1)];
	while (*at != m)
		at = &(*at)->same_hash;
	*at = m->same_hash;
	atomic_store(&m->shown, false);
	atomic_fetch_sub(&m->family->metric_count, 1);
	m->next_unused = m->family->unused;
	m->family->unused = m;
}

void sodns_metric_drop(sodns_metric_t *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&lock);
	if (!--m->owners && !m->lasts)
		forget(m);
	pthread_mutex_unlock(&lock);
}

/* Workers have cells of their own; the last one is everybody else's. */
static struct metric_cell *cell_of(sodns_metric_t *m, bool *shared)
{
	int w = sodns_worker();
	*shared = w < 0 || (unsigned)w >= m->cells - 1;
	return (struct metric_cell *)(void *)(m->memory + (*shared ? m->cells - 1 : (unsigned)w) *
								  m->cell_size);
}

static void bump(_Atomic(uint64_t) *at, uint64_t n, bool shared)
{
	if (shared)
		atomic_fetch_add_explicit(at, n, memory_order_relaxed);
	else
		atomic_store_explicit(at, atomic_load_explicit(at, memory_order_relaxed) + n,
				      memory_order_relaxed);
}

void sodns_metric_add(sodns_metric_t *m, uint64_t n)
{
	bool shared;
	if (!m)
		return;
	struct metric_cell *c = cell_of(m, &shared);
	bump(&c->bucket[0], n, shared);
}

static uint64_t plus(uint64_t bits, double value)
{
	double d;
	memcpy(&d, &bits, sizeof(d));
	d += value;
	memcpy(&bits, &d, sizeof(d));
	return bits;
}

static void sum_add(_Atomic(uint64_t) *sum, double value)
{
	uint64_t old = atomic_load_explicit(sum, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(sum, &old, plus(old, value),
						      memory_order_relaxed, memory_order_relaxed))
		;
}

void sodns_metric_observe(sodns_metric_t *m, double value)
{
	bool shared;
	if (!m)
		return;
	struct metric_cell *c = cell_of(m, &shared);
	const struct metric_family *f = m->family;
	size_t i = 0;
	while (i < f->bucket_count && value > f->buckets[i])
		i++;
	bump(&c->bucket[i], 1, shared);
	uint64_t old = atomic_load_explicit(&c->sum, memory_order_relaxed);
	if (!shared) {
		atomic_store_explicit(&c->sum, plus(old, value), memory_order_relaxed);
		return;
	}
	sum_add(&c->sum, value);
}

void sodns_metric_change(sodns_metric_t *m, double by)
{
	if (m)
		sum_add(&((struct metric_cell *)(void *)m->memory)->sum, by);
}

void sodns_metric_set(sodns_metric_t *m, double value)
{
	if (m)
		atomic_store(&((struct metric_cell *)(void *)m->memory)->sum, plus(0, value));
}
