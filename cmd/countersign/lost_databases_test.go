package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// usedFolder is a data folder that a service has used, with customers, a call, reports and an audit log.
func usedFolder(t *testing.T) (s *site, n *node) {
	t.Helper()
	s = newSite(t, 1, adaAndBob, "")
	n = s.nodes[0]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	s.journey(n.call(rightPIN()))
	code, _, stderr := n.run("customers", "import", s.file("customers.csv", adaAndBob))
	require.Equal(t, exitDone, code, stderr)
	n.stop()
	return s, n
}

// run runs a command on the node's own folder.
func (n *node) run(args ...string) (code int, stdout, stderr string) {
	n.s.t.Helper()
	return countersign(n.s.t, "", append([]string{
		"--config", n.s.config(n.name), "--data", filepath.Join(n.s.dir, n.name),
	}, args...)...)
}

func (n *node) file(name string) string { return filepath.Join(n.s.dir, n.name, name) }

func TestAServiceDoesNotReplaceDatabasesThatAreGoneOrDamaged(t *testing.T) {
	t.Parallel()
	_, n := usedFolder(t)
	damages := map[string]struct {
		damage func(path string) error
		says   string
	}{
		"missing":   {os.Remove, "is missing, but there was one"},
		"empty":     {func(path string) error { return os.Truncate(path, 0) }, "is empty, but there was one"},
		"truncated": {func(path string) error { return os.Truncate(path, 4096) }, "is a damaged database"},
		"no header": {func(path string) error { return writeAt(path, 0, make([]byte, 64)) }, "is not a database"},
		"a folder": {func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		}, "is a folder"},
		"the audit log": {func(path string) error { return copyFile(n.file("audit.db"), path) },
			"is a database, but not Countersign's"},
	}
	for _, name := range []string{"directory.db", "journal.db", "attempts.db"} {
		whole, err := os.ReadFile(n.file(name))
		require.NoError(t, err)
		for kind, d := range damages {
			if name == "attempts.db" && (kind == "truncated" || kind == "no header") {
				continue // it is begun anew: TestADatabaseThatIsDamagedIsNamedOrRebuilt
			}
			require.NoError(t, d.damage(n.file(name)))
			code, _, stderr := n.run("serve")
			assert.Equal(t, exitFailed, code, "%s: %s", name, kind)
			oneSentence(t, stderr, n.file(name)+" "+d.says, "restore it from a backup")
			if name != "attempts.db" { // doctor reads locks in NATS
				code, stdout, _ := n.run("doctor")
				assert.Equal(t, exitFailed, code)
				assert.Contains(t, stdout, n.file(name)+" "+d.says)
			}
			for _, end := range []string{"", "-wal", "-shm"} {
				require.NoError(t, os.RemoveAll(n.file(name+end)))
			}
			require.NoError(t, os.WriteFile(n.file(name), whole, 0o600))
		}
	}
	n.start() // all is restored
	assert.Equal(t, "verified", n.call(rightPIN()).Variables["cs_status"], n.log())
	n.stop()
	for _, name := range []string{"directory.db", "journal.db"} {
		require.NoError(t, os.Remove(n.file(name)))
		require.NoError(t, os.Remove(n.file(name+".created")))
	}
	n.start() // anew
	assert.Equal(t, "agents XML default", n.call(rightPIN()).Destination, "nobody is known")
}

func TestReportsThatAreGoneAreRebuiltOnRequest(t *testing.T) {
	t.Parallel()
	_, n := usedFolder(t)
	require.NoError(t, os.Remove(n.file("reports.db")))
	n.start() // calls come first
	assert.Equal(t, "menu XML default", n.call(rightPIN()).Destination)
	require.Eventually(t, func() bool {
		return strings.Contains(n.log(), "reports.db is missing, but there was one")
	}, patience, 20*time.Millisecond)
	assert.Contains(t, n.log(), `run \"countersign report rebuild\"`)
	assert.NoFileExists(t, n.file("reports.db"))
	code, _, stderr := n.run("report", "summary")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "is missing, but there was one", "countersign report rebuild")
	code, _, stderr = n.run("report", "rebuild")
	require.Equal(t, exitDone, code, stderr)
	code, stdout, stderr := n.run("report", "calls", "--format", "csv")
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, 3, strings.Count(stdout, "\n"), "both calls and a head: %s", stdout)
}

func TestAnAuditLogThatIsGoneIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	_, n := usedFolder(t)
	require.NoError(t, os.Remove(n.file("audit.db")))
	code, _, stderr := n.run("customers", "import", n.s.file("customers.csv", adaAndBob))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "audit.db is missing, but there was one")
	code, _, stderr = n.run("audit", "verify")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "audit.db is missing, but there was one")
	assert.NoFileExists(t, n.file("audit.db"))
}

func TestThePepperIsNotMadeAnewWithTheCustomersGone(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, adaAndBob, "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	for _, name := range []string{"directory.db", "pepper"} {
		require.NoError(t, os.Remove(filepath.Join(data, name)))
	}
	code, _, stderr = countersign(t, adaAndBob, "--data", data, "customers", "import", "-")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "pepper is missing: restore it from a backup")
	assert.NoFileExists(t, filepath.Join(data, "pepper"))
}

func writeAt(path string, at int64, with []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(with, at); err != nil {
		return err
	}
	return f.Close()
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}
