package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/programtest"
	"countersign/session/event"
	"countersign/session/token"
)

// asProgram makes the test binary run the program.
const asProgram = "SCREENPOP_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTheGoProgramPopsEachPageOnce(t *testing.T) {
	t.Parallel()
	popsEachPageOnce(t, func(ctx context.Context, url, jwks, browser string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0], "--nats", url, "--jwks", jwks, "--open", browser)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		return cmd
	})
}

func TestTheGoProgramPopsWithTheReadersKeyOfTheEmbeddedNATS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := bus.KeyFiles{Write: filepath.Join(dir, "write.key"), Read: filepath.Join(dir, "read.key")}
	e, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(dir, "nats"), Listen: "127.0.0.1:0", Keys: keys, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	service, err := e.Endpoint().Connect("test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(service.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	signed := newSigner(t)
	cmd := exec.CommandContext(ctx, os.Args[0], "--nats", e.URL(), "--key", keys.Read, "--jwks", signed.jwks)
	cmd.Env, cmd.Stderr = append(os.Environ(), asProgram+"=1"), os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { cancel(); _ = cmd.Wait() }()
	popped := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Scan()
		popped <- lines.Text()
	}()
	msg := signed.example(t, event.FactVerified, nil)
	require.Eventually(t, func() bool { // until it has subscribed
		_ = service.PublishMsg(msg)
		select {
		case line := <-popped:
			return assert.Contains(t, line, "verified (level 2)")
		default:
			return false
		}
	}, time.Minute, 50*time.Millisecond)
}

func TestThePythonProgramCompiles(t *testing.T) {
	t.Parallel()
	python(t, "-m", "py_compile", "screenpop.py")
}

func TestThePythonProgramPopsEachPageOnce(t *testing.T) {
	t.Parallel()
	python(t, "--version")
	if err := exec.Command("python3", "-c", "import nats, nacl").Run(); err != nil {
		t.Skip("python3 has no module nats or nacl: pip install nats-py pynacl")
	}
	popsEachPageOnce(t, func(ctx context.Context, url, jwks, browser string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "python3", "screenpop.py", "--nats", url, "--jwks", jwks, "--open")
		cmd.Env = append(os.Environ(), "BROWSER="+browser+" %s")
		return cmd
	})
}

// python runs python3 without leaving bytecode beside the script.
func python(t *testing.T, args ...string) {
	t.Helper()
	programtest.Find(t, "python3")
	cmd := exec.CommandContext(t.Context(), "python3", args...)
	cmd.Env = append(os.Environ(), "PYTHONPYCACHEPREFIX="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// popsEachPageOnce runs a program against a NATS and publishes example events: every fact, one of them twice, one as a
// replay, one without a page, and forged ones, which must pop nothing.
func popsEachPageOnce(t *testing.T, program func(ctx context.Context, url, jwks, browser string) *exec.Cmd) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := startNATS(t)
	opened := filepath.Join(t.TempDir(), "opened")
	signed, stranger := newSigner(t), newSigner(t)
	cmd := program(ctx, s.ClientURL(), signed.jwks, browserThatNotes(t, opened))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() {
		cancel() // kills it: a screen pop never ends by itself
		_ = cmd.Wait()
	}()

	awaitSubscriptions(ctx, t, s)
	evil := func(_, data map[string]any) { data["pop_url"] = "https://evil.example/" }
	old := func(e, _ map[string]any) { e["time"], e["id"] = time.Now().Add(-time.Hour).UTC(), "long-ago.2" }
	unsigned := func(_, data map[string]any) { data["proof"] = "" }
	altered := func(_, data map[string]any) {
		parts := strings.Split(data["proof"].(string), ".")
		claims, err := base64.RawURLEncoding.DecodeString(parts[1])
		require.NoError(t, err)
		claims = []byte(strings.Replace(string(claims), "crm.example", "evil.example", 1))
		data["proof"] = parts[0] + "." + base64.RawURLEncoding.EncodeToString(claims) + "." + parts[2]
	}
	publish(t, s,
		// Forged: unsigned, altered, by another key, old; and one that leads elsewhere than the proof says.
		changed(t, signed.example(t, event.FactVerified, nil), unsigned),
		changed(t, signed.example(t, event.FactVerified, nil), altered),
		stranger.example(t, event.FactVerified, evil), signed.example(t, event.FactVerified, old),
		signed.example(t, event.FactCallStarted, nil), signed.example(t, event.FactStepFinished, nil),
		signed.example(t, event.FactRouted, nil),
		signed.example(t, event.FactVerified, func(e, _ map[string]any) { e["replay"], e["id"] = "019a", "long-ago.9" }),
		signed.example(t, event.FactIdentified, func(e, data map[string]any) {
			e["id"] = "no-page.5"
			delete(data, "pop_url")
		}),
		changed(t, signed.example(t, event.FactIdentified, nil), evil), signed.example(t, event.FactVerified, nil),
		signed.example(t, event.FactVerified, nil), signed.example(t, event.FactFailed, nil))
	const (
		verified, failed = "019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04", "019a9c31-0b58-7e19-8a6c-f04d2b9e6a77"
		page             = "https://crm.example/customers/C-100042?call="
	)
	want := []string{
		verified + " identified (level 1) " + page + verified + "&status=identified",
		verified + " verified (level 2) " + page + verified + "&status=verified",
		failed + " identified (level 1) " + page + failed + "&status=identified",
	}
	lines := bufio.NewScanner(out)
	var got, pages []string
	for range want {
		require.True(t, lines.Scan(), "it ended early, or printed nothing for a minute")
		got = append(got, lines.Text())
		pages = append(pages, lines.Text()[strings.LastIndex(lines.Text(), " ")+1:])
	}
	assert.Equal(t, want, got)
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		text, _ := os.ReadFile(opened)
		assert.Equal(c, pages, strings.Fields(string(text)))
	}, 30*time.Second, 20*time.Millisecond)
}

