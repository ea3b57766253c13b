/*
 * Telling secondaries that a zone has changed (RFC 1996). Each target has a service and a queue in
 * which a zone stands at most once: a change of a zone again before its target was told changes
 * nothing.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/message.h>

#include "transfer.h"

#define TRIES 3
#define PATIENCE (2 * SODNS_SECOND)
#define IDLE (3600 * SODNS_SECOND)

void notify_init(struct transfer *t)
{
	for (struct rule *r = t->rules; r; r = r->next)
		for (struct target *to = r->targets; to; to = to->next) {
			pthread_mutex_init(&to->lock, NULL);
			to->last = &to->first;
		}
}

static struct pending **bucket_of(struct target *to, const uint8_t *zone)
{
	return &to->buckets[sodns_name_hash(zone) % TARGET_BUCKETS];
}

/* Under the target's lock. */
static void enqueue(struct target *to, const uint8_t *zone)
{
	struct pending **bucket = bucket_of(to, zone), *p;
	for (p = *bucket; p; p = p->next_in_bucket)
		if (sodns_name_equal(p->zone, zone))
			return;
	if (!(p = malloc(sizeof(*p))))
		return;
	p->next = NULL;
	p->next_in_bucket = *bucket;
	sodns_name_lower(zone, p->zone);
	*bucket = p;
	*to->last = p;
	to->last = &p->next;
}

static struct pending *dequeue(struct target *to)
{
	pthread_mutex_lock(&to->lock);
	struct pending *p = to->first;
	if (p) {
		to->first = p->next;
		if (!to->first)
			to->last = &to->first;
		struct pending **at = bucket_of(to, p->zone);
		while (*at != p)
			at = &(*at)->next_in_bucket;
		*at = p->next_in_bucket;
	}
	to->idle = !p;
	pthread_mutex_unlock(&to->lock);
	return p;
}

void notify_zone(void *self, const uint8_t *zone)
{
	const struct rule *r = rule_match(self, zone);
	for (struct target *to = r ? r->targets : NULL; to; to = to->next) {
		pthread_mutex_lock(&to->lock);
		if (to->service) {
			enqueue(to, zone);
			/* Not out of the pause before another try. */
			if (to->idle)
				sodns_service_wake(to->service);
			to->idle = false;
		}
		pthread_mutex_unlock(&to->lock);
	}
}

static const char *reason(int rc, const uint8_t *answer, char buf[16])
{
	if (rc > 0)
		return sodns_rcode_text(answer[3] & 15, buf);
	return rc == SODNS_ETIMEOUT ? "i/o timeout" : "connection refused";
}

static void complain(const struct target *to, const uint8_t *zone, int rc, const uint8_t *answer)
{
	char name[SODNS_NAME_TEXT_MAX], buf[16];
	sodns_name_to_text(zone, name);
	sodns_log(SODNS_LOG_WARNING, "transfer",
		  "Failed sending notifies: notify for zone \"%s\" was not accepted by \"%s\": "
		  "%s\"%s\"",
		  name, to->text, rc > 0 ? "rcode was " : "", reason(rc, answer, buf));
}

/* Once more after a while. A target that was silent before is asked once a zone, so that the queue
 * gets on. */
static int tell(struct target *to, const uint8_t *zone)
{
	uint8_t query[SODNS_MESSAGE_QUERY_MAX], answer[1500];
	size_t len = sodns_message_query(query, SODNS_OPCODE_NOTIFY << 11 | SODNS_AA, zone,
					 SODNS_TYPE_SOA, SODNS_CLASS_IN);
	int rc = 0, tries = to->silent ? 1 : TRIES;
	for (int i = 0; i < tries; i++) {
		uint64_t end = sodns_now() + PATIENCE, now;
		rc = sodns_exchange_udp_from(to->source, &to->address, query, len, answer,
					     sizeof(answer), PATIENCE);
		if (rc == SODNS_ECANCELLED || (rc > 0 && (answer[3] & 15) == SODNS_NOERROR))
			break;
		now = sodns_now();
		if (i + 1 < tries && now < end && !sodns_service_sleep(end - now))
			return SODNS_ECANCELLED;
	}
	if (rc == SODNS_ECANCELLED)
		return rc;
	to->silent = rc < 0;
	if (rc < 0 || (answer[3] & 15) != SODNS_NOERROR)
		complain(to, zone, rc, answer);
	return SODNS_OK;
}

static void run(void *arg)
{
	struct target *to = arg;
	for (bool on = true; on;) {
		struct pending *p = dequeue(to);
		on = p ? tell(to, p->zone) != SODNS_ECANCELLED : sodns_service_sleep(IDLE);
		free(p);
	}
}

void notify_start(struct transfer *t)
{
	for (struct rule *r = t->rules; r; r = r->next)
		for (struct target *to = r->targets; to; to = to->next) {
			pthread_mutex_lock(&to->lock);
			to->service = sodns_service_start("transfer", run, to);
			pthread_mutex_unlock(&to->lock);
		}
}

/* Others may still report changes. */
void notify_stop(struct transfer *t)
{
	for (struct rule *r = t->rules; r; r = r->next)
		for (struct target *to = r->targets; to; to = to->next) {
			pthread_mutex_lock(&to->lock);
			sodns_service_t *s = to->service;
			to->service = NULL;
			pthread_mutex_unlock(&to->lock);
			sodns_service_stop(s);
		}
}

void notify_free(struct transfer *t)
{
	for (struct rule *r = t->rules; r; r = r->next)
		for (struct target *to = r->targets; to; to = to->next) {
			for (struct pending *p; (p = dequeue(to));)
				free(p);
			pthread_mutex_destroy(&to->lock);
		}
}
