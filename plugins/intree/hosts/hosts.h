/*
 * hosts: names and addresses of a hosts file and of the Corefile, each made into a table that is
 * never changed: a file that is read again makes a new one.
 */
#ifndef HOSTS_H
#define HOSTS_H

#include <sodns/file.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>

/* RDATA of one type, as in sodns_rrset_t. */
struct set {
	uint8_t *data;
	uint32_t len, room;
	uint16_t count;
};

enum { SET_A, SET_AAAA, SET_PTR, SETS };

struct entry {
	uint64_t hash;
	struct entry *next; /* in its bucket */
	struct set sets[SETS];
	bool wild; /* for names one label below */
	uint8_t name[];
};

struct table {
	struct entry **buckets;
	uint32_t size; /* of buckets, a power of two */
	uint32_t used, wilds;
	size_t entries; /* addresses and reverse names, as the metric counts */
};

struct hosts {
	const char *path;
	const uint8_t *const *zones;
	size_t zone_count;
	sodns_fallthrough_t fallthrough;
	bool fallthrough_unsupported, no_reverse;
	uint32_t ttl;
	uint64_t reload; /* ns, 0: never */
	char *text;      /* inline entries, until they are parsed */
	size_t text_len;
	struct table *lines;  /* of the Corefile, NULL: none */
	sodns_follow_t *file; /* struct table *, NULL: nothing read yet */
	sodns_metric_t *entries, *reloaded;
};

struct table *table_new(void);
void table_free(void *table);
/* Adds RDATA to a name; wild: to "*" below it. */
void table_add(struct table *t, const uint8_t *name, bool wild, int set, const void *rdata,
	       size_t len);
/* The entry with this hash and name, or NULL. */
const struct entry *table_find(const struct table *t, uint64_t hash, const uint8_t *name,
			       bool wild);

/* Adds the entries of a text: "ADDRESS NAME...", with comments. Lines that make no sense are left out,
 * with a warning. */
void hosts_parse(const struct hosts *h, struct table *t, sodns_text_t *text);
/* IPv4 within IPv6 is IPv4; a zone index is passed over. May write into the word. */
bool hosts_read_address(char *word, sodns_address_t *a);

/* file.c */
int hosts_prepare(void *self, sodns_prepare_t *p);
void hosts_start(void *self);
void hosts_teardown(void *self);

sodns_reply_t *hosts_serve(const sodns_handler_t *handler, sodns_query_t *q);

#endif
