package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOptionsMayStandAnywhere(t *testing.T) {
	t.Parallel()
	app := newApp(strings.NewReader(""), io.Discard, io.Discard)
	for name, c := range map[string]struct{ written, read string }{
		"as documented":                   {"--data d lines show --json retail", "--data d lines show --json retail"},
		"common ones behind the command":  {"lines --data d show retail", "--data d lines show retail"},
		"common ones at the end":          {"lines show retail --data d --config=c", "--data d --config=c lines show retail"},
		"behind arguments":                {"lines show retail --json", "lines show --json retail"},
		"between arguments":               {"lines diff retail --json x.yaml", "lines diff --json retail x.yaml"},
		"in front of the command":         {"--json lines show retail", "lines show --json retail"},
		"values that look like options":   {"lines apply x --comment -y", "lines apply --comment -y x"},
		"values that look like commands":  {"lines --data show show retail", "--data show lines show retail"},
		"--version of a command":          {"lines show retail --version 3", "lines show --version 3 retail"},
		"--version of the program":        {"--version", "--version"},
		"one dash":                        {"lines show retail -json", "lines show -json retail"},
		"a lonely dash is a file":         {"lines lint - --json", "lines lint --json -"},
		"after -- nothing is an option":   {"lines lint --json -- -x --y", "lines lint --json -- -x --y"},
		"after -- no common option":       {"lines lint -- --data", "lines lint -- --data"},
		"unknown options stay":            {"lines show retail --nope", "lines show --nope retail"},
		"unknown ones without a command":  {"--dta x serve", "--dta x serve"},
		"no command, only options":        {"--data d", "--data d"},
		"a value is missing":              {"lines show retail --data", "--data lines show retail"},
		"no such command":                 {"lnies show --json", "show lnies --json"},
		"arguments named like commands":   {"lines show lines --data show", "--data show lines show lines"},
		"names of commands end with them": {"customers show import", "customers show import"},
	} {
		got := inOrder(app, append([]string{"countersign"}, strings.Fields(c.written)...))
		if name == "no such command" { // what it becomes is refused
			assert.Contains(t, got, "lnies")
			continue
		}
		assert.Equal(t, "countersign "+c.read, strings.Join(got, " "), name)
	}
}
