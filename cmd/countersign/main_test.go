package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/sms"
	"countersign/internal/parallel"
	"countersign/internal/strictyaml"
	"countersign/lines"
	"countersign/ops/demo"
	"countersign/session"
	"countersign/steps"
)

// TestMain lets this test binary be the program itself, or a NATS: each test runs it as a process of its own, as a
// shell does.
func TestMain(m *testing.M) {
	if os.Getenv("COUNTERSIGN_TEST_RUN") != "" {
		if file := os.Getenv("COUNTERSIGN_TEST_CLOCK"); file != "" {
			if err := takeClock(file); err != nil {
				fmt.Fprintln(os.Stderr, "the clock of the test:", err)
				os.Exit(exitFailed)
			}
		}
		if at := os.Getenv("COUNTERSIGN_TEST_INSIDE"); at != "" {
			lookInside(at)
		}
		main()
		return
	}
	if folder := os.Getenv("COUNTERSIGN_TEST_NATS"); folder != "" {
		natsAlone(folder)
		return
	}
	parallel.Default(processesAtOnce)
	os.Exit(m.Run())
}

// processesAtOnce is how many tests run at a time: what they start waits more than it computes.
const processesAtOnce = 5

// command is the program, to be started.
func command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "COUNTERSIGN_TEST_RUN=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// countersign runs the program to its end.
func countersign(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	require.NoError(t, ctx.Err(), "it did not end")
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// oneSentence requires an error that a person can read: one line, with our name in front, without Go's inner life.
func oneSentence(t *testing.T, stderr string, words ...string) {
	t.Helper()
	first, rest, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	assert.True(t, strings.HasPrefix(first, "countersign: "), stderr)
	if rest != "" {
		assert.Equal(t, `Run "countersign help" for usage.`, rest)
	}
	for _, w := range words {
		assert.Contains(t, first, w)
	}
	for _, inner := range []string{"panic", "goroutine", "0x", "%!", "sqlite3."} {
		assert.NotContains(t, stderr, inner)
	}
}

func TestWrongUseIsSaidAndExitsWithTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"frobnicate", []string{`no command "frobnicate"`}},
		{"customers frobnicate", []string{`no command "frobnicate"`}},
		{"serve --port 1", []string{"flag provided but not defined: -port"}},
		{"--dta x serve", []string{"-dta"}},
		{"serve now", []string{"no arguments"}},
		{"demo --for soon", []string{"for"}},
		{"demo --for 0s", []string{"--for"}},
		{"demo --callers 0", []string{"--callers"}},
		{"demo --agents 501", []string{"--agents", "500"}},
		{"call --keys 12x4", []string{"--keys", "x"}},
		{"call --speed 0", []string{"--speed"}},
		{"customers import", []string{"CSV file"}},
		{"customers import --region Germany x.csv", []string{"Germany"}},
		{"customers show", []string{"id"}},
		{"customers list --limit 0", []string{"--limit"}},
		{"watch --fact nonsense", []string{"nonsense", "verified"}},
		{"watch --status lost", []string{"lost", "verified, identified, none"}},
		{"watch --caller +15551230001", []string{"last four"}},
		{"doctor x", []string{"no arguments"}},
		{"bench --speed 0", []string{"--speed"}},
		{"bench --for 0s", []string{"--for"}},
		{"bench --start 5 --most 4", []string{"--start", "--most"}},
		{"bench --metrics http://x/metrics", []string{"--metrics", "--server"}},
		{"bench --test-system", []string{"--server", "--test-system"}},
	} {
		code, _, stderr := countersign(t, "", append([]string{
			"--data", filepath.Join(t.TempDir(), "d"),
		}, strings.Fields(c.args)...)...)
		assert.Equal(t, exitWrongUse, code, c.args)
		oneSentence(t, stderr, c.words...)
	}
}

func TestHelpIsThere(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"", "help", "--help", "customers", "customers import --help", "help serve", "help customers import",
	} {
		code, stdout, stderr := countersign(t, "", strings.Fields(args)...)
		assert.Equal(t, exitDone, code, args)
		assert.Contains(t, stdout, "countersign", args)
		assert.Empty(t, stderr)
	}
}

func TestHelpNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	_, stdout, _ := countersign(t, "", "help", "customers")
	assert.Contains(t, stdout, "set-pin")
	_, stdout, _ = countersign(t, "", "help", "customers", "import")
	assert.Contains(t, stdout, "--skip-bad")
	code, _, stderr := countersign(t, "", "help", "nonsense")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "nonsense")
}

func TestTheExampleConfigurationIsTheDefault(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("countersign.example.yaml")
	require.NoError(t, err)
	var got config
	_, err = strictyaml.Read("countersign.example.yaml", text, &got)
	require.NoError(t, err)
	want := defaults()
	got.data = want.data
	assert.Equal(t, want, got)
	// Every setting is in the example, but for those that have a page of their own (backend/README.md).
	want.Backend, want.SMS = backend.Settings{}, sms.Settings{}
	elsewhere, err := yaml.Marshal(struct {
		Backend backend.Settings
		SMS     sms.Settings
	}{})
	require.NoError(t, err)
	back, err := yaml.Marshal(want)
	require.NoError(t, err)
	for line := range strings.Lines(string(back)) {
		key, _, found := strings.Cut(strings.TrimSpace(line), ":")
		if found && !strings.HasPrefix(key, "-") && !strings.Contains(string(elsewhere), key+":") {
			assert.True(t, strings.Contains(string(text), key+":"), key)
		}
	}
}

func TestABadConfigurationIsRefusedWithEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	data := filepath.Join(dir, "data")
	for yaml, words := range map[string][]string{
		"sockets: {}":            {"sockets", "1:1"},
		"socket:\n  listen: [1]": {"2"},
		"socket: {drain: fast}":  {"c.yaml", "fast", "30s"},
		"socket: {drain: 30}":    {"c.yaml", "30", "unit"},
		"node: x\nsocket:\n  drain: x\n  max_cals: 5\nlog: {level: 7, colour: red}": {
			"4 problems", "c.yaml:3:10: socket.drain is x",
			"c.yaml:4:3: socket.max_cals: there is no such setting; did you mean max_calls?",
			"c.yaml:5:14: log.level is \"7\"", "c.yaml:5:17: log.colour",
		},
		"guard:\n  lock_after: 5\n  total: 500\nretention:\n  journal: 2d\n  audit: 5d": {
			"c.yaml:3:10: guard.total is 500", "c.yaml:6:10: retention.audit is 120h0m0s: it must be from 30d to 2555d",
		},
		"web: {embed: {origins: [\"https://crm.example/\"]}}": {
			"web.embed.origins has \"https://crm.example/\"", "without a path", "http:// only at localhost",
		},
		"web: {embed: {origins: [\"http://crm.example\", \"https://*.example\", \"https://crm.example\", \"https://a:443\"]}}": {
			"http://crm.example", "https://*.example", "https://a:443",
		},
		"customers: {hash: md5}\nnode: \"a b\"":           {"md5", "argon2id", "a b"},
		"socket: {allow: [10.0.0.1]}":                     {"10.0.0.1", "network"},
		"log: {level: loud, format: xml}":                 {"loud", "xml"},
		"line: {region: Germany}":                         {"Germany", "two letters"},
		"line: {pop_url: \"javascript:alert(1)\"}":        {"c.yaml:1:17: line.pop_url", "is not a URL"},
		"line: {pop_url: \"https://{customer}/{pin}\"}":   {"line.pop_url", "{pin} is not a placeholder"},
		"line: {pop_url: crm/x}":                          {"line.pop_url", "is not a URL"},
		"line: {pop_url: \"data:text/html,x\"}":           {"line.pop_url", "is not a URL"},
		"socket: {allow: [0.0.0.0/0]}":                    {"c.yaml:1:17: socket.allow", "0.0.0.0/0", "speak as FreeSWITCH"},
		"socket: {allow: [\"::/0\"]}":                     {"socket.allow", "::/0"},
		"socket: {allow: [0.0.0.0/1, 128.0.0.0/1]}":       {"socket.allow", "0.0.0.0/1"},
		"web: {keys: {x: abc}}":                           {"c.yaml:1:17: web.keys.x must be the SHA-256"},
		"web: {keys: {x: {sha256: abc, scope: [calls]}}}": {"web.keys.x", "scopes: [calls, step-up, tokens, receipts, reports, embed, customers, lines, callbacks, admin]"},
		"web: {keys: {x: {sha256: abc, scopes: [all]}}}":  {`has the scope "all"`, "x must be the SHA-256"},
		"line: {region: QQ}":                              {"QQ", "two letters"},
		"socket: {max_calls: 0}":                          {"max_calls"},
		"nats: {listen: 0.0.0.0:0}":                       {"0.0.0.0"},
		"nats: {url: \"http://x\"}":                       {"http://x"},
		"nats: {timeout: 10ms}":                           {"nats.timeout", "100ms to 5s"},
		"nats: {replicas: 3}":                             {"nats.replicas", "set nats.url"},
		"nats: {url: \"nats://n:4222\", replicas: 7}":     {"nats.replicas", "1, 3 or 5"},
		"prompts: {path: /no/such/folder/here}":           {"/no/such/folder/here"},
		"customers: {pepper: /proc/none/pepper}":          {"/proc/none/pepper"},
		"nats: {password: hunter2, lissten: x}":           {"lissten"},
	} {
		require.NoError(t, os.WriteFile(file, []byte(yaml), 0o600))
		code, _, stderr := countersign(t, "", "--config", file, "--data", data, "serve", "--listen", "127.0.0.1:0")
		assert.Equal(t, exitFailed, code, yaml)
		for _, w := range words {
			assert.Contains(t, stderr, w, yaml)
		}
		assert.NotContains(t, stderr, "hunter2")
	}
	code, _, stderr := countersign(t, "", "--config", filepath.Join(dir, "none.yaml"), "serve")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "none.yaml")
}

