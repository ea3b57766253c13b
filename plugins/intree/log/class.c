/*
 * Classes of replies: success, denial, error.
 */
#include <string.h>

#include "log.h"

static size_t count_of(sodns_reply_t *r, enum sodns_section section, uint16_t type)
{
	size_t count, n = 0;
	const sodns_rrset_t *sets = sodns_reply_sets(r, section, &count);
	for (size_t i = 0; i < count; i++)
		n += !type || sets[i].type == type;
	return n;
}

static const char *as(enum class c, const char *type, enum class *out)
{
	*out = c;
	return type;
}

const char *class_type(const sodns_query_t *q, sodns_reply_t *r, enum class *class_of)
{
	int rcode = sodns_reply_rcode(r);
	uint16_t type = sodns_query_type(q);
	if (sodns_reply_kind(r) == SODNS_DROP)
		return as(CLASS_ERROR, "OTHERERROR", class_of);
	if (sodns_query_opcode(q) == SODNS_OPCODE_NOTIFY || type == SODNS_TYPE_AXFR ||
	    type == SODNS_TYPE_IXFR)
		return as(CLASS_ERROR, "META", class_of);
	bool answers = count_of(r, SODNS_ANSWER, 0);
	if (answers && rcode == SODNS_NOERROR)
		return as(CLASS_SUCCESS, "NOERROR", class_of);
	if (answers && rcode == SODNS_NXDOMAIN)
		return as(CLASS_ERROR, "OTHERERROR", class_of);
	if (rcode == SODNS_NOERROR && count_of(r, SODNS_AUTHORITY, SODNS_TYPE_SOA))
		return as(CLASS_DENIAL, "NODATA", class_of);
	if (rcode == SODNS_NXDOMAIN)
		return as(CLASS_DENIAL, "NXDOMAIN", class_of);
	if (rcode == SODNS_SERVFAIL || rcode == SODNS_NOTIMP)
		return as(CLASS_ERROR, "SERVERERROR", class_of);
	if (rcode == SODNS_NOERROR)
		return as(CLASS_SUCCESS,
			  count_of(r, SODNS_AUTHORITY, SODNS_TYPE_NS) ? "DELEGATION" : "NOERROR",
			  class_of);
	return as(CLASS_ERROR, "OTHERERROR", class_of);
}

const char *class_text(enum class c)
{
	return c == CLASS_SUCCESS  ? "success"
	       : c == CLASS_DENIAL ? "denial"
	       : c == CLASS_ERROR  ? "error"
				   : "all";
}

enum class class_from_text(const char *text) {
	for (enum class c = CLASS_ALL; c <= CLASS_ERROR;
	     c = (enum class)(c << 1)) if (!strcmp(text, class_text(c))) return c;
	return 0;
}
