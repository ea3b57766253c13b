/*
 * tls: what the directive takes. How it serves is tls_test.py's.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("tls", "certificates by ACME are not in this release: name CERT and KEY");
	SODNS_REFUSED("tls {\n acme example.org\n}",
		      "certificates by ACME are not in this release: name CERT and KEY");
	SODNS_REFUSED("tls a", "Wrong argument count or unexpected line ending after 'a'");
	SODNS_REFUSED("tls a b c d", "Wrong argument count or unexpected line ending after 'd'");
	SODNS_REFUSED("tls a b {\n client_auth always\n}",
		      "unknown authentication type 'always' (nocert, request, require, "
		      "verify_if_given or require_and_verify)");
	SODNS_REFUSED("tls a b {\n client_auth\n}",
		      "Wrong argument count or unexpected line ending after 'client_auth'");
	SODNS_REFUSED("tls a b {\n ciphers x\n}", "unknown option 'ciphers'");
	SODNS_REFUSED("tls a b\ntls a b", "TLS already configured for this server instance");
	SODNS_REFUSED("tls /no.pem /no.key",
		      "stdin:2 - could not load TLS cert: open /no.pem: no such file or directory");
	sodns_test_file("bad.pem", "no certificate\n");
	SODNS_REFUSED("tls bad.pem bad.pem", "could not load TLS cert: bad.pem: no start line");
	return sodns_test_result();
}