func TestKeysThatEverybodyGuessesAreRefused(t *testing.T) {
	t.Parallel()
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	for key, refused := range map[string]bool{
		"": true, "\n": true, "password": true, "changeme\n": true, "TEST": true, "123456": true, "KEY": true,
		hex.EncodeToString(random): false, "a sentence that nobody else would think of": false,
	} {
		cfg := defaults()
		cfg.Web.Keys = map[string]apiClient{"x": {SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(key)))}}
		_, wrong := cfg.apiKeys()
		if assert.Equal(t, refused, len(wrong) > 0, "%q", key); refused {
			assert.ErrorContains(t, errors.Join(wrong...), "web.keys.x is the hash of a key that everybody guesses")
		}
	}
}

func TestServeSaysWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	data := filepath.Join(dir, "data")
	code, _, stderr := countersign(t, "", "--data", data, "serve", "--listen", busy.Addr().String())
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, busy.Addr().String(), "in use")
	assert.NoDirExists(t, data, "nothing is half-done")

	code, _, stderr = countersign(t, "", "--data", data, "serve", "--listen", "127.0.0.1:99999")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "99999")

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	code, _, stderr = countersign(t, "", "--data", filepath.Join(file, "data"), "serve", "--listen", "127.0.0.1:0")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "file/data", "--data")

	// NATS's port in use: the config names it.
	cfg := filepath.Join(dir, "c.yaml")
	require.NoError(t, os.WriteFile(cfg, []byte("nats: {listen: \""+busy.Addr().String()+"\"}"), 0o600))
	code, _, stderr = countersign(t, "", "--config", cfg, "--data", data, "serve", "--listen", "127.0.0.1:0")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, busy.Addr().String(), "in use")
}

func TestADatabaseOfANewerVersionIsLeftAlone(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, "id,name\nC-1,Ada\n", "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	db := filepath.Join(data, "directory.db")
	raw, err := os.ReadFile(db)
	require.NoError(t, err)
	raw[63] = 99 // user_version, big endian at offset 60 of a SQLite file
	require.NoError(t, os.WriteFile(db, raw, 0o600))
	for _, args := range [][]string{{"customers", "list"}, {"serve", "--listen", "127.0.0.1:0"}} {
		code, _, stderr = countersign(t, "", append([]string{"--data", data}, args...)...)
		assert.Equal(t, exitFailed, code)
		oneSentence(t, stderr, "newer Countersign", "99")
	}
	code, stdout, stderr := countersign(t, "", "--data", data, "doctor", "--freeswitch",
		filepath.Join("..", "..", "freeswitch", "conf"))
	assert.NotContains(t, stdout, "problem  nats", "no NATS is no problem while serve is not running")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "newer Countersign")
	oneSentence(t, stderr, "1 problem found")
	after, err := os.ReadFile(db)
	require.NoError(t, err)
	assert.Equal(t, raw, after)
}

