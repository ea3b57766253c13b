/*
 * How long the certificates in use are good for.
 */
#include <time.h>

#include "files.h"

static int64_t not_after(const X509 *x)
{
	struct tm tm;
	return x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1 ? (int64_t)timegm(&tm)
								     : INT64_MAX;
}

int64_t tls_files_expire(const tls_files_t *f)
{
	STACK_OF(X509) *chain = NULL;
	int64_t first = not_after(SSL_CTX_get0_certificate(f->ctx));
	SSL_CTX_get0_chain_certs(f->ctx, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t t = not_after(sk_X509_value(chain, i));
		first = t < first ? t : first;
	}
	return first == INT64_MAX ? 0 : first;
}
