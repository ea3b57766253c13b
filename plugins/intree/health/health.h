/*
 * health: an HTTP path that says OK while the process lives, and a look at it from inside.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include <stdio.h>

#include <sodns/ability.h>
#include <sodns/http.h>
#include <sodns/http_client.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/wait.h>

struct health {
	const char *address;
	uint64_t lameduck; /* ns */
	sodns_http_t *http;
	char url[96]; /* where the check finds it */
	sodns_http_client_t *client;
	sodns_service_t *service;
	sodns_metric_t *duration, *failures;
};

/* Asks the path every second, and counts; a service. */
void health_check(void *arg);

#endif
