/*
 * Kubeconfigs of any kind.
 */
#include "fuzz.h"
#include "kubewatch/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const contexts[] = {NULL, "admin", "two"};
	for (int i = 0; i < 3; i++) {
		access_t a = {0};
		char err[256];
		kubeconfig_read(&a, (const char *)data, len, "/etc/", contexts[i], err,
				sizeof(err));
		access_free(&a);
	}
	return 0;
}