func TestCustomersAreImportedListedShownAndGivenAPIN(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	csv := filepath.Join(t.TempDir(), "c.csv")
	do := func(stdin string, args ...string) (int, string, string) {
		return countersign(t, stdin, append([]string{"--data", data}, args...)...)
	}
	require.NoError(t, os.WriteFile(csv,
		[]byte("id,name,phones,account,pin\n"+
			"C-1,Ada,+15551230001,100042,246813\nC-2,Bob,12,100043,12\nC-3,Eve,,100042,999111\n"), 0o600))
	code, stdout, stderr := do("", "customers", "import", csv)
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "line 3:")
	assert.Contains(t, stderr, "line 4:")
	assert.Contains(t, stderr, "--skip-bad")
	assert.NotContains(t, stderr, "999111", "a PIN is never shown")
	_, stdout, _ = do("", "customers", "list", "--json")
	assert.Empty(t, stdout, "nothing half-done")

	code, stdout, stderr = do("", "customers", "import", "--skip-bad", "--json", csv)
	require.Equal(t, exitDone, code, stderr)
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	assert.EqualValues(t, 1, result["imported"])
	assert.EqualValues(t, 2, result["bad"])

	code, stdout, _ = do("id,name\nC-9,From stdin\n", "customers", "import", "-")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, "1 customers imported")

	_, stdout, _ = do("", "customers", "show", "C-1")
	for _, w := range []string{"Ada", "+15551230001", "100042", "on file"} {
		assert.Contains(t, stdout, w)
	}
	assert.NotContains(t, stdout, "246813")
	_, stdout, _ = do("", "customers", "show", "--json", "C-1")
	var shown map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &shown))
	assert.Contains(t, shown, "lock")
	delete(shown, "lock") // of which nobody knows without NATS
	delete(shown, "lock_unknown")
	assert.Equal(t, map[string]any{
		"id": "C-1", "name": "Ada", "language": "", "pin": true, "enrolled": []any{"pin"}, "phones": []any{"+15551230001"},
		"emails":  []any{},
		"account": "100042", "in_directory": true,
	}, shown)
	_, stdout, _ = do("", "customers", "list", "--search", "stdin")
	assert.Contains(t, stdout, "C-9")
	assert.NotContains(t, stdout, "C-1 ")
	code, _, stderr = do("", "customers", "show", "C-77")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "C-77")

	code, _, stderr = do("111111\n", "customers", "set-pin", "C-9")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "--allow-weak")
	assert.NotContains(t, stderr, "111111")
	code, stdout, stderr = do("830517\n", "customers", "set-pin", "C-9")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "C-9")
	code, _, stderr = do("83051749\n", "customers", "set-pin", "C-9")
	assert.Equal(t, exitDone, code, "a line of one's own may ask for it")
	assert.Contains(t, stderr, "the built-in line asks for 4 to 6")
	code, _, stderr = do("12\n", "customers", "set-pin", "C-9")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "4")

	for command, answers := range map[string][2]string{
		"set-passphrase": {"sesame", "Open Sesame!"}, "set-birth-date": {"31.02.1984", "29.02.1984"},
		"set-totp": {"GEZDGNBV", "GEZD GNBV GY3T QOJQ"},
	} {
		code, _, stderr = do(answers[0]+"\n", "customers", command, "C-9")
		assert.Equal(t, exitFailed, code, command)
		oneSentence(t, stderr, "must")
		assert.NotContains(t, stderr, answers[0])
		code, stdout, stderr = do(answers[1]+"\n", "customers", command, "C-9")
		assert.Equal(t, exitDone, code, stderr)
		assert.NotContains(t, stdout, answers[1])
		code, _, stderr = do(answers[1]+"\n", "customers", command, "C-77")
		assert.Equal(t, exitFailed, code, command)
		oneSentence(t, stderr, "C-77")
	}
	_, stdout, _ = do("", "customers", "list")
	assert.Contains(t, stdout, "birth_date, passphrase, pin, totp")
}

func TestBadFilesAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"empty.csv": "", "columns.csv": "id,colour\n1,red\n", "noid.csv": "name\nAda\n", "binary.csv": "id\n\xff\xfe\n",
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		code, _, stderr := countersign(t, "", "--data", dir, "customers", "import", file)
		assert.Equal(t, exitFailed, code, name)
		assert.Contains(t, stderr, "countersign: ", name)
	}
	code, _, stderr := countersign(t, "", "--data", dir, "customers", "import", filepath.Join(dir, "none.csv"))
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "none.csv")
	code, _, stderr = countersign(t, "", "--data", dir, "customers", "import", dir)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "folder")
}

