/*
 * autopath: the search path of a file, tried in one query.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodns/test.h>

static void refusals(void)
{
	SODNS_REFUSED("autopath", "plugin/autopath: no resolv-conf specified");
	SODNS_REFUSED("autopath none.conf", "plugin/autopath: failed to parse \"none.conf\": open "
					    "none.conf: no such file or directory");
}

static void walks(void)
{
	char path[] = "/tmp/autopath-XXXXXX", config[128];
	int fd = mkstemp(path);
	static const char text[] = "domain other\n# a remark\n\tsearch  One.test two.test\n";
	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
		abort();
	close(fd);
	snprintf(config, sizeof(config), "autopath test %s\n", path);
	sodns_test_t *t = SODNS_TEST(config);
	sodns_test_next(t, "NXDOMAIN aa");
	SODNS_ANSWER(t, "www.one.test. A", "NXDOMAIN aa rd\n");
	SODNS_ANSWER(t, "one.test. A", "SERVFAIL rd\n");
	sodns_test_next(t, "NOERROR aa\nwww.two.test. 30 IN A 192.0.2.1");
	SODNS_ANSWER(t, "WWW.one.test. A",
		     "NOERROR aa rd\nWWW.one.test. 30 IN CNAME www.two.test.\n"
		     "www.two.test. 30 IN A 192.0.2.1\n");
	SODNS_CONTAINS(sodns_test_metrics(),
		       "coredns_autopath_success_total{server=\"dns://:53\"} 1\n");
	sodns_test_end(t);
	unlink(path);
}

int main(void)
{
	refusals();
	walks();
	return sodns_test_result();
}
