/*
 * Libraries for <sodns/library.h>: what LIBRARY, ID, VERSION and SIZE say. None: without LIBRARY.
 */
#include <sodns/library.h>

typedef struct sample_table {
	sodns_library_head_t head;
	unsigned (*opened)(void);
} sample_table_t;

static unsigned count;

__attribute__((constructor)) static void note(void)
{
	count++;
}

SODNS_EXPORT extern unsigned sample_opened(void);
unsigned sample_opened(void)
{
	return count;
}

#ifdef LIBRARY
#define TABLE(name) SODNS_LIBRARY(name, sample_table_t) /* LIBRARY is what it says, not its name */
TABLE(LIBRARY) = {.head = {.id = ID, .version = VERSION, .size = SIZE}, .opened = sample_opened};
#endif
