package doctor_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/lines"
	"countersign/ops/doctor"
	"countersign/prompts"
	"countersign/store/customers"
)

func TestAFreshMachineHasNoProblemsAndIsNotChanged(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	o.Timeout = 200 * time.Millisecond // nobody answers
	all := doctor.Run(t.Context(), o)
	assert.Zero(t, doctor.Problems(all), "%v", all)
	for _, f := range all {
		assert.NotEmpty(t, f.Check)
		assert.NotEmpty(t, f.Detail)
		if f.State == doctor.Note || f.State == doctor.Problem {
			assert.NotEmpty(t, f.Do, f.Detail)
		}
	}
	left, err := os.ReadDir(o.Data)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.Equal(t, doctor.Note, one(t, o, "nats").State, "serve starts its own")
	for _, asksNATS := range []string{"lines", "reports"} {
		assert.Contains(t, all, doctor.Finding{Check: asksNATS, State: doctor.Skipped, Detail: "NATS does not answer"})
	}

	o.EmbeddedNATS = ""
	assert.Equal(t, doctor.Problem, one(t, o, "nats").State, "an operator set it up")
}

func TestADataFolderThatIsAFileIsAProblem(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	o.Data = filepath.Join(o.Data, "file")
	assert.Equal(t, doctor.Note, one(t, o, "data").State, "it does not exist yet")
	require.NoError(t, os.WriteFile(o.Data, nil, 0o600))
	assert.Equal(t, doctor.Problem, one(t, o, "data").State)
}

func TestCustomersNeedTheirPepper(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	pepper, err := customers.LoadPepper(o.Files.Pepper)
	require.NoError(t, err)
	d, err := customers.Open(t.Context(), o.Files.Customers, customers.Options{Pepper: pepper, Scheme: o.Hash})
	require.NoError(t, err)
	csv := strings.NewReader("id,name,phones,account,pin\nC-1,Ada,+15551230001,100042,246813\n")
	_, err = d.Import(t.Context(), csv, customers.ImportOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Close())

	all := found(t, o, "customers")
	require.Len(t, all, 2)
	assert.Equal(t, "1 on file", all[0].Detail)
	assert.Equal(t, doctor.Note, all[1].State, "HMAC is weaker")
	o.Hash = customers.SchemeArgon2id
	assert.Contains(t, found(t, o, "customers")[1].Detail, "1 customer with secrets that are not wrapped")

	require.NoError(t, os.Chmod(o.Files.Pepper, 0o644))
	f := found(t, o, "customers")[0]
	assert.Equal(t, "chmod 600 "+o.Files.Pepper, f.Do)
	require.NoError(t, os.Remove(o.Files.Pepper))
	f = one(t, o, "customers")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Contains(t, f.Detail, "is missing")
	assert.NoFileExists(t, o.Files.Pepper, "doctor makes none")
}

// Doctor may run beside an older service. It must not migrate that service's databases.
func TestADatabaseOfAnotherVersionIsOnlyRead(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	pepper, err := customers.LoadPepper(o.Files.Pepper)
	require.NoError(t, err)
	d, err := customers.Open(t.Context(), o.Files.Customers, customers.Options{Pepper: pepper, Scheme: o.Hash})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	raw, err := os.ReadFile(o.Files.Customers)
	require.NoError(t, err)
	for version, state := range map[byte]doctor.State{1: doctor.Note, 99: doctor.Problem} {
		raw[63] = version // user_version, big endian at offset 60 of a SQLite file
		require.NoError(t, os.WriteFile(o.Files.Customers, raw, 0o600))
		f := one(t, o, "customers")
		assert.Equal(t, state, f.State, f.Detail)
		assert.Contains(t, f.Detail, "Countersign (schema ")
		after, err := os.ReadFile(o.Files.Customers)
		require.NoError(t, err)
		assert.Equal(t, raw, after)
	}
}

func TestAnotherPepperOnTheSameNATSIsAProblem(t *testing.T) {
	t.Parallel()
	o := withNATS(t, fresh(t), nil)
	assert.Empty(t, found(t, o, "pepper"), "there are no customers")
	pepper, err := customers.LoadPepper(o.Files.Pepper)
	require.NoError(t, err)
	d, err := customers.Open(t.Context(), o.Files.Customers, customers.Options{Pepper: pepper, Scheme: o.Hash})
	require.NoError(t, err)
	key := d.PepperKey("x")
	require.NoError(t, d.Close())
	for same, state := range map[bool]doctor.State{true: doctor.OK, false: doctor.Problem} {
		o.SamePepper = func(_ context.Context, s *bus.State, of func(string) []byte) (bool, error) {
			assert.NotNil(t, s)
			assert.Equal(t, key, of("x"))
			return same, nil
		}
		assert.Equal(t, state, one(t, o, "pepper").State)
	}
}

