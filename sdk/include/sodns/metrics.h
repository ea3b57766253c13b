/*
 * Metrics. A family (name, help, kind, label names) belongs to the process and survives reloads; a
 * metric is one combination of label values of it, found once in setup or prepare and then counted
 * by each worker in memory of its own: adding costs a few instructions, no lock. Names and labels
 * follow Prometheus and, where CoreDNS has the same metric, CoreDNS.
 */
#ifndef SODNS_METRICS_H
#define SODNS_METRICS_H

#include <sodns/abi.h>

typedef struct sodns_metric sodns_metric_t;
enum sodns_metric_kind {
	SODNS_COUNTER,
	SODNS_GAUGE,
	SODNS_HISTOGRAM,
	SODNS_TOTAL, /* a counter whose value is known elsewhere: sodns_metric_set() */
};

typedef struct sodns_family {
	const char *name; /* "coredns_dns_requests_total" */
	const char *help;
	uint8_t kind;              /* enum sodns_metric_kind */
	const char *const *labels; /* names; NULL-terminated, or NULL */
	const double *buckets;     /* histogram: upper bounds, ascending */
	size_t bucket_count;
	const void *reserved; /* NULL */
} sodns_family_t;

/* The metric with these label values (as many as the family has labels; copied). The same call
 * gives the same metric again. NULL when the process has too many (100,000). [any thread], but not
 * for each query. */
SODNS_API sodns_metric_t *sodns_metric(const sodns_family_t *family, const char *const *values);
/* The same for a series that goes when what it tells of goes: it is shown until all that own it have
 * dropped it, unless it was asked for by sodns_metric(), too. Configurations that follow each other own
 * one together. A metric that was dropped may not be used any more; not for what sodns_metric_count()
 * counts. [any thread], but not for each query. */
SODNS_API sodns_metric_t *sodns_metric_own(const sodns_family_t *family, const char *const *values);
/* NULL is allowed. [any thread] */
SODNS_API void sodns_metric_drop(sodns_metric_t *m);
/* Counters only go up. [any thread]; NULL is allowed and does nothing */
SODNS_API void sodns_metric_add(sodns_metric_t *m, uint64_t n);
/* Adds to the metric with these label values, which may be another one for each query: each thread
 * remembers the ones it met (up to 512), so that it costs some tens of nanoseconds, and no lock but
 * for the first time. [any thread] */
SODNS_API void sodns_metric_count(const sodns_family_t *family, const char *const *values,
				  uint64_t n);
/* Counts sodns_limit_reached_total{limit}: a limit of a plugin refused, dropped or put off something, n
 * times. `limit` is a few words, always the same for one limit. [any thread] */
SODNS_API void sodns_limit_reached(const char *limit, uint64_t n);
/* A histogram's observation. */
SODNS_API void sodns_metric_observe(sodns_metric_t *m, double value);
/* A gauge's or total's value; and changing it by some amount, from several threads at once. */
SODNS_API void sodns_metric_set(sodns_metric_t *m, double value);
SODNS_API void sodns_metric_change(sodns_metric_t *m, double by);

/* All metrics in Prometheus's text format, appended piece by piece to the writer. [any thread] */
SODNS_API void sodns_metrics_write(void (*write)(void *arg, const char *text, size_t len),
				   void *arg);

#endif
