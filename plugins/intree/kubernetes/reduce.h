/*
 * Objects of the API, read into the parts that records are made of (store.h). What is missing, too
 * long or of another kind than it should be is left out: the API server checks objects, and what it
 * lets pass must do no harm here.
 */
#ifndef KUBERNETES_REDUCE_H
#define KUBERNETES_REDUCE_H

#include "store.h"

#define LABEL_MAX 63u

/* Bytes that grow; kept from object to object. */
struct bytes {
	uint8_t *at;
	size_t len, room;
};

void bytes_add(struct bytes *b, const void *bytes, size_t len);

/* What all objects have. Names are texts, "" for none, labels of at most 253 characters. */
struct meta {
	char name[256], namespace[64];
	char service[64], import[64], cluster[64]; /* labels of slices */
	struct bytes labels;                       /* all of them, as in struct labels; if wanted */
	char trigger[40]; /* annotation: the time of the change that a slice is made for */
	bool ends;        /* it is being deleted */
};

struct object {
	struct meta meta;
	struct bytes a4, a6, ports, external;
	struct bytes rdata, names, zones;
	uint8_t alias[SODNS_NAME_MAX];
	uint8_t alias_len;
	uint8_t flags; /* service_flags */
	uint8_t size;  /* of RDATA of a slice's addresses; 0: none that are known here */
	uint32_t count;
	bool named, zoned;
	struct address pod;
};

/* Reads an object of a collection into o, whose buffers are used again. False: it is no such object,
 * or has no name. Only the metadata if `gone`. */
bool reduce(struct object *o, const struct store *s, int collection, bool gone, sodns_json_t *j);
void object_free(struct object *o);

/* The two labels of a service's name in a query; its length, or 0 for what can't be one. */
size_t key_make(uint8_t out[2 * (LABEL_MAX + 1)], const char *service, const char *namespace);

#endif
