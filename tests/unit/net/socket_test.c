/* Options of listening sockets: no path MTU discovery, for either family. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"
#include "test.h"

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);
	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static int open_udp(uint8_t family, bool wildcard)
{
	socket_spec_t spec = {.type = SOCK_DGRAM, .wildcard = wildcard};
	spec.address.family = family;
	if (family == 4)
		memcpy(spec.address.bytes, (const uint8_t[]){127, 0, 0, 1}, 4);
	else if (!wildcard)
		spec.address.bytes[15] = 1;
	return socket_open(&spec);
}

static void path_mtu(void **state)
{
	(void)state;
	int fd = open_udp(4, false);
	assert_true(fd >= 0);
	assert_int_equal(option(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
	close(fd);
	/* Of both families, or of IPv4 where the kernel has no other. */
	fd = open_udp(6, true);
	assert_true(fd >= 0);
	assert_int_equal(option(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
	if (option(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6)
		assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_OMIT);
	close(fd);
	fd = open_udp(6, false);
	if (fd < 0)
		skip();
	assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_OMIT);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(path_mtu)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
