/*
 * Metrics (sodns/metrics.h): families of the process, each worker counting in memory of its own.
 *
 * A metric has one cell for each worker and one for all other threads together. A worker's cell is
 * written by that worker alone, by plain loads and stores that are atomic only so that a scrape may
 * read them.
 */
#include <sodns/metrics.h>

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/share.h>

#define METRICS_MAX 100000u
#define BUCKETS_MAX 64u

struct cell {
	_Alignas(64) _Atomic(uint64_t) count;
	_Atomic(uint64_t) sum; /* bits of a double; gauges: the value */
	_Atomic(uint64_t) bucket[];
};

struct sodns_metric {
	struct sodns_metric *next;
	const struct family *family;
	char *labels; /* "{a=\"b\"}" without braces */
	unsigned cells;
	size_t cell_size;
	uint8_t *memory;
};

struct family {
	struct family *next;
	sodns_family_t spec;
	struct sodns_metric *metrics, **tail;
};

static struct family *families;
static size_t metric_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct family *family_of(const sodns_family_t *spec)
{
	struct family **at = &families;
	for (; *at; at = &(*at)->next) {
		int c = strcmp((*at)->spec.name, spec->name);
		if (!c)
			return *at;
		if (c > 0)
			break;
	}
	struct family *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->spec = *spec;
	f->spec.name = strdup(spec->name);
	f->spec.help = strdup(spec->help);
	f->tail = &f->metrics;
	f->next = *at;
	*at = f;
	return f;
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

/* name="value",… in the family's order. */
static char *label_text(const sodns_family_t *spec, const char *const *values)
{
	size_t room = 1, n = 0;
	for (size_t i = 0; spec->labels && spec->labels[i]; i++)
		room += strlen(spec->labels[i]) + 2 * strlen(values[i]) + 4;
	char *text = malloc(room);
	for (size_t i = 0; text && spec->labels && spec->labels[i]; i++) {
		n += (size_t)sprintf(text + n, "%s%s=\"", i ? "," : "", spec->labels[i]);
		n += put_escaped(text + n, values[i]);
		text[n++] = '"';
	}
	if (text)
		text[n] = 0;
	return text;
}

static struct sodns_metric *metric_new(struct family *f, char *labels)
{
	struct sodns_metric *m = calloc(1, sizeof(*m));
	size_t buckets = f->spec.bucket_count < BUCKETS_MAX ? f->spec.bucket_count : BUCKETS_MAX;
	if (!m || metric_count >= METRICS_MAX) {
		free(m);
		return NULL;
	}
	m->family = f;
	m->labels = labels;
	m->cells = sodns_workers() + 1;
	m->cell_size = (sizeof(struct cell) + buckets * sizeof(uint64_t) + 63) & ~(size_t)63;
	m->memory = aligned_alloc(64, m->cells * m->cell_size);
	if (!m->memory) {
		free(m);
		return NULL;
	}
	memset(m->memory, 0, m->cells * m->cell_size);
	*f->tail = m;
	f->tail = &m->next;
	metric_count++;
	return m;
}

sodns_metric_t *sodns_metric(const sodns_family_t *spec, const char *const *values)
{
	pthread_mutex_lock(&lock);
	struct family *f = family_of(spec);
	char *labels = f ? label_text(&f->spec, values) : NULL;
	struct sodns_metric *m = labels ? f->metrics : NULL;
	while (m && strcmp(m->labels, labels))
		m = m->next;
	if (m)
		free(labels);
	else if (labels && !(m = metric_new(f, labels)))
		free(labels);
	pthread_mutex_unlock(&lock);
	return m;
}

/* Workers have cells of their own; the last one is everybody else's. */
static struct cell *cell_of(sodns_metric_t *m, bool *shared)
{
	int w = sodns_worker();
	*shared = w < 0 || (unsigned)w >= m->cells - 1;
	return (struct cell *)(void *)(m->memory +
				       (*shared ? m->cells - 1 : (unsigned)w) * m->cell_size);
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
	struct cell *c = cell_of(m, &shared);
	bump(&c->count, n, shared);
}

static double to_double(uint64_t bits)
{
	double d;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

static uint64_t to_bits(double d)
{
	uint64_t bits;
	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

void sodns_metric_observe(sodns_metric_t *m, double value)
{
	bool shared;
	if (!m)
		return;
	struct cell *c = cell_of(m, &shared);
	const sodns_family_t *spec = &m->family->spec;
	size_t i = 0;
	while (i < spec->bucket_count && value > spec->buckets[i])
		i++;
	if (i < spec->bucket_count)
		bump(&c->bucket[i], 1, shared);
	bump(&c->count, 1, shared);
	uint64_t old = atomic_load_explicit(&c->sum, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&c->sum, &old, to_bits(to_double(old) + value)))
		;
}

void sodns_metric_set(sodns_metric_t *m, double value)
{
	if (m)
		atomic_store(&((struct cell *)(void *)m->memory)->sum, to_bits(value));
}

struct out {
	void (*write)(void *arg, const char *text, size_t len);
	void *arg;
};

static void print(struct out *o, const char *format, ...) SODNS_PRINTF(2, 3);
static void print(struct out *o, const char *format, ...)
{
	char line[4096];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (n > 0)
		o->write(o->arg, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Numbers as Go prints them: integers plain, others shortest that reads back the same. */
static const char *number(double v, char buf[40])
{
	if (isinf(v))
		return v > 0 ? "+Inf" : "-Inf";
	if (v == floor(v) && fabs(v) < 1e15) {
		snprintf(buf, 40, "%.0f", v);
		return buf;
	}
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(buf, 40, "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	return buf;
}

static uint64_t total(const sodns_metric_t *m, size_t offset)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < m->cells; i++)
		sum += atomic_load(
			(_Atomic(uint64_t) *)(void *)(m->memory + i * m->cell_size + offset));
	return sum;
}

static void print_histogram(struct out *o, const sodns_metric_t *m)
{
	const sodns_family_t *s = &m->family->spec;
	const char *comma = *m->labels ? "," : "";
	uint64_t below = 0, count = total(m, offsetof(struct cell, count));
	double sum = 0;
	char buf[40];
	for (size_t i = 0; i < s->bucket_count; i++) {
		below += total(m, offsetof(struct cell, bucket) + i * sizeof(uint64_t));
		print(o, "%s_bucket{%s%sle=\"%s\"} %llu\n", s->name, m->labels, comma,
		      number(s->buckets[i], buf), (unsigned long long)below);
	}
	for (unsigned i = 0; i < m->cells; i++)
		sum += to_double(
			atomic_load(&((struct cell *)(void *)(m->memory + i * m->cell_size))->sum));
	print(o, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", s->name, m->labels, comma,
	      (unsigned long long)count);
	const char *open = *m->labels ? "{" : "", *close = *m->labels ? "}" : "";
	print(o, "%s_sum%s%s%s %s\n", s->name, open, m->labels, close, number(sum, buf));
	print(o, "%s_count%s%s%s %llu\n", s->name, open, m->labels, close,
	      (unsigned long long)count);
}

static void print_metric(struct out *o, const sodns_metric_t *m)
{
	const sodns_family_t *s = &m->family->spec;
	char buf[40];
	if (s->kind == SODNS_HISTOGRAM) {
		print_histogram(o, m);
		return;
	}
	double v = s->kind == SODNS_GAUGE
			   ? to_double(atomic_load(&((struct cell *)(void *)m->memory)->sum))
			   : (double)total(m, offsetof(struct cell, count));
	const char *open = *m->labels ? "{" : "", *close = *m->labels ? "}" : "";
	print(o, "%s%s%s%s %s\n", s->name, open, m->labels, close, number(v, buf));
}

void sodns_metrics_write(void (*write)(void *arg, const char *text, size_t len), void *arg)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};
	struct out o = {write, arg};
	pthread_mutex_lock(&lock);
	for (const struct family *f = families; f; f = f->next) {
		if (!f->metrics)
			continue;
		print(&o, "# HELP %s %s\n# TYPE %s %s\n", f->spec.name, f->spec.help, f->spec.name,
		      kinds[f->spec.kind]);
		for (const sodns_metric_t *m = f->metrics; m; m = m->next)
			print_metric(&o, m);
	}
	pthread_mutex_unlock(&lock);
}
