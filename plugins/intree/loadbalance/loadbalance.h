/*
 * loadbalance: puts the records of replies into another order.
 */
#ifndef LOADBALANCE_H
#define LOADBALANCE_H

#include <sodns/file.h>
#include <sodns/plugin.h>
#include <sodns/random.h>

/* A section taken apart into records, each a set of its own, in groups. */
enum group { GROUP_CNAME, GROUP_REST, GROUP_ADDRESS, GROUP_MX, GROUPS };
struct records {
	sodns_rrset_t *at;
	enum group *group;
	size_t count;
};

/* Addresses of a name and their weights. */
struct weight {
	sodns_address_t address;
	uint8_t value;
};
struct weighted_name {
	uint8_t *name;
	struct weight *weights;
	size_t count;
};
struct weights {
	struct weighted_name *names; /* in canonical order */
	size_t count;
};

struct loadbalance {
	bool weighted;
	sodns_prefix_t *prefer;
	size_t prefer_count;
	const char *path;        /* of the weight file */
	uint64_t reload;         /* ns, 0: never */
	sodns_follow_t *weights; /* struct weights *; NULL: not weighted */
};

/* order.c: reorders one section. */
void order_round_robin(sodns_query_t *q, sodns_reply_t *r, enum sodns_section section);
void order_weighted(const struct weights *w, sodns_query_t *q, sodns_reply_t *r,
		    enum sodns_section section);
void order_prefer(const struct loadbalance *l, sodns_query_t *q, sodns_reply_t *r,
		  enum sodns_section section);

/* weights.c: parses a weight file; NULL: err says why. */
struct weights *weights_parse(const char *text, size_t len, const char *path, char *err,
			      size_t err_size);
void weights_free(void *weights);
/* The weight of a record: 1 if the file has none. */
uint8_t weight_of(const struct weights *w, const sodns_rrset_t *rr);
bool record_address(const sodns_rrset_t *rr, sodns_address_t *out);

/* file.c */
int loadbalance_prepare(void *self, sodns_prepare_t *p);
void loadbalance_start(void *self);
void loadbalance_teardown(void *self);

sodns_reply_t *loadbalance_serve(const sodns_handler_t *h, sodns_query_t *q);

#endif
