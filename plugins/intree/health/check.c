/*
 * The check from inside: how long a request to the own path takes tells how loaded the process is.
 */
#include <string.h>

#include "health.h"

#define INTERVAL SODNS_SECOND
#define PATIENCE (3 * SODNS_SECOND)

/* 0, or a failure with its reason. */
static bool ask(const struct health *h, char *why, size_t why_size)
{
	const sodns_http_request_t request = {
		.size = sizeof(request), .url = h->url, .patience = PATIENCE};
	sodns_http_response_t *r = sodns_http_client_fetch(h->client, &request, why, why_size);
	unsigned status = r ? sodns_http_response_status(r) : 0;
	sodns_http_response_free(r);
	if (r && status != 200)
		snprintf(why, why_size, "HTTP status %u", status);
	return status == 200;
}

void health_check(void *arg)
{
	struct health *h = arg;
	char why[256];
	while (sodns_service_sleep(INTERVAL)) {
		uint64_t began = sodns_now();
		bool good = ask(h, why, sizeof(why));
		uint64_t ns = sodns_now() - began;
		sodns_metric_observe(h->duration, (double)ns / 1e9);
		if (!good) {
			sodns_metric_add(h->failures, 1);
			sodns_log(SODNS_LOG_WARNING, "health",
				  "Local health request to \"http://%s/health\" failed: %s",
				  h->address, why);
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
