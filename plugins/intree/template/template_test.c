#include <stdio.h>
#include <string.h>

#include <sodns/test.h>

/* What a template writes into a TXT record. */
static bool gives(int line, const char *template, const char *expected)
{
	char corefile[2048], answer[1024];
	snprintf(corefile, sizeof(corefile),
		 "template IN TXT t. {\n"
		 " match ^(?P<a>[a-z]+)-(?P<n>[0-9]+)[.](?P<opt>x)?\n"
		 " var num int(group('n'))\n var list [1, 2.5, 'x']\n var empty nil\n"
		 " answer \"w. 1 IN TXT \\\"%s\\\"\"\n}",
		 template);
	sodns_test_t *t = SODNS_TEST(corefile);
	snprintf(answer, sizeof(answer), "NOERROR aa rd\nw. 1 IN TXT \"%s\"\n", expected);
	bool good = sodns_test_answer(__FILE__, line, t, "foo-42.t. TXT", answer);
	sodns_test_end(t);
	return good;
}
#define GIVES(template, expected) gives(__LINE__, (template), (expected))

/* A template that can't be executed: SERVFAIL. */
static void breaks(int line, const char *template)
{
	char corefile[1024];
	snprintf(corefile, sizeof(corefile), "template IN TXT {\n answer \"w. 1 IN TXT %s\"\n}",
		 template);
	sodns_test_t *t = SODNS_TEST(corefile);
	sodns_test_answer(__FILE__, line, t, "foo-42.t. TXT", "SERVFAIL rd\n");
	sodns_test_end(t);
}
#define BREAKS(template) breaks(__LINE__, (template))

static void test_data(void)
{
	GIVES("{{ .Name }} {{ .Zone }} {{ .Class }} {{ .Type }}", "foo-42.t. t. IN TXT");
	GIVES("{{ .Match }}{{ .Group }}",
	      "[foo-42. foo 42 ]map[0:foo-42. 1:foo 2:42 3: a:foo n:42 opt:]");
	GIVES("{{ .Group.none }}|{{ .Group.opt }}|{{ index .Group `none` }}", "<no value>||");
	GIVES("{{ .Var.num }} {{ .Var.list }} {{ .Var.empty }} {{ index .Var.list 1 }}",
	      "42 [1 2.5 x] <no value> 2.5");
	GIVES("{{ .Question.Qtype }} {{ (index .Message.Question 0).Name }} {{ .Message.Question "
	      "}}",
	      "16 foo-42.t. [{foo-42.t. 16 1}]");
	GIVES("{{ .Message.IsEdns0 }} {{ .Message.RecursionDesired }} {{ .Message.Len }}",
	      "<nil> true 26");
	GIVES("{{ .Meta `x` }}", "");
}