// browserThatNotes writes a program that appends the address it should open to a file.
func browserThatNotes(t *testing.T, to string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "browser")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nprintf '%s\\n' \"$1\" >>'"+to+"'\n"), 0o700))
	return path
}

func startNATS(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(time.Minute))
	return s
}

func awaitSubscriptions(ctx context.Context, t *testing.T, s *server.Server) {
	t.Helper()
	for _, fact := range []event.Fact{event.FactIdentified, event.FactVerified, event.FactFailed} {
		for {
			subscribed, err := s.Subsz(&server.SubszOptions{
				Subscriptions: true, Account: server.DEFAULT_GLOBAL_ACCOUNT, Test: event.Subject("retail", fact),
			})
			require.NoError(t, err)
			if subscribed.Total > 0 {
				break
			}
			select {
			case <-ctx.Done():
				require.Fail(t, "nobody subscribed", "%s", fact)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

// signer signs events as the service does. jwks is a file with its public key.
type signer struct {
	keys *token.Keys
	jwks string
}

func newSigner(t *testing.T) signer {
	t.Helper()
	dir := t.TempDir()
	k, err := token.LoadKeys(filepath.Join(dir, "token.key"))
	require.NoError(t, err)
	file := filepath.Join(dir, "jwks.json")
	require.NoError(t, os.WriteFile(file, k.JWKS(), 0o600))
	return signer{k, file}
}

// example is the example of a fact as if it happened now, changed, then signed.
func (s signer) example(t *testing.T, fact event.Fact, change func(e, data map[string]any)) *nats.Msg {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "session", "event", "testdata", string(fact)+".json"))
	require.NoError(t, err)
	now := changed(t, &nats.Msg{Data: text}, func(e, data map[string]any) {
		e["time"] = time.Now().UTC()
		if change != nil {
			change(e, data)
		}
	})
	var e event.Event
	require.NoError(t, json.Unmarshal(now.Data, &e))
	if _, says := token.StatusOf(e); !says {
		return now
	}
	proof, err := s.keys.SignStatus(e)
	require.NoError(t, err)
	return changed(t, now, func(_, data map[string]any) { data["proof"] = proof })
}

// changed is a message with a change that nobody signed.
func changed(t *testing.T, msg *nats.Msg, change func(e, data map[string]any)) *nats.Msg {
	t.Helper()
	var e map[string]any
	require.NoError(t, json.Unmarshal(msg.Data, &e))
	change(e, e["data"].(map[string]any))
	body, err := json.Marshal(e)
	require.NoError(t, err)
	fact := event.Fact(strings.TrimPrefix(e["type"].(string), "countersign.v1."))
	return &nats.Msg{Subject: event.Subject(e["line"].(string), fact), Data: body}
}

func publish(t *testing.T, s *server.Server, messages ...*nats.Msg) {
	t.Helper()
	conn, err := nats.Connect(s.ClientURL(), nats.Timeout(time.Minute))
	require.NoError(t, err)
	defer conn.Close()
	for _, m := range messages {
		require.NoError(t, conn.PublishMsg(m))
	}
	require.NoError(t, conn.Flush())
}
