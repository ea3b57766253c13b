/*
 * What a name asks for. In front of the zone stand, from the right: "svc" or "pod"; the namespace; the
 * service or the pod; and then an endpoint, a port with a protocol (their underscores are optional),
 * an endpoint with its cluster in multicluster zones, or a topology zone.
 */
#include <string.h>

#include "kubernetes.h"

static bool is_text(const uint8_t *label, const char *text)
{
	size_t len = strlen(text);
	return label[0] == len && !memcmp(label + 1, text, len);
}

static struct word word_of(const uint8_t *label)
{
	return (struct word){label + 1, label[0]};
}

struct word question_bare(const uint8_t *label)
{
	bool underscore = label[0] && label[1] == '_';
	return (struct word){label + 1 + underscore, (uint8_t)(label[0] - underscore)};
}

/* "corp.example.pin._zone" in front of a service: the zone is all that stands before "pin". */
static void read_zone(struct question *q, const uint8_t *const *label, unsigned count)
{
	const uint8_t *how = label[count - 2];
	if (!is_text(label[count - 1], "_zone") || q->kind != KIND_SERVICE) {
		q->kind = KIND_BAD;
		return;
	}
	q->prefer = is_text(how, "prefer");
	if (!q->prefer && !is_text(how, "pin")) {
		q->kind = KIND_BAD;
		return;
	}
	q->zone_labels = label[0];
	q->zone_label_count = (uint8_t)(count - 2);
}

/* The `count` labels in front of the service. */
static void read_front(struct question *q, const struct kubernetes *k, const uint8_t *const *label,
		       unsigned count)
{
	if (count == 1) {
		q->endpoint = word_of(label[0]);
	} else if (count == 2) {
		if (!q->imported || label[0][1] == '_' || label[1][1] == '_') {
			q->port = question_bare(label[0]);
			q->protocol = question_bare(label[1]);
		} else {
			q->endpoint = word_of(label[0]);
			q->cluster = word_of(label[1]);
		}
	} else if (count > 2 && k->zonal && !q->imported) {
		read_zone(q, label, count);
	} else if (count > 2) {
		q->kind = KIND_BAD;
	}
}

static void read_name(struct question *q, const struct kubernetes *k, const uint8_t *name,
		      const uint8_t *original, const uint8_t *zone, bool imported)
{
	const uint8_t *label[128];
	unsigned n = 0;
	memset(q, 0, sizeof(*q));
	q->imported = imported;
	q->name = name;
	q->original = original;
	q->zone_at = sodns_name_length(name) - sodns_name_length(zone);
	for (const uint8_t *p = name; p < name + q->zone_at; p += *p + 1)
		label[n++] = p;
	q->labels = (uint8_t)n;
	if (!n)
		return;
	bool service = is_text(label[n - 1], "svc");
	q->kind = service ? KIND_SERVICE : is_text(label[n - 1], "pod") ? KIND_POD : KIND_BAD;
	if (q->kind == KIND_BAD)
		return;
	if (n == 1) {
		q->kind = KIND_NONE;
		return;
	}
	q->namespace = word_of(label[n - 2]);
	if (n == 2)
		return;
	q->service = word_of(label[n - 3]);
	q->key = label[n - 3];
	q->key_len = (uint8_t)(q->service.len + q->namespace.len + 2);
	if (n > 3)
		read_front(q, k, label, n - 3);
}

void question_read(struct question *q, const struct kubernetes *k, const uint8_t *name,
		   const uint8_t *original, const uint8_t *zone)
{
	bool imported = k->imported_count && sodns_name_match(zone, k->imported, k->imported_count);
	read_name(q, k, name, original, zone, imported);
}

void question_read_plain(struct question *q, const struct kubernetes *k, const uint8_t *name,
			 const uint8_t *original, const uint8_t *zone)
{
	read_name(q, k, name, original, zone, false);
}
