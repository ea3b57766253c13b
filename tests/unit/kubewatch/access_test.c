/*
 * Access: kubeconfigs, the service account, tokens that rotate.
 */
#include "kubewatch/access.h"

#include <unistd.h>

#include "test.h"

static const char config[] =
	"apiVersion: v1\nkind: Config\ncurrent-context: one\n"
	"clusters:\n- name: c\n  cluster: {server: 'https://10.0.0.1:6443/', "
	"certificate-authority: "
	"pki/ca.crt, tls-server-name: api}\n- name: open\n  cluster:\n    server: http://x\n"
	"    insecure-skip-tls-verify: true\n- {name: none, cluster: {}}\n"
	"users:\n- name: u\n  user:\n    client-certificate-data: YWJj\n    client-key-data: "
	"ZGVmZw==\n- name: t\n  user: {token: secret, tokenFile: /t, as: other}\n"
	"- {name: p, user: {username: me, password: pw}}\n"
	"- {name: e, user: {exec: {command: x}}}\n- {name: bad, user: {client-key-data: '!'}}\n"
	"contexts:\n- {name: one, context: {cluster: c, user: u}}\n"
	"- {name: two, context: {cluster: open, user: t}}\n"
	"- {name: three, context: {cluster: c, user: p}}\n"
	"- {name: four, context: {cluster: none, user: u}}\n"
	"- {name: five, context: {cluster: c, user: e}}\n"
	"- {name: six, context: {cluster: gone}}\n- {name: seven, context: {cluster: c, user: "
	"no}}\n"
	"- {name: eight, context: {cluster: c, user: bad}}\n- {name: bare, context: {cluster: "
	"c}}\n";

static void reads_contexts(void **state)
{
	access_t a = {0};
	char err[256] = "";
	(void)state;
	assert_true(
		kubeconfig_read(&a, config, sizeof(config) - 1, "/etc/k/", NULL, err, sizeof(err)));
	assert_string_equal(a.url, "https://10.0.0.1:6443/");
	assert_string_equal(a.ca_file, "/etc/k/pki/ca.crt");
	assert_string_equal(a.server_name, "api");
	assert_int_equal(a.cert.len, 3);
	assert_memory_equal(a.cert.at, "abc", 3);
	assert_int_equal(a.key.len, 4);
	access_free(&a);
	assert_true(kubeconfig_read(&a, config, sizeof(config) - 1, "", "two", err, sizeof(err)));
	assert_true(a.insecure);
	assert_string_equal(a.token_file, "/t");
	assert_string_equal(a.as, "other");
	access_free(&a);
	assert_true(kubeconfig_read(&a, config, sizeof(config) - 1, "", "three", err, sizeof(err)));
	assert_string_equal(a.user, "me");
	assert_string_equal(a.password, "pw");
	access_free(&a);
	assert_true(kubeconfig_read(&a, config, sizeof(config) - 1, "", "bare", err, sizeof(err)));
	access_free(&a);
}

static void refuses(const char *text, const char *context, const char *expected)
{
	access_t a = {0};
	char err[256] = "";
	assert_false(kubeconfig_read(&a, text, strlen(text), "", context, err, sizeof(err)));
	if (!strstr(err, expected))
		fail_msg("%s, expected: %s", err, expected);
	access_free(&a);
}

static void refuses_others(void **state)
{
	(void)state;
	refuses(config, "nosuch", "context \"nosuch\" does not exist");
	refuses(config, "four", "no server found");
	refuses(config, "five", "users with 'exec' are not supported");
	refuses(config, "six", "cluster \"gone\" does not exist");
	refuses(config, "seven", "auth info \"no\" does not exist");
	refuses(config, "eight", "illegal base64 data in client-key-data");
	refuses("", NULL, "no configuration has been provided");
	refuses("- a\n- b\n", NULL, "no configuration has been provided");
	refuses("current-context: x\ncontexts: 7\n", NULL, "context \"x\" does not exist");
	refuses("a: [", NULL, "yaml: line");
	refuses("a: *b\n", NULL, "yaml: line");
}

static void decodes(void **state)
{
	size_t len;
	static const char *const bad[] = {"a", "ab=c", "a===", "ab", "YWJj=", "\xff\xff\xff\xff"};
	(void)state;
	char *out = base64_decode("YWJ\nj", 5, &len);
	assert_int_equal(len, 3);
	free(out);
	out = base64_decode("", 0, &len);
	assert_int_equal(len, 0);
	free(out);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		out = base64_decode(bad[i], strlen(bad[i]), &len);
		if (out)
			fail_msg("decoded: %s", bad[i]);
	}
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void reads_the_account(void **state)
{
	char folder[] = "/tmp/sodns-account-XXXXXX", err[512] = "";
	sodns_api_options_t o = {.size = sizeof(o)};
	access_t a;
	(void)state;
	assert_non_null(mkdtemp(folder));
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_false(access_read(&a, &o, folder, err, sizeof(err)));
	assert_string_equal(err, "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST "
				 "and KUBERNETES_SERVICE_PORT must be defined");
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_false(access_read(&a, &o, folder, err, sizeof(err)));
	put(folder, "token", "first\n");
	put(folder, "ca.crt", "x");
	assert_true(access_read(&a, &o, folder, err, sizeof(err)));
	assert_string_equal(a.url, "https://[fd00::1]:443");
	char *token = access_token(&a);
	assert_string_equal(token, "first");
	free(token);
	put(folder, "token", "second");
	token = access_token(&a);
	assert_string_equal(token, "second");
	free(token);
	/* nothing that could add a header */
	put(folder, "token", "a\nEvil: 1");
	assert_null(access_token(&a));
	access_free(&a);
	char command[64];
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void reads_options(void **state)
{
	sodns_api_options_t o = {.size = sizeof(o), .url = "127.0.0.1:8080/"};
	access_t a;
	char err[512];
	(void)state;
	assert_true(access_read(&a, &o, "", err, sizeof(err)));
	assert_string_equal(a.url, "http://127.0.0.1:8080");
	access_free(&a);
	o.ca = "/no/such/file";
	assert_false(access_read(&a, &o, "", err, sizeof(err)));
	assert_string_equal(err, "open /no/such/file: no such file or directory");
	o.kubeconfig = "/no/such/config";
	assert_false(access_read(&a, &o, "", err, sizeof(err)));
	assert_string_equal(err, "stat /no/such/config: no such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_contexts), cmocka_unit_test(refuses_others),
		cmocka_unit_test(decodes),        cmocka_unit_test(reads_the_account),
		cmocka_unit_test(reads_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
