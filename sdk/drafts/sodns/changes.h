/*
 * The history of a zone: what a commit took away and what it added, for those that keep it on disk,
 * send it on (RFC 1995), sign it, or drop what they had cached of it.
 *
 * A transaction that is committed passes three steps, each by all in the order in which they joined:
 *
 *	amend	 may change the transaction itself: a signer adds RRSIG and NSEC, a serial is moved;
 *	keep	 makes the change durable; when one fails, the change has not happened: all that have kept
 *		 it are told to forget it, and sodns_txn_commit() returns the status with the reason;
 *	seen	 the new version is the current one: NOTIFY, caches. Can't fail.
 *
 * The zone's lock is not held while a client reads: a diff that is sent for hours is
 * counted (sodns_diff_keep()), and is gone when its journal says so and no reader has it.
 */
#ifndef SODNS_CHANGES_H
#define SODNS_CHANGES_H

#include <sodns/zone.h>

typedef struct sodns_diff sodns_diff_t;

/* The SOA serials on both sides. A zone's first version has no `from`. */
bool sodns_diff_serials(const sodns_diff_t *d, uint32_t *from, uint32_t *to);
/* The RRsets that went, or that came, in canonical order of their owners; the SOA first. Stops when fn
 * returns other than 0 and returns that. What a set points to lives as long as the diff. */
int sodns_diff_each(const sodns_diff_t *d, bool came,
		    int (*fn)(void *arg, const sodns_rrset_t *set), void *arg);
/* The owners that it touches, each once: what a cache has to forget. */
int sodns_diff_names(const sodns_diff_t *d, int (*fn)(void *arg, const uint8_t *name), void *arg);
const sodns_diff_t *sodns_diff_keep(const sodns_diff_t *d);
void sodns_diff_release(const sodns_diff_t *d);

/* The diffs that lead from the serial to the current version, oldest first; as few as are kept. The
 * count, or SODNS_ENOENT: the history does not reach back so far. Each is kept for the caller. */
int sodns_zone_since(const sodns_zone_t *z, uint32_t serial, const sodns_diff_t **out, size_t room);

typedef struct sodns_zone_watcher {
	uint32_t size;
	void *arg;
	/* Under the zone's lock, in the thread that commits; may block, never in a query. */
	int (*amend)(void *arg, sodns_txn_t *t, const sodns_diff_t *so_far, char *err,
		     size_t err_size);
	int (*keep)(void *arg, const sodns_diff_t *d, char *err, size_t err_size);
	void (*forget)(void *arg, const sodns_diff_t *d);
	void (*seen)(void *arg, const sodns_diff_t *d);
	const void *reserved[2];
} sodns_zone_watcher_t;

/* Joins; the struct lives until it has left. When sodns_zone_leave() returns, no call of it runs. */
int sodns_zone_join(sodns_zone_t *z, const sodns_zone_watcher_t *w);
void sodns_zone_leave(sodns_zone_t *z, const sodns_zone_watcher_t *w);

#endif
