/*
 * kubernetes: a cluster's services, endpoints and pods as DNS names (the Kubernetes DNS
 * specification, version 1.1).
 *
 * A *cluster* is one API server as seen with one set of credentials and selectors: its watches and
 * the store that they fill. Instances with the same settings share it, also across reloads. An
 * *instance* has the zones and the ways of answering.
 */
#ifndef KUBERNETES_H
#define KUBERNETES_H

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/plugins/kubernetes.h>
#include <sodns/wait.h>

#include "store.h"

/* What is asked of the API server, and how. Clusters are shared by instances with the same settings. */
struct settings {
	const char *kubeconfig, *context;
	const char *url, *cert, *key, *ca;
	const char *labels, *namespace_labels; /* selectors, or NULL */
	double qps;
	uint32_t burst, max_inflight;
	bool pods, endpoints, imports, pod_names, zones;
};

struct cluster {
	struct store store;
	sodns_api_t *api;
	sodns_watch_t *watch[COLLECTIONS];
	struct watching *watching[COLLECTIONS];
	_Atomic(bool) begun;          /* its watches are */
	_Atomic(unsigned) waited_for; /* bits of collections whose first list is not through */
};

enum pod_mode { PODS_DISABLED, PODS_INSECURE, PODS_VERIFIED };

struct kubernetes {
	struct cluster *cluster;
	_Atomic(bool) prepared; /* there is a cluster */
	uint64_t waited_since;  /* ns; 0: not yet */
	unsigned told;          /* how often that it waits */
	bool waited;            /* long enough */
	struct settings settings;
	const uint8_t *const *zones;
	size_t zone_count;
	const uint8_t *primary;         /* the first zone that is not reverse */
	const uint8_t *const *imported; /* multicluster zones */
	size_t imported_count;
	const char **urls; /* as they are written */
	size_t url_count;
	const char **namespaces; /* NULL: all */
	size_t namespace_count;
	enum pod_mode pods;
	uint32_t ttl;
	uint64_t startup_timeout; /* ns */
	sodns_fallthrough_t fallthrough;
	bool ignore_empty, zonal;
	struct address *local; /* addresses we are reached at, for NS records */
	size_t local_count;
};

/* cluster.c: a cluster of these settings, which may be one that is there. NULL: noted in p. */
struct cluster *cluster_of(sodns_prepare_t *p, const struct settings *s);
/* Lets it watch, if it does not yet. */
void cluster_begin(struct cluster *c, const struct settings *s);
static inline bool cluster_synced(const struct cluster *c)
{
	return !atomic_load_explicit(&c->waited_for, memory_order_acquire);
}

/* selector.c: a label selector in the form in which it is sent; NULL: the reason is in err. The
 * caller frees it. */
char *selector_read(const char *text, char *err, size_t err_size);

/* question.c: what a name asks for. */
struct word {
	const uint8_t *at;
	uint8_t len;
};

enum kind {
	KIND_NONE /* the apex, "svc" and "pod" themselves */,
	KIND_SERVICE,
	KIND_POD,
	KIND_BAD
};

struct question {
	enum kind kind;
	const uint8_t *name, *original; /* lower case; as asked */
	size_t zone_at;                 /* where the zone begins in them */
	const uint8_t *key;             /* the service's two labels; NULL: no service in it */
	uint8_t key_len;
	struct word service, namespace, endpoint, cluster, port, protocol;
	uint8_t labels;             /* in front of the zone */
	const uint8_t *zone_labels; /* topology zone, if there is one: its first label */
	uint8_t zone_label_count;   /* 0: none is asked for */
	bool prefer, imported;
};
/* A label without the underscore that it may begin with. */
struct word question_bare(const uint8_t *label);
/* original has the same length as name and lies below zone. */
void question_read(struct question *q, const struct kubernetes *k, const uint8_t *name,
		   const uint8_t *original, const uint8_t *zone);
/* The same, as if no zone had other clusters' services. */
void question_read_plain(struct question *q, const struct kubernetes *k, const uint8_t *name,
			 const uint8_t *original, const uint8_t *zone);

/* find.c: what there is for a question. */
enum outcome {
	NAME_ERROR, /* the name does not exist */
	NOTHING,    /* it does, with nothing of what is asked for */
	FOUND
};
enum what {
	FOUND_ADDRESSES, /* the service's own */
	FOUND_ENDPOINTS,
	FOUND_ALIAS,
	FOUND_POD,    /* an address */
	FOUND_SERVERS /* this is ns.dns */
};
struct found {
	enum what what;
	const struct service *service;
	struct question q;      /* as the endpoints are to be looked at */
	struct address address; /* of a pod */
	unsigned pods;          /* that have it */
};
enum outcome find(const struct kubernetes *k, const struct question *q, struct found *f);
bool namespace_exposed(const struct kubernetes *k, const void *name, size_t len);
/* The pod that has the address, any one of several; NULL: none. */
const struct pod *pod_at(const struct kubernetes *k, const struct address *a);

