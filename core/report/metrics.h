/*
 * What the registry of metrics and its text form share. Families and metrics are only ever added,
 * by one writer at a time, and never freed: readers follow the lists without a lock. A metric that was
 * dropped is not shown, and later becomes another one of its family, while no reader looks.
 */
#ifndef CORE_REPORT_METRICS_H
#define CORE_REPORT_METRICS_H

#include <pthread.h>
#include <stdatomic.h>

#include <sodns/metrics.h>

#define METRICS_MAX 100000u
#define METRIC_LABELS_MAX 16u
#define METRIC_BUCKETS_MAX 64u

/* What one thread has counted. Counters have the one bucket, histograms one for each bound and one
 * for what is above all of them: their sum is the count, so that the two never disagree. */
struct metric_cell {
	_Alignas(64) _Atomic(uint64_t) sum; /* bits of a double; gauges: the value */
	_Atomic(uint64_t) bucket[];
};

struct sodns_metric {
	struct sodns_metric *next;        /* of the family */
	struct sodns_metric *same_hash;   /* only under the registry's lock */
	struct sodns_metric *next_unused; /* only under the registry's lock */
	struct metric_family *family;
	char *labels;    /* name="value",… by name; as printed between braces */
	unsigned owners; /* of sodns_metric_own() */
	bool lasts;      /* it was asked for by sodns_metric(): it is never dropped */
	_Atomic(bool) shown;
	unsigned cells;
	size_t cell_size;
	uint8_t *memory;
};

struct metric_family {
	_Atomic(struct metric_family *) next; /* by name */
	const char *name, *help;
	enum sodns_metric_kind kind;
	size_t label_count, bucket_count;
	const char **labels;
	unsigned *label_order; /* indices of labels, by name */
	double *buckets;
	char (*bounds)[32]; /* the buckets' texts */
	_Atomic(struct sodns_metric *) metrics;
	_Atomic(size_t) metric_count; /* that are shown */
	struct sodns_metric *unused;
};

extern _Atomic(struct metric_family *) metric_families;
/* Held by readers while they look at a family's metrics, and to give one another name. */
extern pthread_rwlock_t metric_names;

/* A number as Go prints it: the shortest text that reads back the same. */
void metric_number(double v, char out[32]);

#endif
