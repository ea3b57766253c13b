/*
 * A test plugin whose answers wait in every way there is: the first label of the name says how.
 *
 *	now			answers at once
 *	s250			sleeps 250 ms
 *	pool250			blocks a pool thread for 250 ms
 *	ask			asks for "now" below the rest of the name
 *	askself			asks for itself, without end
 *	join250			sleeps 250 ms in a flight that all askers share; the answer's
 *				number counts flights
 *	over			sleeps beyond the deadline
 *	detach			answers at once and counts 50 ms later; the answer's number is
 *				the count so far
 *	udp5300, tcp5300	asks 127.0.0.1 port 5300 for "now.park."
 *
 * The answer is a TXT record with the status of the wait.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodns/plugin.h>
#include <sodns/wait.h>

static _Atomic(unsigned) flights, detached;

static sodns_reply_t *text(sodns_query_t *q, const char *value)
{
	uint8_t rdata[256];
	size_t n = strlen(value);
	rdata[0] = (uint8_t)n;
	memcpy(rdata + 1, value, n);
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_TXT, 5, rdata,
			       (uint16_t)(n + 1));
	return r;
}

static sodns_reply_t *status(sodns_query_t *q, int rc)
{
	return text(q, rc >= 0                  ? "ok"
		       : rc == SODNS_ETIMEOUT   ? "timeout"
		       : rc == SODNS_ECANCELLED ? "cancelled"
						: "failed");
}

static void block(void *work)
{
	unsigned ms = *(unsigned *)work;
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

static void *fly(void *arg)
{
	unsigned *n = malloc(sizeof(*n));
	sodns_sleep(*(const uint32_t *)arg * SODNS_MS);
	*n = atomic_fetch_add(&flights, 1) + 1;
	return n;
}

static sodns_reply_t *join(sodns_query_t *q, uint32_t ms)
{
	sodns_flight_t *f = sodns_join("k", 1, fly, &ms, sizeof(ms), free, 3 * SODNS_SECOND);
	if (!f)
		return status(q, SODNS_ETIMEOUT);
	char number[16];
	snprintf(number, sizeof(number), "%u", *(unsigned *)sodns_flight_result(f));
	sodns_flight_release(f);
	return text(q, number);
}

static void count_later(sodns_query_t *q, void *arg)
{
	(void)q;
	(void)arg;
	if (!sodns_sleep(50 * SODNS_MS))
		atomic_fetch_add(&detached, 1);
}

static sodns_reply_t *detach(sodns_query_t *q)
{
	char number[16];
	snprintf(number, sizeof(number), "%u", atomic_load(&detached));
	sodns_detach(q, count_later, NULL, 0, SODNS_SECOND);
	return text(q, number);
}

static sodns_reply_t *exchange(sodns_query_t *q, uint16_t port, bool tcp)
{
	static const uint8_t query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03now\x04"
				       "park\x00\x00\x10\x00\x01";
	uint8_t answer[512];
	const sodns_address_t to = {.family = 4, .bytes = {127, 0, 0, 1}, .port = port};
	return status(q,
		      (tcp ? sodns_exchange_tcp : sodns_exchange_udp)(
			      &to, query, sizeof(query) - 1, answer, sizeof(answer), SODNS_SECOND));
}

static sodns_reply_t *ask_below(sodns_query_t *q)
{
	const uint8_t *rest = sodns_name_parent(sodns_query_name(q), 1);
	uint8_t name[SODNS_NAME_MAX] = "\x03now";
	memcpy(name + 4, rest, sodns_name_length(rest));
	sodns_reply_t *r = sodns_ask(q, name, SODNS_TYPE_TXT);
	size_t n;
	sodns_reply_sets(r, SODNS_ANSWER, &n);
	return status(q, n == 1 ? 0 : SODNS_EIO);
}

static bool has(const char *label, const char *word, unsigned *number)
{
	size_t n = strlen(word);
	*number = (unsigned)atoi(label + (strlen(label) > n ? n : strlen(label)));
	return !strncmp(label, word, n);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	(void)h;
	char label[64] = {0};
	const uint8_t *name = sodns_query_name(q);
	unsigned n;
	memcpy(label, name + 1, *name);
	if (has(label, "now", &n))
		return text(q, "ok");
	if (has(label, "pool", &n))
		return status(q, sodns_blocking(block, &n, sizeof(n), NULL));
	if (has(label, "askself", &n))
		return sodns_ask(q, name, SODNS_TYPE_TXT);
	if (has(label, "ask", &n))
		return ask_below(q);
	if (has(label, "join", &n))
		return join(q, n);
	if (has(label, "over", &n))
		return status(q, sodns_sleep(60 * SODNS_SECOND));
	if (has(label, "detach", &n))
		return detach(q);
	if (has(label, "udp", &n))
		return exchange(q, (uint16_t)n, false);
	if (has(label, "tcp", &n))
		return exchange(q, (uint16_t)n, true);
	if (has(label, "s", &n))
		return status(q, sodns_sleep(n * SODNS_MS));
	return sodns_fail(q, SODNS_REFUSED, "no such wait");
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s))
		;
	return sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "park", .setup = setup, .serve_dns = serve);
