/*
 * k8s_external: zones in which a cluster's services have their external addresses. What there is,
 * kubernetes knows (sodns/plugins/kubernetes.h); here it becomes records.
 */
#ifndef K8S_EXTERNAL_H
#define K8S_EXTERNAL_H

#include <sodns/plugin.h>
#include <sodns/plugins/kubernetes.h>

struct zone {
	const uint8_t *name;
	const uint8_t
		*servers;  /* the name below which the zone's servers are; NULL for the root zone */
	const uint8_t *ns; /* the server's name, the apex word as it is written */
	const uint8_t *soa; /* RDATA, the serial to be filled in */
	uint16_t soa_len;
};

struct external {
	struct zone *zones;
	const uint8_t *const *names; /* of the zones */
	size_t zone_count;
	const char *apex;
	uint8_t front[SODNS_NAME_MAX]; /* "ns1" and the apex word, without the root */
	size_t front_len;
	uint32_t ttl;
	bool headless;
	sodns_fallthrough_t fallthrough;
	const kubernetes_external_ability_t *ability;
	void *provider;
};

static inline unsigned flags_of(const struct external *x)
{
	return x->headless ? KUBERNETES_EXTERNAL_ENDPOINTS : 0;
}

/* The longest SOA: two names and five numbers. */
#define SOA_MAX (2 * SODNS_NAME_MAX + 20)
/* The zone's SOA as it is now. */
void soa_make(const struct external *x, const struct zone *z, uint8_t out[SOA_MAX]);

/* targets.c: what the provider tells, kept for as long as it takes to make records of it. */
struct target {
	const uint8_t *rdata, *host; /* as in kubernetes_external_t */
	size_t name;                 /* where its name begins in `names` */
	const kubernetes_external_port_t *ports;
	uint16_t port_count;
	bool endpoint;
	uint32_t ttl;
};
struct targets {
	sodns_query_t *query;
	const uint8_t *zone; /* names end in this */
	bool named;          /* names are wanted */
	uint16_t only;       /* addresses of this type alone, and host names; 0: all */
	size_t most;         /* as many are kept */
	struct target *list;
	size_t count, room;
	uint64_t
		records; /* targets, each as often as it has ports; also those that were left out */
	uint8_t *names;
	size_t names_len, names_room;
};
/* As many as a message has room for, whatever they are. */
#define TARGETS_MAX 4200u
/* Room for more items of `size` bytes, with the used ones in it. */
void *grow(sodns_query_t *q, const void *old, size_t used, size_t room, size_t size);
/* Keeps a target; one whose name is too long to be one is left out. */
void targets_add(struct targets *t, const kubernetes_external_t *e);
static inline const uint8_t *target_name(const struct targets *t, const struct target *x)
{
	return t->names + x->name;
}
/* "A" or "AAAA": 0 for a host name. */
static inline uint16_t target_type(const struct target *x)
{
	return !x->rdata ? 0 : x->rdata[1] == 4 ? SODNS_TYPE_A : SODNS_TYPE_AAAA;
}

/* What was there before: a name, an address's RDATA and a number together; either may be NULL. */
struct seen {
	struct mark {
		const uint8_t *name, *rdata;
		uint32_t number;
	} * slot;
	uint32_t mask, used;
};
/* With room for `count` marks. */
void seen_begin(struct seen *s, sodns_query_t *query, size_t count);
bool seen_before(struct seen *s, const uint8_t *name, const uint8_t *rdata, uint32_t number);

/* RDATA of SRV; its length. */
#define SRV_MAX (6 + SODNS_NAME_MAX)
uint16_t srv_make(uint8_t out[SRV_MAX], uint16_t weight, uint16_t port, const uint8_t *target);
/* The weight that each of `records` records has, rounded as CoreDNS does. */
uint16_t weight_of(uint64_t records);

/* answer.c */
sodns_reply_t *external_serve(const sodns_handler_t *h, sodns_query_t *q) SODNS_MAY_WAIT;

/* transfer.c */
extern const sodns_transfer_ability_t external_transfer;

#endif
