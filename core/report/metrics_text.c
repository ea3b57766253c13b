/*
 * Prometheus's text format (version 0.0.4) of all metrics: families by name, metrics by labels.
 *
 * A scrape takes no lock and stops no thread: it walks lists that only grow, and reads the workers'
 * cells as they are at that moment.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/text.h>

#include "report/limits.h"
#include "report/metrics.h"

struct out {
	void (*write)(void *arg, const char *text, size_t len);
	void *arg;
};

void metric_number(double v, char out[32])
{
	sodns_float_to_text(v, 'g', -1, out, 32);
}

static void put(struct out *o, const char *text)
{
	o->write(o->arg, text, strlen(text));
}

static void put_help(struct out *o, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\\\n");
		o->write(o->arg, text, n);
		text += n;
		if (*text)
			put(o, *text++ == '\n' ? "\\n" : "\\\\");
	}
}

/* One line: name, suffix, the labels and perhaps the bucket's bound, the value. */
static void put_sample(struct out *o, const sodns_metric_t *m, const char *suffix,
		       const char *bound, double value)
{
	char number[32];
	metric_number(value, number);
	put(o, m->family->name);
	put(o, suffix);
	if (*m->labels || bound) {
		put(o, "{");
		put(o, m->labels);
		if (bound) {
			put(o, *m->labels ? ",le=\"" : "le=\"");
			put(o, bound);
			put(o, "\"");
		}
		put(o, "}");
	}
	put(o, " ");
	put(o, number);
	put(o, "\n");
}

static const struct metric_cell *cell(const sodns_metric_t *m, unsigned i)
{
	return (const struct metric_cell *)(const void *)(m->memory + i * m->cell_size);
}

static double sum_of(const sodns_metric_t *m, unsigned i)
{
	uint64_t bits = atomic_load_explicit(&cell(m, i)->sum, memory_order_relaxed);
	double d;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

static uint64_t total(const sodns_metric_t *m, size_t bucket)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < m->cells; i++)
		sum += atomic_load_explicit(&cell(m, i)->bucket[bucket], memory_order_relaxed);
	return sum;
}

static void put_histogram(struct out *o, const sodns_metric_t *m)
{
	const struct metric_family *f = m->family;
	uint64_t below = 0;
	double sum = 0;
	for (size_t i = 0; i < f->bucket_count; i++) {
		below += total(m, i);
		put_sample(o, m, "_bucket", f->bounds[i], (double)below);
	}
	below += total(m, f->bucket_count);
	for (unsigned i = 0; i < m->cells; i++)
		sum += sum_of(m, i);
	put_sample(o, m, "_bucket", "+Inf", (double)below);
	put_sample(o, m, "_sum", NULL, sum);
	put_sample(o, m, "_count", NULL, (double)below);
}

static void put_metric(struct out *o, const sodns_metric_t *m)
{
	if (m->family->kind == SODNS_HISTOGRAM)
		put_histogram(o, m);
	else
		put_sample(o, m, "", NULL,
			   m->family->kind == SODNS_COUNTER ? (double)total(m, 0) : sum_of(m, 0));
}

static int by_labels(const void *a, const void *b)
{
	return strcmp((*(const sodns_metric_t *const *)a)->labels,
		      (*(const sodns_metric_t *const *)b)->labels);
}

static void put_metrics(struct out *o, const struct metric_family *f)
{
	size_t room = atomic_load(&f->metric_count), n = 0;
	const sodns_metric_t *m = atomic_load(&f->metrics);
	const sodns_metric_t **sorted = calloc(room ? room : 1, sizeof(*sorted));
	pthread_rwlock_rdlock(&metric_names);
	for (; sorted && m && n < room; m = m->next)
		if (atomic_load(&m->shown))
			sorted[n++] = m;
	if (sorted)
		qsort(sorted, n, sizeof(*sorted), by_labels);
	for (size_t i = 0; i < n; i++)
		put_metric(o, sorted[i]);
	pthread_rwlock_unlock(&metric_names);
	free(sorted);
}

void sodns_metrics_write(void (*write)(void *arg, const char *text, size_t len), void *arg)
{
	static const char *const kinds[] = {" counter\n", " gauge\n", " histogram\n", " counter\n"};
	struct out o = {write, arg};
	limits_collect();
	for (const struct metric_family *f = atomic_load(&metric_families); f;
	     f = atomic_load(&f->next)) {
		if (!atomic_load(&f->metric_count))
			continue;
		put(&o, "# HELP ");
		put(&o, f->name);
		put(&o, " ");
		put_help(&o, f->help);
		put(&o, "\n# TYPE ");
		put(&o, f->name);
		put(&o, kinds[f->kind]);
		put_metrics(&o, f);
	}
}
