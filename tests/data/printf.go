// Writes printf.txt: templates with a printf each, and what Go's text/template makes of them.
//
//	go run printf.go [LINES] > printf.txt
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"text/template"
)

type data struct {
	U8   uint8
	U64  uint64
	I64  int64
	List []string
	Map  map[string]string
}

var values = []string{
	"0", "1", "-1", "5", "-42", "255", "65", "8364", "128578", "55296", "1114112", "9223372036854775807", "-9223372036854775808",
	".U8", ".U64", ".I64", "0.0", "1.0", "-1.5", "3.14159", "1e6", "123456.0", "1234567.0", "1e21", "1e-5", "0.0001", "2.5", "1e300", "5e-324", "100.0",
	"true", "false", `""`, `"a"`, `"hello"`, `"grüß €🙂"`, `"q\"\\x"`, `"tab\t\x00\x7f\xff"`, "\"back`\"", `"\u00a0\u200b\ue000"`, ".List", ".Map",
}

func pick(from ...string) string { return from[rand.Intn(len(from))] }

func random() string {
	var b strings.Builder
	n := rand.Intn(12) / 10
	for i := 0; i <= n; i++ {
		b.WriteString(pick("", "", "", "x", "é"))
		b.WriteString("%")
		for i := rand.Intn(4); i > 0; i-- {
			b.WriteString(pick("-", "+", "#", " ", "0"))
		}
		b.WriteString(pick("", "", "", "", "", "", "[1]", "[2]", "[3]", "[", "[x]", "[0]"))
		b.WriteString(pick("", "", "1", "5", "12", "30", "64", "99", "*", "200", "1000"))
		b.WriteString(pick("", "", ".", ".0", ".1", ".3", ".8", ".20", ".64", ".99", ".*", ".300", ".[1]*", "."))
		b.WriteString(pick("", "", "", "", "", "", "", "[1]", "[2]"))
		b.WriteString(pick("v", "T", "t", "b", "c", "d", "o", "O", "q", "x", "X", "U", "e", "E", "f", "F", "g", "G", "s", "z", "!", "é", "%", "", "v", "d", "s", "g", "w"))
	}
	args := ""
	for i := rand.Intn(3); i >= 0; i-- {
		args += " " + pick(values...)
	}
	return "{{ printf " + strconv.Quote(b.String()) + args + " }}"
}

// Each verb with each of its flags, widths and precisions is a matter of chance; these are not.
func chosen(add func(string)) {
	for _, verb := range "vTtbcdoOqxXUeEfFgGsz" {
		for _, flags := range []string{"", "#", "-", "0", "+", " ", "#0", "+#", "-0", " #"} {
			for _, size := range []string{"", "99", ".", "99.", ".99", "99.99", "300.64", ".0", "5.3"} {
				add(fmt.Sprintf("{{ printf %q %s }}", "%"+flags+size+string(verb), pick(values...)))
			}
		}
	}
}

func main() {
	lines := 1500
	if len(os.Args) > 1 {
		lines, _ = strconv.Atoi(os.Args[1])
	}
	rand.Seed(1)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	d := data{200, 18446744073709551615, -5, []string{"a", "b"}, map[string]string{"k": "v"}}
	seen := map[string]bool{}
	add := func(text string) {
		var b strings.Builder
		t, err := template.New("t").Parse(text)
		if err == nil {
			err = t.Execute(&b, d)
		}
		if err == nil && !seen[text] && b.Len() < 4000 {
			seen[text] = true
			fmt.Fprintf(out, "%s\t%s\n", text, strconv.Quote(b.String()))
		}
	}
	chosen(add)
	for i := 0; i < lines; i++ {
		add(random())
	}
}
