package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/lines"
	"countersign/session/event"
)

// linesNATS is a NATS for lines, and a folder for files.
type linesNATS struct {
	t        *testing.T
	endpoint bus.Endpoint
	url, dir string
}

func startLinesNATS(t *testing.T) *linesNATS {
	t.Helper()
	e, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	return &linesNATS{t: t, endpoint: e.Endpoint(), url: e.URL(), dir: t.TempDir()}
}

// run runs "lines <verb> --nats URL <args>".
func (n *linesNATS) run(stdin, verb string, args ...string) (code int, stdout, stderr string) {
	n.t.Helper()
	all := append([]string{"--data", filepath.Join(n.dir, "data"), "lines", verb, "--nats", n.url}, args...)
	return countersign(n.t, stdin, all...)
}

// must runs it and wants it to succeed.
func (n *linesNATS) must(verb string, args ...string) (stdout string) {
	n.t.Helper()
	code, stdout, stderr := n.run("", verb, args...)
	require.Equal(n.t, exitDone, code, stderr)
	return stdout
}

func (n *linesNATS) file(name, text string) string {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	require.NoError(n.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func retail(number, questions string) string {
	return "format: 1\nline: retail\nnumbers: [\"" + number +
		"\"]\nidentify: [ani: {}, number: {name: account, digits: 8}]\nverify: {questions: [" + questions +
		"]}\nroutes: {verified: menu XML default, identified: agents XML default}\n"
}

func TestALineIsAppliedChangedAndRolledBack(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	assert.Contains(t, n.must("show"), "line: default", "the built-in line, as long as there is no other")

	file := n.file("retail.yaml", retail("5000", "pin: {digits: 6}, birth_date: {}"))
	assert.Equal(t, "retail: version 1, in force with the next call\n  new line\n",
		n.must("apply", "--author", "anna", "--comment", "we open", file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(text), n.must("show", "retail"), "to the letter")
	assert.Equal(t, "retail: nothing changes, version 1 stays\n", n.must("apply", file))

	n.file("retail.yaml", retail("5000", "birth_date: {}, pin: {digits: 6}"))
	order := "verify.questions: order pin, birth_date → birth_date, pin"
	assert.Equal(t, order+"\n", n.must("diff", "retail", file))
	assert.Equal(t, "retail: not changed, version 1 stays\n  "+order+"\n", n.must("apply", "--dry-run", file))
	assert.Equal(t, "retail: version 1 → 2, in force with the next call\n  "+order+"\n",
		n.must("apply", "--author", "ben", file))
	assert.Equal(t, order+"\n", n.must("diff", "--from", "1", "--to", "2", "retail"))
	assert.Equal(t, order+"\n", n.must("diff", "retail", "1"), "with the version in force")
	assert.Equal(t, order+"\n", n.must("diff", "retail", "1", "2"))
	assert.Equal(t, string(text), n.must("show", "--version", "1", "retail"))
	assert.Equal(t, string(text), n.must("show", "retail", "1"))

	assert.Contains(t, n.must("rollback", "--author", "carl", "retail", "1"), "retail: version 2 → 3")
	assert.Equal(t, string(text), n.must("show", "retail"))
	history := n.must("history", "retail")
	assert.Regexp(t, `(?s)version 3 .* carl  rolled back to 1\n.*order birth_date, pin.*version 2 .* ben\n`+
		`.*version 1 .* anna  we open\n  new line\n$`, history)
	assert.Equal(t, n.must("show"), n.must("list"))
	list := strings.Fields(n.must("list"))
	assert.Equal(t, []string{"LINE", "VERSION", "NUMBERS", "CHANGED", "BY", "retail", "3", "5000"}, list[:8])

	assert.Contains(t, n.must("remove", "retail"), "rollback retail 3 brings it back")
	code, _, stderr := n.run("", "show", "retail")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, `there is no line "retail"`)
	assert.Contains(t, n.must("rollback", "retail", "3"), "retail: version 5, in force")
	code, _, stderr = n.run("", "show", "--version", "4", "retail")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "version 4 of line retail is its removal")
}

func TestAChangeIsAnEventWithWhoAndWhat(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	n.must("apply", "--author", "anna", "--comment", "why", n.file("retail.yaml", retail("5000", "pin: {digits: 6}")))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got event.Event
	_ = bus.Watch(ctx, n.endpoint, bus.WatchOptions{
		Subjects: []string{event.Subjects}, Since: time.Now().Add(-time.Hour), Log: slog.New(slog.DiscardHandler),
	},
		func(e event.Event) { got = e; cancel() })
	assert.Equal(t, event.ConfigChanged{Author: "anna", Comment: "why", Summary: []string{"new line"}}, got.Data)
	assert.Equal(t, "retail", got.Line)
	assert.Equal(t, 1, got.LineVersion)
}

func TestABadFileChangesNothing(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	good, bad := n.file("good.yaml",
		strings.Replace(retail("5000", "pin: {digits: 6}"), "retail", "good", 1)), n.file("bad.yaml",
		retail("5001", "pin: {digits: 3}, pinn: {}"))
	code, stdout, stderr := n.run("", "apply", good, bad)
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "bad.yaml:5:36: verify.questions[0].pin.digits: 3 is out of bounds")
	assert.Contains(t, stderr, "bad.yaml:5:40: verify.questions[1].pinn: unknown key; did you mean pin?")
	assert.Contains(t, stderr, "countersign: 2 problems found; nothing was changed")
	assert.Contains(t, n.must("show"), "line: default", "the good one is not in force either")
}

