package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/store/sqlite"
)

// damages are what happens to a database while nobody uses it.
var damages = map[string]func(r *rand.Rand, text []byte) []byte{
	"cut short": func(r *rand.Rand, text []byte) []byte { return text[:1+r.IntN(len(text)-1)] },
	"flipped bytes": func(r *rand.Rand, text []byte) []byte {
		for range 1 + r.IntN(64) {
			text[r.IntN(len(text))] ^= byte(1 + r.IntN(255))
		}
		return text
	},
	"a page of zeros": func(r *rand.Rand, text []byte) []byte {
		const page = 4096
		at := r.IntN(len(text)/page) * page
		clear(text[at : at+page])
		return text
	},
}

// damageCounts is what became of damaged databases.
type damageCounts struct {
	rounds, refused, rebuilt, told, unnoticed, calls int // unnoticed: no structure is damaged, only values
	silent                                           int // damaged, and nothing said so
	late, unproven                                   int
}

func (c damageCounts) cells() string {
	return fmt.Sprintf(" %d | %d | %d | %d | %d | %d | %d | %d | %d |", c.rounds, c.refused, c.rebuilt, c.told,
		c.unnoticed, c.calls, c.silent, c.late, c.unproven)
}

// A damaged database is named, with what to do, and one that can be rebuilt is rebuilt. Nobody is verified by it.
func TestADatabaseThatIsDamagedIsNamedOrRebuilt(t *testing.T) {
	t.Parallel()
	by, r := scaleOfFaults(t), crashSeed(t)
	from, n := usedFolder(t)
	table := &faultTable{t: t}
	files := []string{"attempts.db", "reports.db"} // others: TestAServiceDoesNotReplaceDatabasesThatAreGoneOrDamaged
	if by.large {
		files = append(files, "directory.db", "journal.db", "audit.db")
	}
	for _, name := range files {
		for kind, damage := range damages {
			if !by.large && kind != "cut short" {
				continue
			}
			r := rand.New(rand.NewPCG(r.Uint64(), 0))
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				var c damageCounts
				for range by.rounds {
					s := &damagedSite{t: t, folder: inMemory(t), settings: from.config(n.name)}
					require.NoError(t, os.CopyFS(s.data(), os.DirFS(filepath.Join(from.dir, n.name))))
					s.round(&c, name, func(text []byte) []byte { return damage(r, text) })
				}
				t.Logf("%+v", c)
				assert.Zero(t, c.silent, "damaged, and nothing said so")
				assert.Zero(t, c.late)
				assert.Zero(t, c.unproven)
				if by.large {
					table.write(fmt.Sprintf("| `%s` | %s |", name, kind), c.cells())
				}
			})
		}
	}
}

// damagedSite is a copy of a used folder, with one damaged file.
type damagedSite struct {
	t        *testing.T
	folder   string
	settings string
}

func (s *damagedSite) data() string { return filepath.Join(s.folder, "data") }

func (s *damagedSite) round(c *damageCounts, name string, damage func([]byte) []byte) {
	t := s.t
	t.Helper()
	c.rounds++
	path := filepath.Join(s.data(), name)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, damage(whole), 0o600))
	copied := filepath.Join(s.folder, "copy.db")
	require.NoError(t, copyFile(path, copied))
	isDamaged := damagedBySQLite(t, copied)

	run := func(args ...string) (int, string, string) {
		return countersign(t, "", append([]string{"--config", s.settings, "--data", s.data()}, args...)...)
	}
	_, doctor, _ := run("doctor")
	phone, log, end := s.serve()
	if phone == nil {
		c.refused++
		if !strings.Contains(log(), path+" is") || !strings.Contains(log(), "restore it from a backup") {
			t.Logf("refused without a name: %s", log())
			c.silent++
		}
		end()
		return
	}
	for i, caller := range []sim.Caller{
		keys("ask-account", "100042", "ask-pin", "111222"), keys("ask-account", "100043", "ask-pin", "333444"),
		keys("ask-account", "100042", "ask-pin", "246813"),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		res, err := phone.Call(ctx, sim.CallOptions{From: "anonymous", To: "5200", Caller: caller})
		cancel()
		if c.calls++; err != nil || res.Lost {
			t.Logf("not with a person: %s %s %v", res.End, res.Reason, err)
			c.late++
		}
		if res.Variables["cs_status"] == "verified" && i < 2 {
			t.Logf("verified without proof, by %s", name)
			c.unproven++
		}
	}
	said := func() bool {
		return strings.Contains(log(), path+" is") || strings.Contains(doctor, path+" is")
	}
	aside := func() bool {
		found, err := filepath.Glob(path + ".damaged-*")
		return err == nil && len(found) == 1 && exists(path)
	}
	canBeRebuilt := name == "attempts.db" || name == "reports.db"
	switch {
	case isDamaged && canBeRebuilt:
		if c.rebuilt++; !assert.Eventually(t, func() bool { return aside() && said() }, patience, 10*time.Millisecond) {
			c.silent++
		}
	case isDamaged:
		if c.told++; !said() {
			t.Logf("nothing said that %s is damaged: %s\n%s", name, doctor, log())
			c.silent++
		}
	default:
		c.unnoticed++
	}
	end()
	if name == "reports.db" && aside() {
		assert.NoError(t, sqlite.Check(t.Context(), path, true), "the new one is whole")
	}
}

// damagedBySQLite asks SQLite itself.
func damagedBySQLite(t *testing.T, path string) bool {
	t.Helper()
	var found string
	err := readOnly(t, path).QueryRowContext(t.Context(), "PRAGMA integrity_check(1)").Scan(&found)
	return err != nil || found != "ok"
}

// serve starts the service; there is no telephone if it refuses to start.
func (s *damagedSite) serve() (phone *sim.Switch, log func() string, end func()) {
	t := s.t
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	cmd := command(ctx, "--config", s.settings, "--data", s.data(), "serve")
	file, err := os.Create(filepath.Join(s.folder, "log"))
	require.NoError(t, err)
	cmd.Stderr = file
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	end = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); cancel(); _ = file.Close() })
	t.Cleanup(end)
	log = func() string {
		text, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		return strings.ReplaceAll(string(text), `\"`, `"`)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	found := serving.FindStringSubmatch(line)
	if len(found) != 3 {
		return nil, log, end
	}
	phone, err = sim.New(sim.Options{Address: found[1], DeadMan: 4 * time.Minute})
	require.NoError(t, err)
	return phone, log, end
}
