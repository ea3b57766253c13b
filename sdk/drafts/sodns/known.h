/*
 * "sodns.known/1": what is known of those that ask and of what answers lead to: the pod behind an
 * address with its labels, namespace, node and account; the service and the endpoints behind a name;
 * places of networks. Plugins that watch something have it, policy asks for it.
 *
 * Attributes are numbered once, at setup (sodns_prepare_attribute()): what no rule names is neither
 * watched nor kept. A value is text, counted by its length, and lives until the query ends. What is not
 * known is told apart from what is empty: a rule about the unknown is the rule's to decide.
 */
#ifndef SODNS_KNOWN_H
#define SODNS_KNOWN_H

#include <sodns/query.h>
#include <sodns/setup.h>

#define SODNS_ABILITY_KNOWN "sodns.known/1"

/* Something that is known: an entry of the source's table, until the query ends. */
typedef struct sodns_entity sodns_entity_t;

typedef struct sodns_value_text {
	const char *at; /* NULL: not known */
	size_t len;
} sodns_value_text_t;

typedef struct sodns_known_ability {
	uint32_t size;
	/* The attribute of entities that is called `name` ("pod.label/app", "namespace", "node.zone",
	 * "load"): a number of the source's own, or SODNS_ENOENT: it never will know such a thing. From now
	 * on it is watched and kept. [prepare] */
	int (*attribute)(void *self, const char *name);
	/* Those behind an address: several where pods share it (host networks). The count; 0: none.
	 * [query] */
	size_t (*by_address)(void *self, sodns_query_t *q, const sodns_address_t *a,
			     const sodns_entity_t **out, size_t room);
	/* The service of a name, and what stands behind it. [query] */
	size_t (*by_name)(void *self, sodns_query_t *q, const uint8_t *name,
			  const sodns_entity_t **out, size_t room);
	/* The endpoint that a record leads to, among those of `service`; NULL: none of them. [query] */
	const sodns_entity_t *(*by_record)(void *self, sodns_query_t *q,
					   const sodns_entity_t *service, uint16_t type,
					   const uint8_t *rdata, uint16_t len);
	sodns_value_text_t (*value)(void *self, const sodns_entity_t *e, int attribute);
	/* Whether everything that was asked for has been heard once, and since when it has not been heard
	 * of (sodns_now(); 0: it is now): what a rule may do about data that grow old. [any thread] */
	bool (*ready)(void *self, uint64_t *stale_since);
} sodns_known_ability_t;

/* What a reply may depend on beyond the question: the network that it is for, and a number that stands
 * for everything that a rule looked at. A plugin that keeps answers (cache, single flight, prefetch) keeps
 * them by it; of two that are set, both hold. Without a key that is exact, sodns_query_set_private().
 * [query] */
void sodns_query_depends(sodns_query_t *q, uint64_t key);
uint64_t sodns_query_dependence(const sodns_query_t *q);

#endif
