/* Why an exchange ends: each cause by a server that has it. */
#include "test.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodns/message.h>
#include <sodns/upstream.h>
#include <sodns/wait.h>

#include "task/service.h"

struct asked {
	sodns_exchange_t x;
	sodns_address_t server;
	uint32_t ms;
	uint8_t query[SODNS_MESSAGE_QUERY_MAX], answer[40];
	char error[256];
	_Atomic(bool) begun, ended;
};

static void ask(void *arg)
{
	struct asked *a = arg;
	const sodns_upstream_options_t o = {.size = sizeof(o), .address = a->server};
	a->x.upstream = sodns_upstream_new(&o);
	a->x.query = a->query;
	a->x.len = sodns_message_query(a->query, SODNS_RD, (const uint8_t *)"\1a", 1, 1);
	a->x.answer = a->answer;
	a->x.size = sizeof(a->answer);
	sodns_exchange_begin(&a->x);
	a->begun = true;
	sodns_exchange_wait(&a->x, 1, a->ms * SODNS_MS);
	sodns_exchange_end(&a->x);
	sodns_exchange_error(&a->x, a->error, sizeof(a->error));
	sodns_upstream_free(a->x.upstream);
	a->ended = true;
}

/* A socket on this host, of nobody else, and its address. */
static int open_server(int type, sodns_address_t *out)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&a, &len), 0);
	*out = (sodns_address_t){.family = 4, .bytes = {127, 0, 0, 1}, .port = ntohs(a.sin_port)};
	return fd;
}

static sodns_service_t *begin(struct asked *a, const sodns_address_t *server,
			      enum sodns_protocol protocol, uint32_t ms)
{
	memset(a, 0, sizeof(*a));
	a->server = *server;
	a->x.protocol = protocol;
	a->ms = ms;
	return sodns_service_start("test", ask, a);
}

static void end(sodns_service_t *s, struct asked *a, enum sodns_exchange_why why)
{
	for (int i = 0; i < 30000 && !a->ended; i++)
		usleep(1000);
	sodns_service_stop(s);
	assert_true(a->ended);
	assert_int_equal(a->x.why, why);
	assert_true(why == SODNS_WHY_ANSWERED || *a->error);
}

static void nobody_listens(void **state)
{
	(void)state;
	struct asked a;
	sodns_address_t at;
	close(open_server(SOCK_DGRAM, &at));
	end(begin(&a, &at, SODNS_UDP, 20000), &a, SODNS_WHY_REFUSED);
	close(open_server(SOCK_STREAM, &at));
	end(begin(&a, &at, SODNS_TCP, 20000), &a, SODNS_WHY_REFUSED);
}

static void nothing_comes(void **state)
{
	(void)state;
	struct asked a;
	sodns_address_t at;
	int fd = open_server(SOCK_DGRAM, &at);
	end(begin(&a, &at, SODNS_UDP, 20), &a, SODNS_WHY_TIME);
	sodns_service_t *s = begin(&a, &at, SODNS_UDP, 60000);
	for (int i = 0; i < 30000 && !a.begun; i++)
		usleep(1000);
	sodns_service_stop(s);
	assert_true(a.ended);
	assert_int_equal(a.x.why, SODNS_WHY_STOPPED);
	close(fd);
}

/* Answers one question with so many bytes behind it, or no question at all. */
static void answer(int fd, size_t more, bool question)
{
	uint8_t m[600] = {0};
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, m, sizeof(m), 0, (struct sockaddr *)(void *)&from, &len);
	assert_true(n > 12);
	m[2] |= 0x80;
	m[5] = question;
	n = question ? n + (ssize_t)more : 12;
	assert_int_equal(sendto(fd, m, (size_t)n, 0, (struct sockaddr *)(void *)&from, len), n);
}

static void what_comes(void **state)
{
	(void)state;
	struct asked a;
	sodns_address_t at;
	int fd = open_server(SOCK_DGRAM, &at);
	sodns_service_t *s = begin(&a, &at, SODNS_UDP, 20000);
	answer(fd, 0, true);
	end(s, &a, SODNS_WHY_ANSWERED);
	s = begin(&a, &at, SODNS_UDP, 20000);
	answer(fd, 100, true);
	end(s, &a, SODNS_WHY_TOO_LARGE);
	s = begin(&a, &at, SODNS_UDP, 20000);
	answer(fd, 0, false);
	end(s, &a, SODNS_WHY_BAD_ANSWER);
	close(fd);
}

static void *hang_up(void *arg)
{
	/* A question that was sent on a connection that is closed then is sent on another. */
	for (int fd = *(int *)arg, one; (one = accept(fd, NULL, NULL)) >= 0;) {
		uint8_t m[2];
		if (recv(one, m, sizeof(m), 0) < 0)
			perror("recv");
		close(one);
	}
	return NULL;
}

static void closed(void **state)
{
	(void)state;
	struct asked a;
	sodns_address_t at;
	pthread_t thread;
	int fd = open_server(SOCK_STREAM, &at);
	assert_int_equal(listen(fd, 5), 0);
	pthread_create(&thread, NULL, hang_up, &fd);
	end(begin(&a, &at, SODNS_TCP, 20000), &a, SODNS_WHY_CLOSED);
	shutdown(fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(nothing_comes),
		cmocka_unit_test(what_comes),
		cmocka_unit_test(closed),
	};
	if (service_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
