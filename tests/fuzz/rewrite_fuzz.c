/*
 * Rewrite rules, as they stand in a Corefile: what is accepted works on a query and on a reply that
 * has something for each kind of rule.
 */
#include <string.h>

#include "plugin.h"

static const uint8_t name[] = "\3www\7example\3org", other[] = "\3www\3cdn\7example\3net";

static sodns_reply_t *reply(sodns_query_t *q)
{
	static const uint8_t address[4] = {192, 0, 2, 1};
	static const uint8_t srv[] = "\0\1\0\2\0\x35\3www\7example\3org";
	static const uint8_t mx[] = "\0\1\4mail\7example\3org";
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_CNAME, 60, other,
			       sizeof(other));
	sodns_reply_add_record(r, SODNS_ANSWER, other, SODNS_TYPE_A, 60, address, 4);
	sodns_reply_add_record(r, SODNS_ANSWER, name, SODNS_TYPE_SRV, 0, srv, sizeof(srv));
	sodns_reply_add_record(r, SODNS_AUTHORITY, name, SODNS_TYPE_MX, 100000, mx, sizeof(mx));
	/* RDATA that ends where a name should be. */
	sodns_reply_add_record(r, SODNS_ADDITIONAL, name, SODNS_TYPE_SRV, 0, srv, 7);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* www.example.org A, and capitals with options. */
	static const uint8_t plain[] = "\0\1\1\0\0\1\0\0\0\0\0\0\3www\7example\3org\0\0\1\0\1";
	static const uint8_t edns[] = "\0\1\1\0\0\1\0\0\0\0\0\1\3WWW\7Example\3org\0\0\x1c\0\1"
				      "\0\0\x29\x10\0\0\0\x80\0\0\x13"
				      "\0\3\0\0\xff\xee\0\3abc\0\10\0\4\0\1\0\0";
	const void *self = fuzz_setup((const char *)data, len);
	if (self) {
		fuzz_ask(self, fuzz_query(plain, sizeof(plain) - 1), reply);
		fuzz_ask(self, fuzz_query(edns, sizeof(edns) - 1), reply);
	}
	fuzz_setup_end();
	return 0;
}
