/*
 * view: which block a query gets to, and what is refused. The language itself is tested with the
 * engine (tests/unit/expr).
 */
#include <string.h>

#include <sodns/test.h>

static void refusals(void)
{
	SODNS_REFUSED("view", "Wrong argument count or unexpected line ending after 'view'");
	SODNS_REFUSED("view a b", "Wrong argument count or unexpected line ending after 'b'");
	SODNS_REFUSED("view a\nview b", "this plugin can only be used once per Server Block");
	SODNS_REFUSED("view a {\n rule true\n}", "unknown property 'rule'");
	SODNS_REFUSED("view a {\n expr name() ==\n}", "unexpected token EOF (1:9)\n"
						      " | name() ==\n"
						      " | ........^");
	SODNS_REFUSED("view a {\n expr nosuch()  ==  1\n}", "unknown name nosuch (1:1)\n"
							    " | nosuch() == 1\n"
							    " | ^");
	SODNS_REFUSED("view a {\n expr \"type()\n  + 1\"\n}",
		      "invalid operation: + (mismatched types string and int) (2:3)\n"
		      " |   + 1\n"
		      " | ..^");
	SODNS_REFUSED("view a {\n expr\n}", "unexpected token EOF");
	SODNS_REFUSED("view a {\n expr now()\n}", "now() is not supported (1:1)\n"
						  " | now()\n"
						  " | ^");
}

/* Which of the blocks answers, by the address of an A record of x.example. */
static const char *const blocks = ".:53 {\n"
				  " view tcp {\n  expr proto() == 'tcp'\n }\n"
				  " hosts {\n  192.0.2.1 x.example\n }\n"
				  "}\n"
				  ".:53 {\n"
				  " view net {\n"
				  "  expr incidr(client_ip(), '10.0.0.0/8')\n"
				  "  expr type() in ['A', 'TXT']\n"
				  " }\n"
				  " hosts {\n  192.0.2.2 x.example\n }\n"
				  "}\n"
				  ".:53 {\n"
				  " view broken {\n  expr int(type()) > 0 or true\n }\n"
				  " hosts {\n  192.0.2.3 x.example\n }\n"
				  "}\n"
				  ".:53 {\n"
				  " view number {\n  expr 1\n }\n"
				  " hosts {\n  192.0.2.4 x.example\n }\n"
				  "}\n"
				  ".:53 {\n"
				  " view port {\n  expr int(server_port()) == 53 && do()\n }\n"
				  " hosts {\n  192.0.2.5 x.example\n }\n"
				  "}\n"
				  ".:53 {\n"
				  " view all\n"
				  " hosts {\n  192.0.2.6 x.example\n }\n"
				  "}\n"
				  ".:53 {\n"
				  " hosts {\n  192.0.2.7 x.example\n }\n"
				  "}\n";

static void choice(void)
{
	sodns_test_t *t = SODNS_TEST(blocks);
	SODNS_CONTAINS(sodns_test_ask(t, "x.example. A tcp"), "A 192.0.2.1");
	SODNS_CONTAINS(sodns_test_ask(t, "x.example. A from=10.1.2.3"), "A 192.0.2.2");
	SODNS_CONTAINS(sodns_test_ask(t, "x.example. A from=10.1.2.3 tcp"), "A 192.0.2.1");
	SODNS_CONTAINS(sodns_test_ask(t, "x.example. A from=11.1.2.3 do"), "A 192.0.2.5");
	SODNS_CONTAINS(sodns_test_ask(t, "x.example. A from=11.1.2.3"), "A 192.0.2.6");
	sodns_test_end(t);
}

/* A block whose view does not match leaves the query to a shorter zone. */
static void shorter_zone(void)
{
	sodns_test_t *t = SODNS_TEST("sub.example:53 {\n"
				     " view never {\n  expr false\n }\n"
				     " whoami\n"
				     "}\n"
				     "example:53 {\n"
				     " view x {\n  expr name() matches '^x\\\\.' \n }\n"
				     " hosts {\n  192.0.2.1 x.sub.example\n }\n"
				     "}\n");
	SODNS_CONTAINS(sodns_test_ask(t, "x.sub.example. A"), "A 192.0.2.1");
	SODNS_CONTAINS(sodns_test_ask(t, "X.sub.example. A"), "A 192.0.2.1");
	SODNS_ANSWER(t, "y.sub.example. A", "REFUSED rd\n");
	sodns_test_end(t);
}

/* The view's name in metrics and metadata; metadata in an expression. */
static void names(void)
{
	sodns_test_t *t = SODNS_TEST(".:53 {\n"
				     " metadata\n"
				     " prometheus 127.0.0.1:0\n"
				     " view named {\n"
				     "  expr metadata('view/name') == 'named'\n"
				     "  expr metadata('no/such') == ''\n"
				     " }\n"
				     " whoami\n"
				     "}\n");
	SODNS_CONTAINS(sodns_test_ask(t, "x.example. A"), "NOERROR aa rd");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_plugin_enabled{name=\"view\",server=\"dns://"
					     ":53\",view=\"named\",zone=\".\"} 1");
	SODNS_CONTAINS(sodns_test_metrics(),
		       "coredns_dns_requests_total{family=\"1\",proto=\"udp\","
		       "server=\"dns://:53\",type=\"A\",view=\"named\",");
	sodns_test_end(t);
	t = SODNS_TEST("view alone");
	SODNS_ANSWER(t, "x.example. A", "SERVFAIL rd\n");
	sodns_test_end(t);
}

#define SAYS(zone)                                                                                 \
	" template ANY ANY " zone " {\n"                                                           \
	"  answer \"x. 5 IN TXT '{{ .Meta `view/name` }}'\"\n }\n}\n"

/* Metadata of blocks that were tried and not taken are gone. */
static void left_behind(void)
{
	sodns_test_t *t = SODNS_TEST("sub.example:53 {\n metadata\n view child\n" SAYS(
		"sub.example") "example:53 {\n metadata\n view first {\n  expr do()\n "
			       "}\n" SAYS("example") "example:53 {\n metadata\n view "
						     "second {\n  expr type() == 'A'\n "
						     "}\n" SAYS("example") "example:53 {\n "
									   "metadata"
									   "\n" SAYS("examp"
										     "le"));
	SODNS_CONTAINS(sodns_test_ask(t, "a.example. TXT do"), "\"'first'\"");
	SODNS_CONTAINS(sodns_test_ask(t, "a.example. A"), "\"'second'\"");
	SODNS_CONTAINS(sodns_test_ask(t, "a.example. TXT"), "\"''\"");
	SODNS_CONTAINS(sodns_test_ask(t, "a.sub.example. TXT"), "\"'child'\"");
	/* DS is the parent's; the child's block was taken before. */
	SODNS_CONTAINS(sodns_test_ask(t, "sub.example. DS"), "\"''\"");
	SODNS_CONTAINS(sodns_test_ask(t, "sub.example. DS do"), "\"'first'\"");
	sodns_test_end(t);
}

/* A child without a parent that takes the query keeps its own. */
static void kept(void)
{
	sodns_test_t *t = SODNS_TEST("sub.example:53 {\n metadata\n view child\n" SAYS(
		"sub.example") "example:53 {\n metadata\n view parent {\n  expr do()\n "
			       "}\n" SAYS("example"));
	SODNS_CONTAINS(sodns_test_ask(t, "sub.example. DS"), "\"'child'\"");
	SODNS_CONTAINS(sodns_test_ask(t, "sub.example. DS do"), "\"'parent'\"");
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	left_behind();
	kept();
	choice();
	shorter_zone();
	names();
	return sodns_test_result();
}