func TestLinesThatCannotWorkHereAreProblems(t *testing.T) {
	t.Parallel()
	bank, err := lines.Example("bank")
	require.NoError(t, err)
	o := withNATS(t, fresh(t), func(ctx context.Context, s *bus.State) {
		for name, text := range map[string]string{
			"bank": string(bank), "twin": strings.Replace(string(bank), "line: bank", "line: twin", 1),
			"broken": "format: 1\nline: broken\n",
			"linked": "format: 1\nline: linked\nidentify: [ani: {}]\nverify: {questions: [totp: {else: app_link}]}\n" +
				"routes: {identified: agents XML default}\n",
			"queued": strings.NewReplacer("line: bank", "line: queued\ntell_wait: nowhere@default").Replace(string(bank)),
		} {
			_, err := s.Lines().Put(ctx, name, text, bus.Change{Author: "test"})
			require.NoError(t, err)
		}
	})
	all := found(t, o, "lines")
	details := ""
	for _, f := range all {
		if f.State == doctor.Problem {
			details += f.Detail + "\n"
		}
	}
	assert.Contains(t, details, "bank sends codes by sms, but sms.url is not set")
	assert.Contains(t, details, "twin sends codes by sms, but sms.url is not set")
	assert.Contains(t, details, "callers of the queue nowhere@default wait, which wallboard.queues does not have")
	assert.Contains(t, details, "linked asks customers on their own page, which is not there", "in an else, too")
	assert.Contains(t, details, "linked sends codes by sms")
	assert.Contains(t, details, "broken, version 1, is not in force")
	assert.Contains(t, details, "5200", "two lines claim one number")
}

func TestWithoutLinesTheBuiltInOneAnswers(t *testing.T) {
	t.Parallel()
	o := withNATS(t, fresh(t), nil)
	assert.Equal(t, doctor.OK, one(t, o, "lines").State)
	assert.Equal(t, doctor.OK, one(t, o, "nats").State)
}

func TestPromptsMustBeThereAndReadable(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	assert.Equal(t, doctor.Skipped, one(t, o, "prompts").State, "serve writes them")
	o.OwnPrompts = true
	assert.Equal(t, doctor.Problem, one(t, o, "prompts").State)
	require.NoError(t, prompts.Unpack(o.Prompts))
	require.NoError(t, os.Chmod(filepath.Dir(o.Data), 0o755))
	prompt := filepath.Join(o.Prompts, "en", "ask-pin.wav")
	readable := "chmod -R o+rX " + o.Prompts
	for closed, c := range map[string]struct {
		mode os.FileMode
		do   string
	}{
		o.Data: {0o700, "chmod o+x " + o.Data + ","}, prompt: {0o600, readable}, filepath.Dir(prompt): {0o750, readable},
		o.Prompts: {0o750, readable},
	} {
		was, err := os.Stat(closed)
		require.NoError(t, err)
		require.NoError(t, os.Chmod(closed, c.mode))
		for _, freeSWITCH := range []struct {
			uid   int
			known bool
			state doctor.State
		}{{0, false, doctor.Note}, {os.Getuid() + 1, true, doctor.Problem}, {os.Getuid(), true, doctor.OK},
			{0, true, doctor.OK}} {
			f := one(t, doctor.WhereFreeSWITCHRunsAs(freeSWITCH.uid, freeSWITCH.known, o), "prompts")
			assert.Equal(t, freeSWITCH.state, f.State, "%s %v", closed, freeSWITCH)
			if f.State != doctor.OK {
				assert.Contains(t, f.Do, c.do)
			}
		}
		require.NoError(t, os.Chmod(closed, was.Mode()))
	}
	var f doctor.Finding
	require.NoError(t, os.Remove(prompt))
	f = one(t, o, "prompts")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Equal(t, "callers hear a tone in place of ask-pin", f.Detail)
}

func TestAnotherProgramOnOurPortIsAProblem(t *testing.T) {
	t.Parallel()
	for hello, state := range map[string]doctor.State{"SSH-2.0-x": doctor.Problem, "connect\r\n\r\n": doctor.OK} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if nc, err := l.Accept(); err == nil {
				_, _ = nc.Write([]byte(hello))
				_ = nc.Close()
			}
		}()
		o := fresh(t)
		o.Socket = l.Addr().String()
		assert.Equal(t, state, one(t, o, "socket").State, hello)
		require.NoError(t, l.Close())
		<-done
	}
}

