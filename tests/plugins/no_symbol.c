/*
 * A shared object that is no plugin.
 */
#include <sodns/abi.h>

SODNS_EXPORT int something_else(void);

int something_else(void)
{
	return 1;
}