func TestANumberThatALineInForceHasIsRefused(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	n.must("apply", n.file("retail.yaml", retail("5000", "pin: {digits: 6}")))
	other := n.file("other.yaml", strings.Replace(retail("5000", "pin: {digits: 6}"), "retail", "other", 1))
	code, _, stderr := n.run("", "apply", other)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "other.yaml:3:11: numbers[0]: 5000 is a number of the line retail already")
	// A number may move when both lines are given at once.
	n.must("apply", n.file("retail.yaml", retail("5009", "pin: {digits: 6}")), other)
	// And then the first cannot go back to it.
	code, _, stderr = n.run("", "rollback", "retail", "1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "5000 is")
	assert.Contains(t, stderr, "nothing was changed")
}

func TestAChangeOfAnOldVersionIsRefused(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	n.must("apply", "--if-version", "0", n.file("retail.yaml", retail("5000", "pin: {digits: 6}")))
	n.must("apply", "--if-version", "1", n.file("retail.yaml", retail("5000", "pin: {digits: 8}")))
	for _, args := range [][]string{
		{"apply", "--if-version", "1", n.file("again.yaml", retail("5000", "pin: {digits: 7}"))},
		{"remove", "--if-version", "1", "retail"}, {"rollback", "--if-version", "1", "retail", "1"},
	} {
		code, _, stderr := n.run("", args[0], args[1:]...)
		assert.Equal(t, exitFailed, code, args)
		oneSentence(t, stderr, "line retail", "version 2", "version 1")
	}
	assert.Contains(t, n.must("show", "retail"), "digits: 8")
}

func TestLinesForPrograms(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	var applied []struct {
		Line     string
		From, To int
		Changes  []string
		Warnings []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(n.must("apply", "--json",
		n.file("retail.yaml", retail("5000", "pin: {digits: 4}")))), &applied))
	require.Len(t, applied, 1)
	assert.Equal(t, "retail", applied[0].Line)
	assert.Equal(t, []int{0, 1}, []int{applied[0].From, applied[0].To})
	assert.Len(t, applied[0].Warnings, 1)
	var shown struct {
		Line, YAML, Author string
		Version            int
	}
	require.NoError(t, json.Unmarshal([]byte(n.must("show", "--json", "retail")), &shown))
	assert.Equal(t, 1, shown.Version)
	assert.Contains(t, shown.YAML, "line: retail")
	assert.Contains(t, shown.Author, "@", "who the machine says")
	require.NoError(t, json.Unmarshal([]byte(n.must("show", "--json")), &shown))
	assert.Equal(t, "retail", shown.Line)
	require.NoError(t, json.Unmarshal([]byte(n.must("history", "--json", "retail")), &shown))
	var diff struct{ Changes []string }
	require.NoError(t, json.Unmarshal([]byte(n.must("diff", "--json", "retail",
		n.file("retail.yaml", retail("5000", "pin: {digits: 4}")))), &diff))
	assert.Equal(t, []string{}, diff.Changes)
	var removed struct{ From, To int }
	require.NoError(t, json.Unmarshal([]byte(n.must("remove", "--json", "retail")), &removed))
	assert.Equal(t, []int{1, 2}, []int{removed.From, removed.To})
}