func TestADemoEndsByItselfAndLosesNobody(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"customers here": nil, "customers in a CRM": {"--crm"}} {
		t.Run(name, func(t *testing.T) {
			folder := inMemory(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := command(ctx, append([]string{"demo", "--for", "6s", "--speed", "60", "--json"}, args...)...)
			cmd.Env = append(cmd.Env, "TMPDIR="+folder)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Run(), "%s", &stderr)
			var s demo.Summary
			require.NoError(t, json.Unmarshal(stdout.Bytes(), &s), &stdout)
			for line := range strings.Lines(stderr.String()) { // what a slow disk and a slow processor cost a call
				assert.Regexp(t, "the verdict is not on disk yet|too many secrets are being checked at once", line)
			}
			assert.GreaterOrEqual(t, s.Calls, 6, "on a slow machine, too")
			assert.Equal(t, s.Calls, s.Verified+s.Identified+s.Unidentified)
			assert.Positive(t, s.Verified)
			assert.Positive(t, s.Identified)
			assert.Positive(t, s.Unidentified)
			if s.Calls >= 2*demo.KindsOfCallers() { // each kind of caller was there
				assert.Positive(t, s.Abandoned)
				assert.Positive(t, s.Answered)
			}
			assert.Zero(t, s.Lost)
			assert.Greater(t, s.Events, 8*s.Calls)
			left, err := os.ReadDir(folder)
			require.NoError(t, err)
			assert.Empty(t, left, "its data is removed")
		})
	}
}

