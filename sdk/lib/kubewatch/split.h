/*
 * Cuts what an API server sends into single objects while it arrives: the items of a list, or the
 * events of a watch. Only one object is ever kept, and of a list what stands around its items.
 */
#ifndef SODNS_LIB_KUBEWATCH_SPLIT_H
#define SODNS_LIB_KUBEWATCH_SPLIT_H

#include <sodns/json.h>

#define SPLIT_OBJECT_MAX (16u << 20)
#define SPLIT_REST_MAX (64u << 10)

enum split_kind {
	SPLIT_EVENTS, /* one object after the other */
	SPLIT_LIST    /* one object, with the list as its member "items" */
};

struct split_bytes {
	char *at;
	size_t len, room;
};

typedef struct split {
	enum split_kind kind;
	/* An object is whole. False: stop, the rest is of no use. */
	bool (*object)(void *arg, const char *json, size_t len);
	void *arg;
	struct split_bytes rest; /* of a list: the document, its items left out */
	struct split_bytes object_bytes;
	sodns_json_scan_t scan; /* of the whole document */
	unsigned base;          /* depth at which objects begin */
	bool in_object, in_items;
} split_t;

void split_begin(split_t *s, enum split_kind kind,
		 bool (*object)(void *arg, const char *json, size_t len), void *arg);
/* The next bytes. False: this is not what it should be, is too big, or object() said so. */
bool split_feed(split_t *s, const char *bytes, size_t len);
/* Whether the text could end here: between events, or behind the list. */
bool split_complete(const split_t *s);
void split_free(split_t *s);

#endif
