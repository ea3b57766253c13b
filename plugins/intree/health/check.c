/*
 * The check from inside: how long a request to the own path takes tells how loaded the process is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "health.h"

#define INTERVAL SODNS_SECOND
#define SECONDS_MAX 3

struct request {
	sodns_address_t at;
	int error; /* errno, 0: answered with 200 */
};

static socklen_t socket_address(const sodns_address_t *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)(void *)out;
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)out;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	in6->sin6_scope_id = a->scope;
	memcpy(&in6->sin6_addr, a->bytes, 16);
	return sizeof(*in6);
}

/* Blocks, for SECONDS_MAX at most with each step. */
static void ask(void *arg)
{
	static const char text[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
				   "Connection: close\r\n\r\n";
	struct request *r = arg;
	struct sockaddr_storage to;
	socklen_t len = socket_address(&r->at, &to);
	const struct timeval limit = {.tv_sec = SECONDS_MAX};
	char answer[32];
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	bool asked = fd >= 0 && !connect(fd, (const struct sockaddr *)(const void *)&to, len) &&
		     send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) > 0;
	ssize_t n = asked ? recv(fd, answer, sizeof(answer), MSG_WAITALL) : -1;
	r->error = n < 0 ? errno : n > 12 && !memcmp(answer + 9, "200", 3) ? 0 : EPROTO;
	if (fd >= 0)
		close(fd);
}

void health_check(void *arg)
{
	struct health *h = arg;
	while (sodns_service_sleep(INTERVAL)) {
		struct request r = {.at = h->at};
		uint64_t began = sodns_now();
		if (sodns_blocking(ask, &r, sizeof(r), NULL))
			continue;
		uint64_t ns = sodns_now() - began;
		sodns_metric_observe(h->duration, (double)ns / 1e9);
		if (r.error) {
			sodns_metric_add(h->failures, 1);
			sodns_log(SODNS_LOG_WARNING, "health",
				  "Local health request to \"http://%s/health\" failed: %s",
				  h->address, strerror(r.error));
		} else if (ns > 1000000000u) {
			char text[40];
			sodns_duration_to_text((int64_t)ns, text);
			sodns_log(SODNS_LOG_WARNING, "health",
				  "Local health request to \"http://%s/health\" took more than "
				  "1s: %s",
				  h->address, text);
		}
	}
}
