/*
 * Words that may have been meant by one that is not known.
 */
#ifndef CORE_HOST_NEAREST_H
#define CORE_HOST_NEAREST_H

typedef struct nearest {
	const char *word, *best; /* best: NULL while none is near enough */
	unsigned least;
} nearest_t;

/* Begins a search for what is near `word`: two letters away at most, one for short words. */
void nearest_begin(nearest_t *n, const char *word);
/* Looks at a word, which is kept as n->best if none before it was as near. */
void nearest_try(nearest_t *n, const char *known);

#endif