func TestTheDemoTouchesNothingOfTheOperators(t *testing.T) {
	t.Parallel()
	real := filepath.Join(t.TempDir(), "real")
	row := "id,name,account,pin\nC-1001,A real customer,100042,862914\n"
	code, _, stderr := countersign(t, row, "--data", real, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	_, before, _ := countersign(t, "", "--data", real, "customers", "list", "--json")
	settings := filepath.Join(t.TempDir(), "c.yaml")
	away := []byte("backend: {url: \"http://127.0.0.1:1\"}\nnats: {url: \"nats://127.0.0.1:1\"}")
	require.NoError(t, os.WriteFile(settings, away, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := command(ctx, "demo", "--for", "2s", "--speed", "60", "--json")
	cmd.Env = append(cmd.Env, "TMPDIR="+inMemory(t), "COUNTERSIGN_DATA="+real, "COUNTERSIGN_CONFIG="+settings,
		"COUNTERSIGN_NATS_TOKEN=secret")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdout, err := cmd.Output()
	require.NoError(t, err, "%s", &errs)
	var s demo.Summary
	require.NoError(t, json.Unmarshal(stdout, &s))
	assert.Positive(t, s.Calls)
	assert.Zero(t, s.Lost)
	_, after, _ := countersign(t, "", "--data", real, "customers", "list", "--json")
	assert.Equal(t, before, after)

	for _, args := range []string{"demo --data " + real, "--data " + real + " demo"} {
		code, _, stderr = countersign(t, "", strings.Fields(args)...)
		assert.Equal(t, exitFailed, code)
		oneSentence(t, stderr, "something else than a demo's data", real)
	}
	code, _, stderr = countersign(t, "", "demo", "--config", settings)
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "leave out --config")
}

func TestTheDemosSummaryIsThatOfItsReport(t *testing.T) {
	t.Parallel()
	data := filepath.Join(inMemory(t), "demo")
	code, stdout, stderr := countersign(t, "", "demo", "--data", data, "--for", "4s", "--speed", "40", "--json")
	require.Equal(t, exitDone, code, stderr)
	var s demo.Summary
	require.NoError(t, json.Unmarshal([]byte(stdout), &s))
	code, stdout, stderr = countersign(t, "", "report", "summary", "--data", data, "--format", "json")
	require.Equal(t, exitDone, code, stderr)
	var report struct {
		Numbers []struct {
			Key   string
			Value float64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	reported := map[string]int{}
	for _, n := range report.Numbers {
		reported[n.Key] = int(n.Value)
	}
	assert.Positive(t, s.Calls)
	assert.Equal(t, s.Calls, reported["calls"])
	assert.Equal(t, s.Verified, reported["verified"])
}

// startServe runs "serve" on ports that are free and returns its socket's address, and settings with which other
// commands find it; stop ends it as SIGTERM does and returns the exit code.
func startServe(t *testing.T, data string) (address string, cfg string, stop func() int) {
	t.Helper()
	cfg = filepath.Join(t.TempDir(), "c.yaml")
	settings := func(socket, nats string) {
		text := fmt.Sprintf("socket: {listen: %q}\nnats: {listen: %q, timeout: 5s}\nweb: {listen: \"127.0.0.1:0\"}", socket,
			nats)
		require.NoError(t, os.WriteFile(cfg, []byte(text), 0o600))
	}
	settings("127.0.0.1:0", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := command(ctx, "--config", cfg, "--data", data, "serve")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		require.FailNow(t, "serve did not start", stderr.String())
	}
	at, nats := serving.FindStringSubmatch(line), natsOf.FindStringSubmatch(line)
	require.Len(t, at, 3, line)
	require.Len(t, nats, 2, line)
	address = at[1]
	settings(address, strings.TrimPrefix(nats[1], "nats://"))
	stop = func() int {
		cancel()
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
	return address, cfg, stop
}

func TestCallWatchAndDoctorTowardsARunningService(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, string(demo.Customers), "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	_, cfg, stop := startServe(t, data)
	flags := []string{"--config", cfg, "--data", data}

	code, stdout, stderr := countersign(t, "",
		append(flags, "call", "--from", "+15551230001", "--keys", "246813#", "--speed", "10", "--json")...)
	require.Equal(t, exitDone, code, stderr)
	var result struct {
		Destination string
		Variables   map[string]string
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	assert.Equal(t, "menu XML default", result.Destination)
	assert.Equal(t, "verified", result.Variables["cs_status"])

	code, stdout, stderr = countersign(t, "",
		append(flags, "call", "--from", "+15559990000", "--keys", "*", "--speed", "10")...)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "Please enter your account number")
	assert.Contains(t, stdout, "agents XML default")
	assert.Contains(t, stdout, "opted_out")

	// Live keys from standard input. They must not be slower than a line waits for the next one.
	code, stdout, _ = countersign(t, "246813#", append(flags, "call", "--from", "+15551230001", "--speed", "2")...)
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, "verified")

	watching, stopWatching := context.WithCancel(context.Background())
	defer stopWatching()
	watch := command(watching, append(flags, "watch", "--since", "1h", "--fact", "verified")...)
	events, err := watch.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, watch.Start())
	lines := bufio.NewReader(events)
	for range 2 {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		assert.Contains(t, line, "C-1001 (Ada Lovelace)")
	}
	stopWatching()
	_ = watch.Wait()
	assert.Zero(t, watch.ProcessState.ExitCode())
	watchesOneCall(t, flags)

	conf := t.TempDir()
	require.NoError(t, os.CopyFS(conf, os.DirFS(filepath.Join("..", "..", "freeswitch", "conf"))))
	late := time.Now().Add(patience)
	for { // until all is counted
		code, stdout, stderr = countersign(t, "", append(flags, "doctor", "--freeswitch", conf)...)
		if code == exitDone || time.Now().After(late) {
			break
		}
	}
	assert.Equal(t, exitDone, code, stdout+stderr)
	assert.Contains(t, stdout, "countersign answers")
	assert.Contains(t, stdout, "all events of NATS are counted")
	assert.Contains(t, stdout, "our dialplan is in "+conf)
	assert.NotContains(t, stdout, "problem")
	require.NoError(t, os.Remove(filepath.Join(conf, "dialplan", "countersign.xml")))
	code, stdout, _ = countersign(t, "", append(flags, "doctor", "--freeswitch", conf)...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "no call reaches Countersign")
	assert.Equal(t, exitDone, stop())

	code, _, stderr = countersign(t, "", append(flags, "call", "--keys", "1")...)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "no answer at", "countersign serve")
}

// The shipped default line, held to what the first start promises.
func TestTheDefaultLine(t *testing.T) {
	t.Parallel()
	def, _ := lines.Default()
	l, err := lines.Compile(def, 0, lines.Parts{Directory: struct{ steps.Directory }{}})
	require.NoError(t, err)
	assert.Equal(t, "menu XML default", l.Routes.Verified.String())
	assert.Equal(t, "agents XML default", l.Routes.Identified.String())
	assert.Equal(t, "agents XML default", l.Routes.Unidentified.String())
	assert.Equal(t, session.Verified, l.Level)
	account := l.Identify[0].(steps.Number)
	assert.Equal(t, []int{askedAccountMin, askedAccountMax}, []int{account.Min, account.Max}, "what the import warns of")
	pin := l.Verify[0].Step.(steps.PIN)
	assert.Equal(t, []int{askedPINMin, askedPINMax}, []int{pin.Min, pin.Max})
	assert.Equal(t, "127.0.0.1:8084", defaults().Socket.Listen)
}

func TestWhatOthersNamedInAnErrorCannotMoveTheCursor(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events.ndjson")
	body := `{"specversion":"1.0","id":"a\u001b[2J\r\nok\u202e.1","source":"","type":"countersign.v1.call_started",` +
		`"time":"2026-11-21T12:00:00Z","call":"a\u001b[2J\r\nok\u202e","seq":1,"line":"retail","data":{"channel":"x"}}`
	require.NoError(t, os.WriteFile(file, []byte(body+"\n"), 0o600))
	code, _, stderr := countersign(t, "", "--data", t.TempDir(), "replay", file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "read event a\uFFFD[2J\uFFFD\nok\uFFFD.1: source, line or time is missing\n",
		"but a line ends where it ends")
	code, _, stderr = countersign(t, "", "\x1b[2J")
	assert.Equal(t, exitWrongUse, code)
	assert.NotContains(t, stderr, "\x1b")
	assert.Equal(t, 2, strings.Count(stderr, "\n"))
}

func TestTheVersionNamesCommitAndDate(t *testing.T) {
	t.Parallel()
	code, stdout, _ := countersign(t, "", "version")
	assert.Equal(t, exitDone, code)
	assert.Regexp(t, `^countersign \S+ .*go1\.\d+.*, \w+/\w+\n$`, stdout)
	code, asJSON, _ := countersign(t, "", "version", "--json")
	assert.Equal(t, exitDone, code)
	var b build
	require.NoError(t, json.Unmarshal([]byte(asJSON), &b))
	assert.Equal(t, stdout, "countersign "+b.String()+"\n")
	b.Version, b.Commit, b.Date = "v1.0.0", "0123456789abcdef", "2026-11-29T10:00:00Z"
	assert.Contains(t, b.String(), "v1.0.0 (commit 0123456789ab of 2026-11-29T10:00:00Z")
}

func TestShellsAreToldWhatCanComeNext(t *testing.T) {
	t.Parallel()
	for asked, wanted := range map[string][]string{
		"":              {"serve", "lines", "customers", "report"},
		"lines":         {"apply", "list", "rollback"},
		"lines apply -": {"--author", "--dry-run", "--json"},
		"completion":    {"bash", "zsh", "fish"},
	} {
		code, stdout, _ := countersign(t, "", append(strings.Fields(asked), completionArgument)...)
		assert.Equal(t, exitDone, code, asked)
		assert.Subset(t, strings.Split(stdout, "\n"), wanted, asked)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, stdout, _ := countersign(t, "", "completion", shell)
		assert.Equal(t, exitDone, code, shell)
		assert.Contains(t, stdout, "countersign", shell)
	}
	code, _, stderr := countersign(t, "", "completion", "cmd.exe")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "bash, zsh or fish")
}

func TestBashCompletesCommandsAndOptions(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not on the PATH: install bash")
	}
	folder := t.TempDir()
	require.NoError(t, os.Symlink(os.Args[0], filepath.Join(folder, "countersign")))
	for words, want := range map[string]string{
		"countersign li": "lines", "countersign lines ro": "rollback", "countersign lines show --js": "--json",
		"countersign completion z": "zsh",
	} {
		cmd := exec.Command(bash, "-c", `source <(countersign completion bash); COMP_WORDS=(`+words+`)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _countersign; echo "${COMPREPLY[@]}"`)
		cmd.Env = append(os.Environ(), "COUNTERSIGN_TEST_RUN=1", "PATH="+folder+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, want, strings.TrimSpace(string(out)), words)
	}
}
