/*
 * A test plugin that is refused: by its registration, or by its own setup or prepare.
 */
#include <sodns/plugin.h>

#ifndef MAJOR
#define MAJOR SODNS_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR SODNS_ABI_MINOR
#endif
#ifndef MAGIC
#define MAGIC SODNS_MAGIC
#endif
#ifndef NAME
#define NAME "test"
#endif

#ifdef SETUP_FAILS
#define SETUP setup_fails
static int setup_fails(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_error(s, "the word '%s' is not to my taste", sodns_setup_arg(s));
}
#else
#define SETUP setup
static int setup(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_add_instance(s, NULL);
}
#endif

#ifdef PREPARE_FAILS
#define PREPARE prepare
static int prepare(void *self, sodns_prepare_t *p)
{
	(void)self;
	return sodns_prepare_error(p, "cannot reach %s", "the moon");
}
#else
#define PREPARE NULL
#endif

SODNS_EXPORT const sodns_plugin_t sodns_plugin = {
	.magic = MAGIC,
	.abi_major = MAJOR,
	.abi_minor = MINOR,
	.size = sizeof(sodns_plugin_t),
	.sdk_version = SODNS_SDK_VERSION,
	.name = NAME,
	.setup = SETUP,
	.prepare = PREPARE,
};
