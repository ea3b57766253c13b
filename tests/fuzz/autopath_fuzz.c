/*
 * resolv.conf files, as autopath reads them: whatever the text is, the search list holds names only.
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/intree/autopath/autopath.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct search search;
	/* Of just this size, so that reading beyond it shows. */
	char *text = malloc(len ? len : 1);
	if (!text)
		return 0;
	if (len)
		memcpy(text, data, len);
	if (!resolv_read(text, len, &search))
		for (size_t i = 0; i < search.count; i++)
			if (sodns_name_length(search.name[i]) > SODNS_NAME_MAX)
				abort();
	free(text);
	return 0;
}
