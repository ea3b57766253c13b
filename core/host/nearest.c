/*
 * The distance between words.
 */
#include "host/nearest.h"

#include <string.h>

/* Letters to insert, remove or replace to get from a to b. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64], n = (unsigned)strlen(b);
	if (n > 62 || strlen(a) > 62)
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned replace = diagonal + (*a != b[j - 1]);
			diagonal = row[j];
			unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			row[j] = least < replace ? least : replace;
		}
	}
	return row[n];
}

void nearest_begin(nearest_t *n, const char *word)
{
	*n = (nearest_t){.word = word, .least = strlen(word) > 4 ? 3 : 2};
}

void nearest_try(nearest_t *n, const char *known)
{
	unsigned d = distance(n->word, known);
	if (d >= n->least)
		return;
	n->least = d;
	n->best = known;
}