func TestLintNeedsNoNATS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	require.NoError(t, os.WriteFile(good, []byte(retail("5000", "pin: {digits: 4}")), 0o600))
	require.NoError(t, os.WriteFile(bad, []byte("format: 1\n"), 0o600))
	lint := func(stdin string, args ...string) (int, string, string) {
		return countersign(t, stdin, append([]string{"--data", filepath.Join(dir, "data"), "lines", "lint"}, args...)...)
	}
	code, stdout, stderr := lint("", good)
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "note: "+good+":5:36: verify.questions[0].pin.digits: a PIN of 4 digits")
	assert.Contains(t, stdout, "no problems in line retail")
	assert.NoDirExists(t, filepath.Join(dir, "data"), "nothing is made")

	code, stdout, stderr = lint("", good, bad)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, bad+":1:1: line: is missing\n")
	oneSentence(t, stderr, "3 problems found")

	code, stdout, _ = lint(retail("5000", "pin: {digits: 6}"), "--json", "-")
	assert.Equal(t, exitDone, code)
	assert.JSONEq(t, `{"ok": true, "problems": [], "warnings": []}`, stdout)
	code, stdout, _ = lint("", "--json", bad)
	assert.Equal(t, exitFailed, code)
	var out linted
	require.NoError(t, json.Unmarshal([]byte(stdout), &out))
	assert.False(t, out.OK)
	assert.Len(t, out.Problems, 3)
	assert.Equal(t, lines.Problem{File: bad, Line: 1, Column: 1, Path: "line", Text: "is missing"}, out.Problems[0])

	code, _, stderr = lint("", good, good)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "problem")
}

// editor makes a script that stands in for an editor.
func (n *linesNATS) editor(script string) {
	n.t.Helper()
	path := filepath.Join(n.dir, "editor.sh")
	require.NoError(n.t, os.WriteFile(path, []byte("#!/bin/sh\nset -e\n"+script), 0o700))
	n.t.Setenv("VISUAL", "")
	n.t.Setenv("EDITOR", path+" --wait") // $1 is its own argument, $2 the file
	n.t.Setenv("TMPDIR", filepath.Join(n.dir, "tmp"))
	require.NoError(n.t, os.MkdirAll(filepath.Join(n.dir, "tmp"), 0o700))
}

// drafts are the copies that were left behind.
func (n *linesNATS) drafts() []string {
	n.t.Helper()
	found, err := filepath.Glob(filepath.Join(n.dir, "tmp", "countersign-*", "*"))
	require.NoError(n.t, err)
	return found
}

func TestALineIsEdited(t *testing.T) {
	n := startLinesNATS(t)
	n.must("apply", n.file("retail.yaml", retail("5000", "pin: {digits: 6}")))
	n.editor("sed -i 's/digits: 6/digits: 8/' \"$2\"\n")
	assert.Equal(t, "retail: version 1 → 2, in force with the next call\n  verify.questions[0].pin.digits: 6 → 8\n",
		n.must("edit", "--author", "anna", "retail"))
	assert.Contains(t, n.must("show", "retail"), "digits: 8")
	assert.Equal(t, "retail: nothing was changed\n", n.must("edit", "retail"))
	assert.Empty(t, n.drafts())
}

func TestANewLineBeginsAsTheBuiltInOne(t *testing.T) {
	n := startLinesNATS(t)
	n.editor("grep -q '^line: shop$' \"$2\"\nsed -i 's/numbers: \\[\\]/numbers: [\"5100\"]/' \"$2\"\n")
	assert.Contains(t, n.must("edit", "shop"), "shop: version 1, in force with the next call")
	assert.Contains(t, n.must("show", "shop"), `numbers: ["5100"]`)
}

func TestAMistakeInTheEditorCanBeMended(t *testing.T) {
	n := startLinesNATS(t)
	n.must("apply", n.file("retail.yaml", retail("5000", "pin: {digits: 6}")))
	n.editor("if grep -q 'digits: 3' \"$2\"; then sed -i 's/digits: 3/digits: 8/' \"$2\"; else sed -i 's/digits: " +
		"6/digits: 3/' \"$2\"; fi\n")
	code, stdout, stderr := n.run("y\n", "edit", "retail")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stderr, "retail.yaml:5:36: verify.questions[0].pin.digits: 3 is out of bounds: "+
		"it can be 4 to 12\nEdit it again? [Y/n] ")
	assert.Contains(t, stdout, "retail: version 1 → 2")
	assert.Empty(t, n.drafts())
}