func TestOurOwnServiceThatHangsIsNotTakenForAStranger(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	defer l.Close()
	o := fresh(t)
	o.Socket, o.Timeout, o.Flags = l.Addr().String(), 100*time.Millisecond, "--data "+o.Data
	f := one(t, o, "socket")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Contains(t, f.Detail, "another program")
	assert.NoFileExists(t, datafile.FolderLock(o.Data), "doctor makes none")
	unlock, err := datafile.Lock(datafile.FolderLock(o.Data))
	require.NoError(t, err)
	f = one(t, o, "socket")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Contains(t, f.Detail, "hangs")
	assert.Contains(t, f.Do, "restart it")
	unlock()
	assert.Contains(t, one(t, o, "socket").Detail, "another program", "our service has ended")
}

func TestHintsNameTheFolderThatIsMeant(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	o.Flags, o.Timeout = "--config /etc/c.yaml --data /srv/x", 100*time.Millisecond
	hints := 0
	for _, f := range doctor.Run(t.Context(), o) {
		for _, text := range []string{f.Do, f.Detail} {
			if strings.Contains(text, "countersign serve") || strings.Contains(text, "countersign customers") {
				assert.Contains(t, text, o.Flags)
				hints++
			}
		}
	}
	assert.GreaterOrEqual(t, hints, 4)
}

func TestAnOpenAPIAndKeysWithoutScopesArePointedOut(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	assert.Empty(t, found(t, o, "api"))
	o.OpenAPI, o.UnscopedKeys = "0.0.0.0:8085", []string{"app", "screen"}
	all := found(t, o, "api")
	require.Len(t, all, 2)
	assert.Contains(t, all[0].Detail, "0.0.0.0:8085 is open to the network without TLS")
	assert.Contains(t, all[1].Detail, "app, screen have no scopes")
}

func TestAScheduleNeedsItsFolder(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	there, missing := t.TempDir(), filepath.Join(t.TempDir(), "gone")
	o.ReportFolders = []string{there, missing}
	all := found(t, o, "schedules")
	require.Len(t, all, 2)
	assert.Equal(t, doctor.Problem, all[0].State)
	assert.Contains(t, all[0].Detail, missing)
	assert.Equal(t, doctor.Skipped, all[1].State)
}

func TestTheDialplanIsChecked(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	assert.Contains(t, one(t, o, "freeswitch").Detail, "our dialplan is in "+o.FreeSWITCH)
	vars := filepath.Join(o.FreeSWITCH, "vars.xml")
	require.NoError(t, os.WriteFile(vars, []byte(`<X-PRE-PROCESS cmd="set" data="default_password=1234"/>`), 0o600))
	all := found(t, o, "freeswitch")
	require.Len(t, all, 2)
	assert.Equal(t, doctor.Note, all[1].State, "calls work, with a delay")
	assert.Contains(t, all[1].Detail, "default_password is 1234")
	require.NoError(t, os.WriteFile(vars,
		[]byte(`<X-PRE-PROCESS cmd="stun-set" data="external_rtp_ip=stun:stun.freeswitch.org"/>`), 0o600))
	all = found(t, o, "freeswitch")
	require.Len(t, all, 2)
	assert.Equal(t, doctor.Note, all[1].State)
	assert.Contains(t, all[1].Detail, "STUN")
	plan := filepath.Join(o.FreeSWITCH, "dialplan", "countersign.xml")
	now, err := os.ReadFile(plan)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(plan, []byte(strings.ReplaceAll(string(now), "cs_when_hung", "x")), 0o600))
	assert.Equal(t, doctor.Problem, found(t, o, "freeswitch")[0].State, "an earlier version")
	assert.Contains(t, found(t, o, "freeswitch")[0].Detail, "of an earlier version")
	require.NoError(t, os.WriteFile(plan, now, 0o600))
	require.NoError(t, os.Remove(plan))
	assert.Equal(t, doctor.Problem, found(t, o, "freeswitch")[0].State, "no call works")
	require.NoError(t, os.RemoveAll(filepath.Join(o.FreeSWITCH, "dialplan")))
	assert.Equal(t, doctor.Problem, one(t, o, "freeswitch").State)
}

// withDialplan copies our dialplan into FreeSWITCH's configuration.
func withDialplan(t *testing.T, conf string) string {
	t.Helper()
	require.NoError(t, os.CopyFS(conf, os.DirFS(filepath.Join("..", "..", "freeswitch", "conf"))))
	return conf
}
