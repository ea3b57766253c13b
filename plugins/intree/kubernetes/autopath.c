/*
 * The search path that a client has because it is a pod: its namespace, the services, the cluster.
 */
#include <string.h>

#include "kubernetes.h"

#define OWN 3u /* elements that a pod's search path has from the cluster */

static size_t search(void *self, sodns_query_t *q, const uint8_t **out, size_t max)
{
	const struct kubernetes *k = self;
	const sodns_address_t *peer = sodns_query_peer(q);
	struct address a = {.size = peer->family == 4 ? 4 : 16};
	struct name namespace = {0}, services = {0};
	int zone = sodns_query_match(q, k->zones, k->zone_count);
	if (zone < 0 || k->pods != PODS_VERIFIED || max < OWN)
		return 0;
	memcpy(a.bytes, peer->bytes, a.size);
	const struct pod *pod = pod_at(k, &a);
	if (!pod)
		return 0;
	name_add_label(&namespace, pod_namespace(pod), pod->namespace_len);
	name_add_zone(&namespace, k->zones[zone]);
	name_add_zone(&services, k->zones[zone]);
	if (!name_good(&namespace) || !name_good(&services))
		return 0;
	out[0] = name_keep(&namespace, q);
	out[1] = name_keep(&services, q);
	out[2] = k->zones[zone];
	return OWN;
}

const sodns_autopath_ability_t kubernetes_autopath = {
	.size = sizeof(kubernetes_autopath),
	.search = search,
};
