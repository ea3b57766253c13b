/*
 * Sets of names, as blocklists and policies have them: made once of a list, then never changed, so
 * that any number of threads may look names up at once. A set of a million names takes some 30 MB and
 * is made in less than a second; a look-up costs one hash of the name and as many looks into a table
 * as it has labels that the set could know. Lists are foreign: the hash is keyed (hash.h).
 *
 *	sodns_name_set_t *set = sodns_name_set_new();
 *	for (...)
 *		rc = sodns_name_set_add(set, name, SODNS_NAME_TREE, 0);
 *	rc = sodns_name_set_freeze(set);
 *	...
 *	if (sodns_name_set_match(set, sodns_query_name(q), NULL))
 */
#ifndef SODNS_NAME_SET_H
#define SODNS_NAME_SET_H

#include <sodns/name.h>

typedef struct sodns_name_set sodns_name_set_t;

/* What an entry stands for. */
enum sodns_name_scope {
	SODNS_NAME_ITSELF = 1, /* the name */
	SODNS_NAME_BELOW = 2,  /* all names below it, as "*.NAME" has it */
	SODNS_NAME_TREE = 3,   /* both */
};

/* An empty set, to be filled. NULL: no memory. [any thread] */
SODNS_API sodns_name_set_t *sodns_name_set_new(void);
/* Adds a name, in any letter case; it is copied. The value is the caller's: what look-ups return, a
 * number of a rule, say (small ones take less room). Of entries for the same name the one that was
 * added last counts, for each of the two that it stands for. 0; SODNS_ENOMEM: no memory, or more
 * than 4 GB of names; SODNS_EBUSY: it is frozen. One thread at a time. */
SODNS_API int sodns_name_set_add(sodns_name_set_t *s, const uint8_t *name,
				 enum sodns_name_scope scope, uint32_t value);
/* Makes it ready for look-ups: from here on it does not change. 0 or SODNS_ENOMEM. */
SODNS_API int sodns_name_set_freeze(sodns_name_set_t *s);
/* Frees it, frozen or not; sodns_retire() takes this function. NULL is allowed. */
SODNS_API void sodns_name_set_free(void *set);

/* The longest entry that stands for a name (lower case): a pointer to where it begins in the name, and
 * its value (NULL: not wanted). So an entry for the name itself comes before those above it. NULL:
 * there is none; the set is not frozen, or NULL. Waits for nothing. [any thread] */
SODNS_API const uint8_t *sodns_name_set_match(const sodns_name_set_t *s, const uint8_t *name,
					      uint32_t *value);
/* Whether there is an entry for this very name (lower case), and its value. [any thread] */
SODNS_API bool sodns_name_set_has(const sodns_name_set_t *s, const uint8_t *name, uint32_t *value);
/* How many entries count; and the bytes that it takes. Once it is frozen. [any thread] */
SODNS_API size_t sodns_name_set_count(const sodns_name_set_t *s);
SODNS_API size_t sodns_name_set_memory(const sodns_name_set_t *s);

#endif