static void test_control(void)
{
	GIVES("{{ if .Group.opt }}a{{ else if .Group.a }}b{{ else }}c{{ end }}", "b");
	GIVES("{{ range $i, $e := .Match }}{{ $i }}={{ $e }},{{ end }}",
	      "0=foo-42.,1=foo,2=42,3=,");
	GIVES("{{ range $k, $v := .Group }}{{ if eq $k `a` }}{{ break }}{{ end }}{{ $k }}{{ end }}",
	      "0123");
	GIVES("{{ range 4 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "023");
	GIVES("{{ range 0 }}x{{ else }}none{{ end }}", "none");
	GIVES("{{ with $x := .Group.a }}{{ $x }}{{ . }}{{ $.Zone }}{{ end }}", "foofoot.");
	GIVES("{{ with 0 }}x{{ else with 7 }}{{ . }}{{ end }}", "7");
	GIVES("{{ define `T` }}<{{ . }}>{{ end }}{{ template `T` .Type }}", "<TXT>");
	GIVES("{{ block `B` .Type }}<{{ . }}>{{ end }}{{ template `B` 5 }}", "<TXT><5>");
	GIVES("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2");
	GIVES("a {{- /* nothing */ -}} b {{- `c` -}} d", "abcd");
}

static void test_functions(void)
{
	GIVES("{{ and 1 0 2 }} {{ or 0 `` `x` }} {{ not 1 }}", "0 x false");
	GIVES("{{ eq 1 2 3 1 }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt `b` `a` }} {{ ge 1 2 "
	      "}}",
	      "true true true true true false");
	GIVES("{{ slice .Name 1 3 }} {{ slice .Match 1 3 }} {{ len .Name }} {{ index `abc` 1 }}",
	      "oo [foo 42] 9 98");
	GIVES("{{ printf `%05d|%-4s|%x|%s|%v|%6.2f|%T` 42 `ab` 255 `c` true 3.14159 .Question }}",
	      "00042|ab  |ff|c|true|  3.14|*dns.Question");
	GIVES("{{ printf `%d` `x` }} {{ printf `%d` }} {{ printf `x` 1 }} {{ printf `%[2]d %[1]d` "
	      "1 2 }}",
	      "%!d(string=x) %!d(MISSING) x%!(EXTRA int=1) 2 1");
	GIVES("{{ print 1 2 `a` `b` 3 }} {{ 1e20 }} {{ 0.00001 }} {{ 2.50 }} {{ 017 }} {{ 0x10 }} "
	      "{{ 'a' }}",
	      "1 2ab3 1e+20 1e-05 2.5 15 16 97");
	GIVES("{{ html `<a&>` }} {{ urlquery `a b&` }}", "&lt;a&amp;&gt; a+b%26");
	GIVES("{{ `abc` | len | printf `%03d` }} {{ parseInt `ff` 16 8 }}", "003 255");
}

static void test_failures(void)
{
	BREAKS("{{ .Foo }}");
	BREAKS("{{ .Name.Foo }}");
	BREAKS("{{ index .Match 7 }}");
	BREAKS("{{ slice .Name 3 1 }}");
	BREAKS("{{ parseInt `300` 10 8 }}");
	BREAKS("{{ parseInt `zz` 10 8 }}");
	BREAKS("{{ lt 1 2.0 }}");
	BREAKS("{{ .Meta }}");
	BREAKS("{{ nil }}");
	/* bounded: recursion, steps, output */
	BREAKS("{{ template `answer` . }}");
	BREAKS("{{ range 1000000 }}{{ end }}");
	BREAKS("{{ range 10000 }}{{ $.Name }}{{ end }}");
	BREAKS("{{ printf `%999d` (printf `%999d` 1) }}\\n(");
}

static void test_refusals(void)
{
	static const char *const bad[][2] = {
		{"{{ .Name", "template: answer:1: unclosed action"},
		{"{{ foo }}", "template: answer:1: function \"foo\" not defined"},
		{"{{ $x }}", "template: answer:1: undefined variable \"$x\""},
		{"{{ if }}", "template: answer:1: missing value for if"},
		{"{{ if true }}", "template: answer:1: unexpected EOF"},
		{"{{ end }}", "template: answer:1: unexpected {{end}}"},
		{"{{ break }}", "template: answer:1: {{break}} outside {{range}}"},
		{"{{ 1x }}", "template: answer:1: bad number syntax: \"1x\""},
		{"{{ `a }}", "template: answer:1: unterminated raw quoted string"},
		{"{{ 1 | 2 }}", "template: answer:1: non executable command in pipeline stage 2"},
		{"{{ (1 }}", "template: answer:1: unclosed left paren"},
		{"{{ 1) }}", "template: answer:1: unexpected right paren"},
		{"{{/* a }}", "template: answer:1: unclosed comment"},
		{"{{ }}", "template: answer:1: missing value for command"},
		{"{{ 1.Foo }}", "template: answer:1: bad number syntax: \"1.F\""},
		{"{{ @ }}", "template: answer:1: unexpected \"@\" in command"},
	};
	char corefile[512], message[512];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(corefile, sizeof(corefile), "template IN A {\n answer \"%s\"\n}",
			 bad[i][0]);
		snprintf(message, sizeof(message), "could not compile template: %s, %s", bad[i][0],
			 bad[i][1]);
		SODNS_REFUSED(corefile, message);
	}
	SODNS_REFUSED("template",
		      "Wrong argument count or unexpected line ending after 'template'");
	SODNS_REFUSED("template XX A", "invalid query class XX");
	SODNS_REFUSED("template IN xx", "invalid RR class xx");
	SODNS_REFUSED("template IN A {\n rcode WRONG\n}", "unknown rcode WRONG");
	SODNS_REFUSED("template IN A {\n var len 5\n}", "variable name \"len\" is reserved");
	SODNS_REFUSED("template IN A {\n var 1x 5\n}", "invalid variable name \"1x\"");
	SODNS_REFUSED("template IN A {\n match\n}",
		      "Wrong argument count or unexpected line ending after 'match'");
	SODNS_REFUSED("template IN A {\n ederror x\n}",
		      "error parsing extended DNS error code x, strconv.ParseUint: parsing \"x\": "
		      "invalid syntax");
}

