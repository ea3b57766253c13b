/*
 * What kubernetes knows, for other plugins of its server block: found by sodns_prepare_each(). This is the
 * plugin's own and not the SDK's: it changes with the plugin, and by the number in its id.
 */
#ifndef SODNS_PLUGINS_KUBERNETES_H
#define SODNS_PLUGINS_KUBERNETES_H

#include <sodns/ability.h>

/* "kubernetes.external/1": knows services, and where they are reached from outside of the network that they
 * are in. The zone that they are served in is the caller's: names given out are what stands in front
 * of it. What a struct points to lives until the query ends, but for what says otherwise.
 *
 * `find` calls fn(arg, e) for every target of what the first `front` bytes of `name` (lower case) ask
 * for: "service.namespace", with an endpoint in front, or a port and a protocol. Returns
 * SODNS_NOERROR or SODNS_NXDOMAIN; a name that is there may have no target. `reverse` gives the
 * services (their names alone) that have the address of which `name` is the reverse;
 * SODNS_NXDOMAIN: none has; SODNS_ENOENT: it is no address's name. `servers` gives the addresses at
 * which this server is reached from outside. `all` gives every target, those of one service one
 * after the other, of one moment; fn may wait. `serial` moves when any of it changes. [query] */
#define KUBERNETES_EXTERNAL "kubernetes.external/1"
enum kubernetes_external_flags {
	KUBERNETES_EXTERNAL_ENDPOINTS = 1, /* services without any address: their endpoints' */
	KUBERNETES_EXTERNAL_NAMES = 2,     /* endpoints' names are wanted */
};
typedef struct kubernetes_external_port {
	uint16_t number;
	bool known;           /* false: the service has no ports, this stands for that */
	const char *protocol; /* "tcp" */
	const uint8_t *name;  /* text */
	uint8_t name_len;
} kubernetes_external_port_t;
typedef struct kubernetes_external {
	uint32_t size;          /* of this struct, which grows at its end */
	const uint8_t *service; /* the service's name in front of the zone, its labels */
	size_t service_len;
	const uint8_t *rdata; /* an address as RDATA behind its length (rr.h), or NULL */
	const uint8_t *host;  /* a host name in its place, letter case kept, or NULL */
	bool endpoint;        /* this is one, called (text that may have dots, until fn returns): */
	const uint8_t *label;
	uint8_t label_len;
	const kubernetes_external_port_t
		*ports; /* those that fit; the same array where they are the same */
	uint16_t port_count;
	uint32_t ttl; /* of what is not the caller's: aliases and SRV */
} kubernetes_external_t;
typedef void (*kubernetes_external_f)(void *arg, const kubernetes_external_t *e);
typedef struct kubernetes_external_ability {
	uint32_t size;
	int (*find)(void *self, sodns_query_t *q, const uint8_t *name, size_t front, unsigned flags,
		    kubernetes_external_f fn, void *arg);
	int (*reverse)(void *self, sodns_query_t *q, const uint8_t *name, kubernetes_external_f fn,
		       void *arg);
	void (*servers)(void *self, sodns_query_t *q, unsigned flags, kubernetes_external_f fn,
			void *arg);
	void (*all)(void *self, sodns_query_t *q, unsigned flags, kubernetes_external_f fn,
		    void *arg);
	uint32_t (*serial)(void *self);
} kubernetes_external_ability_t;

#endif