/* address.c: A and AAAA. Returns what was found, with records in r. */
enum outcome answer_addresses(const struct kubernetes *k, sodns_query_t *query,
			      const struct question *q, uint16_t type,
			      sodns_reply_t *r) SODNS_MAY_WAIT;
/* service.c: SRV. */
enum outcome answer_services(const struct kubernetes *k, sodns_query_t *query,
			     const struct question *q, sodns_reply_t *r);

/* answer.c */
sodns_reply_t *kubernetes_serve(const sodns_handler_t *h, sodns_query_t *q) SODNS_MAY_WAIT;

/* endpoint.c: endpoints one by one. */
struct endpoint {
	const struct slice *slice;
	const uint8_t *rdata; /* its address, with the length in front */
	struct word label;    /* its name; a text that may have dots */
	char dashed[48];
};
struct walk {
	const struct service *service;
	const struct question *q; /* NULL: all of them */
	bool zoned;               /* of the question's topology zone only */
	bool by_address;          /* the endpoint asked for may be the one with this address: */
	struct address asked;
	uint32_t slice, index; /* the next one */
	const uint8_t *label, *zone;
};
void walk_begin(struct walk *w, const struct service *s, const struct question *q);
/* The next endpoint that fits; its label is made only if `labels`. False at the end. */
bool walk_next(struct walk *w, struct endpoint *e, bool labels);
/* Whether a port fits the question; and how many do. */
bool port_fits(const uint8_t *port, const struct question *q);
unsigned ports_fitting(const uint8_t *ports, uint16_t len, const struct question *q);
static inline const uint8_t *port_next(const uint8_t *port)
{
	return port + 4 + port[3];
}
/* "tcp", "udp", "sctp", "". */
const char *protocol_text(uint8_t protocol);

/* name.c: names and records put together. */
struct name {
	uint8_t bytes[SODNS_NAME_MAX];
	size_t len; /* more than SODNS_NAME_MAX: it is too long to be one */
};
void name_add_label(struct name *n, const void *text, size_t len);
/* Text with dots, as labels. */
void name_add_text(struct name *n, const void *text, size_t len);
void name_add_wire(struct name *n, const uint8_t *wire, size_t len);
/* "svc" and the zone: the end of all names of services. */
void name_add_zone(struct name *n, const uint8_t *zone);
bool name_good(const struct name *n);
/* A copy that lives as long as the query. */
const uint8_t *name_keep(const struct name *n, sodns_query_t *q);

#define SOA_MAX (2 * SODNS_NAME_MAX + 20)
void add_address(sodns_reply_t *r, enum sodns_section section, const uint8_t *owner,
		 const struct address *a, uint32_t ttl);
/* The SOA record of the zone, in the letter case of `zone`; `lower` is the same name. */
void add_soa(const struct kubernetes *k, sodns_reply_t *r, enum sodns_section section,
	     const uint8_t *zone, const uint8_t *lower);
/* Its RDATA; the length, 0 if the zone's name is too long to have one. */
size_t soa_make(const struct kubernetes *k, const uint8_t *zone, uint32_t serial,
		uint8_t out[SOA_MAX]);
uint32_t soa_ttl(const struct kubernetes *k);
uint32_t serial_of(const struct kubernetes *k, const uint8_t *zone);

/* reverse.c: PTR. The address of a name below in-addr.arpa or ip6.arpa; false: it is none. */
bool reverse_address(const uint8_t *name, struct address *out);
enum outcome answer_reverse(const struct kubernetes *k, sodns_query_t *query,
			    const struct question *q, sodns_reply_t *r);

/* ns.c: the names and addresses of the zone's servers: the services that this server is an endpoint
 * of, or else ns.dns at its own addresses. */
struct server {
	const uint8_t *name;
	struct address address;
};
size_t servers_of(const struct kubernetes *k, sodns_query_t *query, const uint8_t *zone,
		  const struct server **out);
/* Calls fn for every slice that has an address of this server and whose service is known; whether
 * there is a slice at all. */
bool servers_slices(const struct kubernetes *k,
		    void (*fn)(void *arg, const struct service *s, const struct slice *slice),
		    void *arg);
/* Where this server is reached. */
void servers_find_local(struct kubernetes *k, sodns_prepare_t *p);
enum outcome answer_servers(const struct kubernetes *k, sodns_query_t *query,
			    const struct question *q, sodns_reply_t *r);

/* transfer.c: the services as they are now, by their names: whatever changes while the client reads,
 * these stay. NULL: none. */
const struct service **services_now(const struct set *x, sodns_query_t *query, size_t *count);

/* transfer.c, external.c, metadata.c, autopath.c */
extern const sodns_transfer_ability_t kubernetes_transfer;
extern const kubernetes_external_ability_t kubernetes_external;
extern const sodns_metadata_ability_t kubernetes_metadata;
extern const sodns_autopath_ability_t kubernetes_autopath;

#endif
