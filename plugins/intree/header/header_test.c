/*
 * header: bits of replies and of queries.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("header", "Wrong argument count or unexpected line ending after 'header'");
	SODNS_REFUSED("header {\n answer set aa\n}",
		      "setting up rule: invalid selector=answer should be query or response");
	SODNS_REFUSED("header {\n response set tc\n}",
		      "setting up rule: unknown/unsupported flag=tc (aa, ra or rd)");
	SODNS_REFUSED("header {\n response flip aa\n}",
		      "setting up rule: unknown flag action=flip, should be set or clear");
	SODNS_REFUSED("header {\n response set\n}",
		      "setting up rule: invalid length for flags, at least one should be provided");
	SODNS_REFUSED("header {\n response\n}", "setting up rule: no flag action provided");
	sodns_test_t *t = SODNS_TEST("header {\n response set ra AA\n response clear rd\n}");
	sodns_test_next(t, "NOERROR");
	SODNS_ANSWER(t, "x. A", "NOERROR aa ra\n");
	sodns_test_end(t);
	t = SODNS_TEST("header {\n query clear rd\n}");
	sodns_test_next(t, "NOERROR");
	SODNS_ANSWER(t, "x. A", "NOERROR\n");
	sodns_test_end(t);
	t = SODNS_TEST("header {\n query set rd\n}");
	sodns_test_next(t, "NOERROR");
	SODNS_ANSWER(t, "x. A nord", "NOERROR rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