func TestWhoGivesUpKeepsTheirText(t *testing.T) {
	n := startLinesNATS(t)
	before := retail("5000", "pin: {digits: 6}")
	n.must("apply", n.file("retail.yaml", before))
	n.editor("echo 'nonsense: true' >>\"$2\"\n")
	code, _, stderr := n.run("", "edit", "retail")
	assert.Equal(t, exitFailed, code)
	require.Len(t, n.drafts(), 1)
	assert.Contains(t, stderr, "countersign: the line was not changed; your text is in "+n.drafts()[0])
	kept, err := os.ReadFile(n.drafts()[0])
	require.NoError(t, err)
	assert.Equal(t, before+"nonsense: true\n", string(kept))
	assert.Equal(t, before, n.must("show", "retail"))
}

func TestNobodysChangeIsLostToAnEditor(t *testing.T) {
	n := startLinesNATS(t)
	n.must("apply", n.file("retail.yaml", retail("5000", "pin: {digits: 6}")))
	theirs := n.file("theirs.yaml", retail("5000", "pin: {digits: 7}"))
	// While the one edits, another applies.
	n.editor(fmt.Sprintf("sed -i 's/digits: 6/digits: 8/' \"$2\"\nCOUNTERSIGN_TEST_RUN=1 '%s' --data '%s' lines apply "+
		"--nats '%s' --author ben '%s' >&2\n",
		os.Args[0], filepath.Join(n.dir, "data"), n.url, theirs))
	code, _, stderr := n.run("", "edit", "retail")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "line retail was changed by ben")
	require.Len(t, n.drafts(), 1)
	assert.Contains(t, stderr, "your text is in "+n.drafts()[0])
	assert.Contains(t, n.must("show", "retail"), "digits: 7")
}

func TestTheNameOfALineIsNotEdited(t *testing.T) {
	n := startLinesNATS(t)
	n.must("apply", n.file("retail.yaml", retail("5000", "pin: {digits: 6}")))
	n.editor("sed -i 's/line: retail/line: wholesale/' \"$2\"\n")
	code, _, stderr := n.run("n\n", "edit", "retail")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the file is for line wholesale")
}

func TestAnEditorThatIsNotThere(t *testing.T) {
	n := startLinesNATS(t)
	n.editor("exit 3\n")
	code, _, stderr := n.run("", "edit", "retail")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "the editor", "set EDITOR")
}

func TestWrongUseOfLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"lines frobnicate", []string{`no command "frobnicate"`}},
		{"lines lint", []string{"one or more files"}},
		{"lines apply", []string{"one or more files"}},
		{"lines apply --if-version 1 a.yaml b.yaml", []string{"--if-version"}},
		{"lines apply a.yaml --dry-rum", []string{"-dry-rum", "did you mean --dry-run?"}},
		{"lines shwo", []string{`no command "shwo"`, "did you mean show?"}},
		{"lines list retail", []string{"no arguments"}},
		{"lines show a b", []string{`"b" is not a version`}},
		{"lines show a 1 2", []string{"the line's name"}},
		{"lines show a 0", []string{`"0" is not a version`}},
		{"lines show --version 1", []string{"needs the name of a line"}},
		{"lines diff retail", []string{"a file, or one or two versions"}},
		{"lines diff retail 1 x.yaml", []string{`"x.yaml" is not a version`}},
		{"lines diff retail 0", []string{`"0" is not a version`}},
		{"lines diff --to 2 retail", []string{"--to needs --from"}},
		{"lines diff --from 1 retail x.yaml", []string{"versions, or --from"}},
		{"lines rollback retail", []string{"two arguments"}},
		{"lines rollback retail last", []string{`"last" is not a version`}},
		{"lines remove", []string{"the line's name"}},
		{"lines schema x", []string{"no arguments"}},
	} {
		code, _, stderr := countersign(t, "", append([]string{
			"--data", filepath.Join(t.TempDir(), "d"),
		}, strings.Fields(c.args)...)...)
		assert.Equal(t, exitWrongUse, code, c.args)
		oneSentence(t, stderr, c.words...)
	}
}

func TestTheSchemaIsPrinted(t *testing.T) {
	t.Parallel()
	code, stdout, _ := countersign(t, "", "lines", "schema")
	assert.Equal(t, exitDone, code)
	assert.JSONEq(t, string(lines.Schema()), stdout)
}

func TestWithoutNATSLinesSaysWhatToDo(t *testing.T) {
	t.Parallel()
	code, _, stderr := countersign(t, "", "--data", filepath.Join(t.TempDir(), "d"), "lines", "show", "--nats",
		"nats://127.0.0.1:1")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "NATS is away", "127.0.0.1:1", "countersign serve")
}
