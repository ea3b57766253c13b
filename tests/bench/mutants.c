/*
 * A client and an upstream that lies, for tests/bench/mutants.py: asks a server for names and types by chance, and answers what
 * the server asks with records of many types in which some bytes are wrong.
 *
 *	mutants SERVER-PORT UPSTREAM-PORT ANSWERS SEED
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WINDOW 64

static uint64_t state;

static uint32_t chance(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % below;
}

/* Type, length and RDATA; names are pointers to the question, or stand there. */
static const struct record {
	uint16_t type, len;
	const char *data;
} records[] = {
	{1, 4, "\300\0\2\1"},
	{28, 16, "\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1"},
	{5, 4, "\1a\xc0\x0c"},
	{39, 4, "\1d\xc0\x0c"},
	{2, 2, "\xc0\x0c"},
	{15, 4, "\0\5\xc0\x0c"},
	{33, 11, "\0\1\0\1\0\x50\3srv\0"},
	{6, 24, "\xc0\x0c\xc0\x0c\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"},
	{16, 6, "\5hello"},
	{35, 17, "\0\1\0\1\1u\3sip\0\4host\0"},
	{64, 14, "\0\1\3svc\0\0\1\0\3\2h2"},
	{65, 14, "\0\1\3svc\0\0\1\0\3\2h2"},
	{46, 24, "\0\1\r\2\0\0\0\x3c\x7f\0\0\0\x10\0\0\0\0\1\1k\0sig"},
	{47, 6, "\1n\0\0\1\x40"},
	{45, 11, "\1\3\2\4gate\0key"},
	{41, 8, "\0\3\0\4nsid"},
};
#define RECORDS (sizeof(records) / sizeof(records[0]))

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Behind the question's name and type; 0: it is none. */
static size_t question_end(const uint8_t *m, size_t len)
{
	size_t at = 12;
	while (at < len && m[at])
		at += m[at] + 1u;
	return at + 5 <= len ? at + 5 : 0;
}

static size_t answer(uint8_t *m, size_t len)
{
	size_t question = question_end(m, len), at = question;
	unsigned counts[3] = {0};
	if (!question)
		return 0;
	m[2] |= 0x84;
	m[3] = (uint8_t)(chance(8) ? 0x80 : 0x83);
	for (unsigned section = 0; section < 3; section++)
		for (unsigned n = chance(section ? 2 : 4); n; n--) {
			const struct record *r = &records[chance(RECORDS)];
			put16(m + at, 0xc00c);
			put16(m + at + 2,
			      chance(4) ? r->type
					: (unsigned)(m[question - 4] << 8 | m[question - 3]));
			put16(m + at + 4, 1);
			memcpy(m + at + 6, "\0\0\0\x1e", 4);
			put16(m + at + 10, r->len);
			memcpy(m + at + 12, r->data, r->len);
			at += 12u + r->len;
			counts[section]++;
		}
	for (unsigned section = 0; section < 3; section++)
		put16(m + 6 + 2 * section, counts[section] + !chance(40));
	for (unsigned n = chance(4); n && at > question; n--)
		m[question + chance((uint32_t)(at - question))] = (uint8_t)chance(256);
	return at > question && !chance(20) ? question + chance((uint32_t)(at - question)) : at;
}

static size_t ask(uint8_t *m, unsigned id)
{
	static const char *const zones[] = {"\4test", "\3out\5alias\7example", "\2v6\4test"};
	static const uint8_t types[] = {1, 28, 5, 15, 33, 64, 65, 16, 35, 6, 12, 255};
	const char *zone = zones[chance(3)];
	memset(m, 0, 12);
	put16(m, id);
	m[2] = 1;
	m[5] = 1;
	int n = snprintf((char *)m + 13, 20, "n%u", chance(200000));
	m[12] = (uint8_t)n;
	size_t at = 13u + (unsigned)n, z = strlen(zone) + 1;
	memcpy(m + at, zone, z);
	at += z;
	put16(m + at, types[chance(sizeof(types))]);
	put16(m + at + 2, 1);
	return at + 4;
}

static int udp(unsigned port, int server)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 22;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (server ? bind(fd, (void *)&a, sizeof(a)) : connect(fd, (void *)&a, sizeof(a))) {
		perror("mutants");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	int client = udp((unsigned)atoi(argv[1]), 0), upstream = udp((unsigned)atoi(argv[2]), 1);
	unsigned long wanted = strtoul(argv[3], NULL, 10), lies = 0, answered = 0, asked = 0,
		      silent = 0;
	state = strtoull(argv[4], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	unsigned open = 0;
	struct pollfd p[2] = {{client, POLLIN, 0}, {upstream, POLLIN, 0}};
	uint8_t m[65536];
	while (lies < wanted && silent < 100) {
		for (; open < WINDOW; open++, asked++)
			send(client, m, ask(m, (unsigned)asked & 0xffff), 0);
		if (poll(p, 2, 100) <= 0) {
			silent++; /* lost: others are asked in their place */
			open = 0;
			continue;
		}
		ssize_t n;
		while ((n = recv(client, m, sizeof(m), MSG_DONTWAIT)) > 0) {
			answered++;
			silent = 0;
			open -= open > 0;
		}
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		while ((n = recvfrom(upstream, m, sizeof(m), MSG_DONTWAIT, (void *)&from, &size)) >
		       0) {
			size_t len = answer(m, (size_t)n);
			if (len && sendto(upstream, m, len, 0, (void *)&from, size) > 0)
				lies++;
		}
	}
	printf("%lu asked, %lu answered, %lu lies\n", asked, answered, lies);
	return lies < wanted;
}
