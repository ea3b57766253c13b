/*
 * A test plugin that wants a function that nothing has.
 */
#include <sodns/plugin.h>

int sodns_function_of_the_future(void);

static int setup(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_function_of_the_future();
}

SODNS_PLUGIN(.name = "test", .setup = setup);
