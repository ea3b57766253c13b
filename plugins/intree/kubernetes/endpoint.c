/*
 * Endpoints of a service, one after the other, across its slices.
 */
#include <string.h>

#include "kubernetes.h"

const char *protocol_text(uint8_t protocol)
{
	static const char *const texts[] = {"", "tcp", "udp", "sctp"};
	return texts[protocol & 3];
}

static bool same(const struct word *w, const void *text, size_t len)
{
	return w->len == len && !memcmp(w->at, text, len);
}

bool port_fits(const uint8_t *port, const struct question *q)
{
	if (!q)
		return true;
	if (q->port.len && !same(&q->port, port + 4, port[3]))
		return false;
	const char *protocol = protocol_text(port[2]);
	return !q->protocol.len || same(&q->protocol, protocol, strlen(protocol));
}

unsigned ports_fitting(const uint8_t *ports, uint16_t len, const struct question *q)
{
	unsigned n = 0;
	for (const uint8_t *p = ports; p < ports + len; p = port_next(p))
		n += port_fits(p, q);
	return n;
}

/* A label that is an address with dashes, exactly as endpoints are named. */
static bool read_dashed(const struct word *label, struct address *out)
{
	char text[64], again[48];
	for (int six = 0; six < 2; six++) {
		for (uint8_t i = 0; i < label->len; i++)
			text[i] = label->at[i] == '-' ? (six ? ':' : '.') : (char)label->at[i];
		if (address_read(text, label->len, out) && out->size == (six ? 16 : 4))
			return address_dashed(out->bytes, out->size, again) == label->len &&
			       !memcmp(again, label->at, label->len);
	}
	return false;
}

void walk_begin(struct walk *w, const struct service *s, const struct question *q)
{
	*w = (struct walk){.service = s, .q = q, .zoned = q && q->zone_label_count};
	w->by_address = q && q->endpoint.len && read_dashed(&q->endpoint, &w->asked);
}

static bool cluster_fits(const struct slice *s, const struct question *q)
{
	return !q || !q->imported || !q->endpoint.len ||
	       same(&q->cluster, slice_cluster(s), s->cluster_len);
}

/* A slice's zone, a length and a text, against the labels that were asked for. */
static bool zone_fits(const uint8_t *zone, const struct question *q)
{
	const uint8_t *label = q->zone_labels, *text = zone + 1, *end = text + *zone;
	for (uint8_t i = 0; i < q->zone_label_count; i++, label += *label + 1) {
		if (i && (text == end || *text++ != '.'))
			return false;
		if (end - text < *label || memcmp(text, label + 1, *label))
			return false;
		text += *label;
	}
	return text == end;
}

/* Whether the endpoint is the one asked for: by its name, or by its address where it has none. */
static bool name_fits(const struct walk *w, const struct slice *s, const uint8_t *rdata,
		      const uint8_t *label)
{
	if (label && *label)
		return same(&w->q->endpoint, label + 1, *label);
	return w->by_address && s->size == w->asked.size + 2u &&
	       !memcmp(rdata + 2, w->asked.bytes, w->asked.size);
}

static void name_it(struct endpoint *e, const uint8_t *label)
{
	if (label && *label) {
		e->label = (struct word){label + 1, *label};
		return;
	}
	size_t n = address_dashed(e->rdata + 2, e->slice->size - 2u, e->dashed);
	e->label = (struct word){(const uint8_t *)e->dashed, (uint8_t)n};
}

/* The slice to go on in: one with a port that fits. */
static const struct slice *slice_at(struct walk *w)
{
	while (w->slice < w->service->slice_count) {
		const struct slice *s = w->service->slices[w->slice];
		if (w->index ? w->index < s->count
			     : s->count && cluster_fits(s, w->q) &&
				       ports_fitting(slice_ports(s), s->ports_len, w->q))
			return s;
		w->slice++;
		w->index = 0;
	}
	return NULL;
}

bool walk_next(struct walk *w, struct endpoint *e, bool labels)
{
	const struct slice *s;
	while ((s = slice_at(w))) {
		if (!w->index) {
			w->label = s->labels_len ? slice_labels(s) : NULL;
			w->zone = s->zones_len ? slice_zones(s) : NULL;
		}
		const uint8_t *rdata = slice_rdata(s) + (size_t)w->index++ * s->size;
		const uint8_t *label = w->label, *zone = w->zone;
		if (label)
			w->label += *label + 1;
		if (zone)
			w->zone += *zone + 1;
		if (w->zoned && (!zone || !zone_fits(zone, w->q)))
			continue;
		if (w->q && w->q->endpoint.len && !name_fits(w, s, rdata, label))
			continue;
		e->slice = s;
		e->rdata = rdata;
		if (labels)
			name_it(e, label);
		return true;
	}
	return false;
}