static void test_records(void)
{
	sodns_test_t *t = SODNS_TEST(
		"template IN A a. {\n answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n"
		" additional \"fixed. 5 TXT x\"\n authority \"a. NS Ns.A.\"\n}\n");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "X.a. A",
		     "NOERROR aa rd\nx.a. 60 IN A 192.0.2.1\n;authority\na. 3600 IN NS Ns.A.\n"
		     ";additional\nfixed. 5 IN TXT \"x\"\n");
	SODNS_ANSWER(t, "x.b. A", "NXDOMAIN rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("template IN A a. {\n answer \"{{ if false }}x{{ end }}\"\n}\n"
		       "template IN A b. {\n answer \"x 60 IN A 01.2.3.4\"\n}\n"
		       "template IN A c. {\n rcode SERVFAIL\n}");
	SODNS_ANSWER(t, "a. A", "SERVFAIL rd\n");
	SODNS_ANSWER(t, "b. A", "SERVFAIL rd\n");
	SODNS_ANSWER(t, "c. A", "SERVFAIL rd\n");
	sodns_test_end(t);
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_template_rr_failures_total{");
	SODNS_CONTAINS(sodns_test_metrics(), "template=\"x 60 IN A 01.2.3.4\"");
	SODNS_CONTAINS(sodns_test_metrics(), "template=\"{{if false}}x{{end}}\"");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_template_template_failures_total{");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_template_matches_total{");
}

static void test_conditions(void)
{
	sodns_test_t *t = SODNS_TEST(
		"template IN A {\n match ^(?P<n>[0-9]+)[.]\n var x int(group('n'))\n"
		" var y x * 2\n expr y < 10\n"
		" answer \"w. 1 IN A 192.0.2.{{ .Var.y }}\"\n fallthrough\n}\n"
		"template ANY ANY {\n rcode REFUSED\n ederror 15 no\n}");
	SODNS_ANSWER(t, "4. A", "NOERROR aa rd\nw. 1 IN A 192.0.2.8\n");
	SODNS_ANSWER(t, "5. A edns", "REFUSED aa rd\n;edns 4096 15:000f6e6f\n");
	SODNS_ANSWER(t, "x. A do", "REFUSED aa rd\n;edns 4096 do 15:000f6e6f\n");
	SODNS_ANSWER(t, "x. A", "REFUSED aa rd\n");
	/* what can't be evaluated does not fall through */
	SODNS_ANSWER(t, "99999999999999999999. A", "SERVFAIL rd\n");
	sodns_test_end(t);
}

int main(void)
{
	test_data();
	test_control();
	test_functions();
	test_failures();
	test_refusals();
	test_records();
	test_conditions();
	return sodns_test_result();
}
