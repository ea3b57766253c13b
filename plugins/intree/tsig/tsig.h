/*
 * tsig: signed queries and answers (RFC 8945). What the folder's files share.
 */
#ifndef TSIG_TSIG_H
#define TSIG_TSIG_H

#include <sodns/plugin.h>

#include "keys.h"
#include "record.h"

enum tsig_error { TSIG_GOOD = 0, TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18 };

struct tsig {
	const uint8_t *const *zones;
	size_t zone_count;
	uint64_t types[65536 / 64]; /* that must be signed: a bit each */
	uint16_t opcodes;
	bool all_types;
	struct key_list own; /* of this block, and of the files below */
	struct key_file *files, **files_end;
	struct {
		const char *name, *secret, *algorithm, *path;
		uint16_t *wanted; /* types, or opcodes */
		size_t count;
		bool all, none;
	} written;             /* a line of the block */
	struct key_table keys; /* of all blocks that share a server with this one */
	const char *const *servers;
	size_t server_count;
	struct tsig **others; /* all instances, this one among them */
	size_t other_count;
};

/* `secrets FILE`, and where that stands in the Corefile. */
struct key_file {
	struct key_file *next;
	const char *path, *corefile;
	int line;
};

sodns_reply_t *tsig_serve(const sodns_handler_t *h, sodns_query_t *q) SODNS_MAY_WAIT;
/* SODNS_ABILITY_METADATA */
void tsig_metadata(void *self, sodns_query_t *q);

/* Signs every message of the answer to q, whose signature is s, from now on. mac NULL: the record is
 * added unsigned, for clients whose key is not known or did not fit. */
void sign_answers(sodns_query_t *q, const struct record *s, const sodns_hmac_key_t *mac,
		  enum tsig_error error);

#endif
