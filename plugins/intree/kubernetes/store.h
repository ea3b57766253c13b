/*
 * What is known of a cluster, reduced to what answers need. Records are written once and never
 * changed: a change makes a new one, which takes the old one's place by one pointer store. Each is
 * one piece of memory: a head with lengths, and the parts one after the other.
 *
 * One thread writes, the service thread; queries read without locks. What was taken out is retired.
 *
 * It is no zone of sodns/zone.h: a service has half a dozen names and their reverse ones, which follow from one
 * record, and pods that are not verified are names without any record. As nodes and RRsets of
 * a zone each of them would be kept, and each change of a slice would be a transaction of many names.
 */
#ifndef KUBERNETES_STORE_H
#define KUBERNETES_STORE_H

#include <sodns/json.h>
#include <sodns/name.h>
#include <sodns/watch.h>

#include "map.h"

/* Addresses are kept as RDATA of an RRset (sodns/rr.h): two bytes of length, then the address. */
#define A4_SIZE 6u
#define A6_SIZE 18u

/* A port: two bytes number, one protocol, one length of its name, the name. */
enum protocol { PROTOCOL_NONE, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
#define PORT_NONE 0x80u /* in the protocol's byte: a service without ports has this one */

/* An external address: one byte, 4 or 16, and its RDATA; a host name: 0, and that of a CNAME. */
#define EXTERNAL_HEAD 3u

/* Ready endpoints of one EndpointSlice. */
struct slice {
	uint32_t hash; /* of namespace and id */
	uint32_t seen; /* the list that named it last; the writer's */
	uint32_t count;
	uint32_t labels_len, zones_len;
	uint16_t ports_len;
	uint8_t size;    /* of an address's RDATA: A4_SIZE or A6_SIZE */
	uint8_t key_len; /* of the service's key */
	uint8_t id_len, cluster_len;
	/* key; id: the slice's name; cluster: where it comes from (multicluster); RDATA; ports;
	 * labels: for each endpoint a length and its name, 0 for one named after its address; zones:
	 * the same with its topology zone, or nothing at all */
	uint8_t parts[];
};

enum service_flags {
	SERVICE_KNOWN = 1, /* the object itself; else only slices that name it are known */
	SERVICE_HEADLESS = 2,
	SERVICE_ALIAS = 4,      /* ExternalName */
	SERVICE_REPEATS = 8,    /* an address more than once in its slices */
	SERVICE_ODD_ALIAS = 16, /* ExternalName that is an address: never answered */
};

/* A service with its slices: what one query sees of it is of one moment. */
struct service {
	uint32_t hash; /* of its key */
	uint32_t seen;
	uint16_t slice_count;
	uint16_t a4_len, a6_len, ports_len, external_len;
	uint8_t flags, key_len, alias_len;
	/* then: key, as it stands in a name that is asked: the service's label and the namespace's;
	 * RDATA of A; of AAAA; ports; alias: a name in wire form; external: for each external
	 * address or host name its kind and its RDATA */
	const struct slice *slices[];
};

struct labels {
	uint32_t hash, refs; /* the writer's */
	uint32_t len;
	char text[]; /* "key\0value\0" for each */
};

struct pod {
	uint32_t hash; /* of namespace and name */
	uint32_t seen;
	const struct labels *labels; /* or NULL */
	uint8_t size;                /* of the address: 4 or 16 */
	uint8_t namespace_len, name_len;
	uint8_t parts[]; /* address, namespace, name */
};

struct namespace
{
	uint32_t hash, seen;
	uint8_t len;
	char name[];
};

/* Services and slices: of the cluster, and those imported from others. */
struct set {
	struct map services, slices;
	struct map by_address, by_external; /* indexes of services */
	struct map by_endpoint;             /* index of slices */
};
enum { LOCAL, IMPORTED, SETS };

/* The collections. */
enum { SERVICES, SLICES, PODS, NAMESPACES, IMPORTS, IMPORTED_SLICES, COLLECTIONS };
enum { SERIAL_INTERNAL, SERIAL_EXTERNAL, SERIAL_IMPORTED, SERIALS };

struct store {
	struct set sets[SETS];
	struct map pods, pods_by_address, namespaces;
	struct map labels; /* the writer's */
	bool pod_names;    /* endpoints without a hostname are named after their pods */
	bool zones;        /* topology zones are kept */
	_Atomic(uint32_t) serial[SERIALS];
	uint32_t list[COLLECTIONS]; /* the number of the list that is under way, or was the last */
	/* Sweeps: the next slot, and of which table. */
	uint32_t sweep_at[COLLECTIONS], sweep_made[COLLECTIONS];
};

static inline const uint8_t *service_key(const struct service *s)
{
	return (const uint8_t *)&s->slices[s->slice_count];
}

static inline const uint8_t *service_a4(const struct service *s)
{
	return service_key(s) + s->key_len;
}

static inline const uint8_t *service_a6(const struct service *s)
{
	return service_a4(s) + s->a4_len;
}

static inline const uint8_t *service_ports(const struct service *s)
{
	return service_a6(s) + s->a6_len;
}

static inline const uint8_t *service_alias(const struct service *s)
{
	return service_ports(s) + s->ports_len;
}

static inline const uint8_t *service_external(const struct service *s)
{
	return service_alias(s) + s->alias_len;
}

static inline const uint8_t *external_next(const uint8_t *external)
{
	return external + EXTERNAL_HEAD + external[2];
}

static inline const uint8_t *slice_cluster(const struct slice *s)
{
	return s->parts + s->key_len + s->id_len;
}

static inline const uint8_t *slice_rdata(const struct slice *s)
{
	return slice_cluster(s) + s->cluster_len;
}

static inline const uint8_t *slice_ports(const struct slice *s)
{
	return slice_rdata(s) + (size_t)s->count * s->size;
}

static inline const uint8_t *slice_labels(const struct slice *s)
{
	return slice_ports(s) + s->ports_len;
}

static inline const uint8_t *slice_zones(const struct slice *s)
{
	return slice_labels(s) + s->labels_len;
}

static inline const char *pod_namespace(const struct pod *p)
{
	return (const char *)p->parts + p->size;
}

static inline const char *pod_name(const struct pod *p)
{
	return pod_namespace(p) + p->namespace_len;
}

void store_init(struct store *s);
/* Frees everything in it, when it is read no more. */
void store_free(struct store *s);

/* A list of a collection begins, and ends: what it did not name goes, by and by: false when it has
 * gone. */
void store_list_begin(struct store *s, int collection);
void store_list_end(struct store *s, int collection);
bool store_sweep(struct store *s, int collection);

/* An object of a collection. Returns the seconds since what made a slice's controller change it, for
 * changes (not of lists) of slices that say so and whose service is known; else a negative value.
 * *headless: that service is. */
double store_object(struct store *s, int collection, enum sodns_watch_kind kind, sodns_json_t *j,
		    bool *headless);

/* For queries. */
bool store_has_namespace(const struct store *s, const void *name, size_t len);
/* key: two labels. */
const struct service *store_service(const struct set *s, const uint8_t *key, size_t len);
/* An address to look for: 4 or 16 bytes. */
struct address {
	uint8_t size;
	uint8_t bytes[16];
};
bool slice_has(const struct slice *s, const struct address *a);
bool service_has(const struct service *s, const struct address *a);
/* The same with its external ones. */
bool service_has_external(const struct service *s, const struct address *a);
bool pod_has(const struct pod *p, const struct address *a);
/* Text to an address, IPv4 out of IPv6 as Go does; false: it is none. */
bool address_read(const char *text, size_t len, struct address *out);
/* An address's text with dashes, as endpoints are named; returns its length. */
size_t address_dashed(const uint8_t *bytes, unsigned size, char out[48]);

#endif
