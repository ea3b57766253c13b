/*
 * Corefiles: parsed, and their keys read.
 */
#include "corefile/corefile.h"
#include "fuzz.h"

static bool anything(void *ctx, const char *directive, char *hint, size_t hint_size)
{
	(void)ctx;
	(void)directive;
	(void)hint;
	(void)hint_size;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char err[1024];
	corefile_t *c = corefile_parse("Corefile", (const char *)data, len, anything, NULL, err,
				       sizeof(err));
	for (size_t i = 0; c && i < c->block_count; i++)
		for (size_t k = 0; k < c->blocks[i].key_count; k++) {
			corefile_address_t a;
			if (!corefile_parse_address(c->blocks[i].keys[k].text, "53", &a, err,
						    sizeof(err)))
				corefile_address_free(&a);
		}
	corefile_free(c);
	return 0;
}
