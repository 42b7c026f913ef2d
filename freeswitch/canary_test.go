package freeswitch_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leaky is a number with a dialplan that asks for digits the careless way.
var leaky = map[string]string{"public/91_leaky.xml": `<extension name="leaky"><condition field="destination_number" expression="^leaky$">
<action application="answer"/>
<action application="play_and_get_digits" data="6 6 1 9000 # silence_stream://100 silence_stream://10 keyed \d+ 3000"/>
<action application="hangup"/>
</condition></extension>`}

// TestKeyedSecretsAreFoundNowhere is the canary in the mine: PINs keyed on real calls, right and wrong ones, typed ahead, broken off, keyed too
// late, keyed while the service dies, are in nothing that FreeSWITCH or the service writes or says. What the search would find if it were there,
// the second half shows: the same search finds digits in each of these places when they are really leaked into it.
func TestKeyedSecretsAreFoundNowhere(t *testing.T) {
	t.Parallel()
	s := startSiteWith(t, serviceOptions{Customers: []customer{{ID: "C-0", Name: "Rehearsal", Phones: "+15551239000", Account: "800000", PIN: "8350"}}}, leaky)
	doomed := startService(t, serviceOptions{Customers: []customer{{ID: "D-0", Name: "Rehearsal"}}})

	// A rehearsal, so that what is in every log and record of a call is there before the secrets are drawn.
	rehearsal := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551239000"})
	rehearsal.AwaitAsked(t, "ask-pin", 1, askedWithin)
	rehearsal.Press("8350#")
	rehearsal.AwaitAt(t, "default", "menu", saidWithin)
	rehearsal.Record(t)
	before := s.places(t, s.Service, doomed)
	var secrets []string
	draw := func() string {
		d := before.drawDigits(6)
		secrets = append(secrets, d, d[:5])
		return d
	}
	ahead, known, other, leaves, declines, dies := draw(), draw(), draw(), draw(), draw(), draw()
	flushed, first, second, third := draw(), draw(), draw(), draw()
	s.Service.importCustomers(t, []customer{
		{ID: "C-1", Name: "Types Ahead", Account: "8000420017", PIN: ahead},
		{ID: "C-2", Name: "Known Number", Phones: "+15551239002", Account: "800043", PIN: known},
		{ID: "C-3", Name: "Makes Mistakes", Phones: "+15551239003", Account: "800044", PIN: other},
		{ID: "C-4", Name: "Hangs Up", Phones: "+15551239004", Account: "800045", PIN: leaves},
		{ID: "C-5", Name: "Opts Out", Phones: "+15551239005", Account: "800046", PIN: declines},
	})
	doomed.importCustomers(t, []customer{{ID: "D-1", Name: "Sees It Die", Phones: "+15551239006", Account: "800047", PIN: dies}})
	t.Logf("the secrets of this run: %v", secrets)

	t.Run("calls", func(t *testing.T) {
		t.Run("a known number and the right PIN", func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551239002"})
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press(known)
			c.AwaitAt(t, "default", "menu", saidWithin)
			assert.Equal(t, "verified", c.Record(t).Variables["cs_status"])
		})
		t.Run("account and PIN typed ahead", func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
			c.AwaitAsked(t, "ask-account", 1, askedWithin)
			c.Press("8000420017#" + ahead + "#")
			c.AwaitAt(t, "default", "menu", saidWithin)
			assert.Equal(t, "verified", c.Record(t).Variables["cs_status"])
		})
		t.Run("a PIN typed ahead behind an account that does not exist", func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
			c.AwaitAsked(t, "ask-account", 1, askedWithin)
			c.Press("899999#" + flushed + "#")
			c.AwaitAsked(t, "ask-account-again", 1, askedWithin)
			c.Press("*")
			c.AwaitAt(t, "default", "agents", saidWithin)
			assert.Equal(t, "opted_out", c.Record(t).Variables["cs_reason"])
		})
		t.Run("wrong PINs, and one more while the failure is told", func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551239003"})
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press(first + "#")
			c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
			c.Press(second + "#")
			c.AwaitAsked(t, "ask-pin-again", 2, askedWithin)
			c.Press(third + "#")
			s.calls.await(t, c.ID, "told of the failure", askedWithin, func(s sighting) bool {
				return s.Application == "playback" && strings.Contains(s.Arguments, "/failure.wav")
			})
			c.Press(other + "#")
			c.AwaitAt(t, "default", "agents", saidWithin)
			r := c.Record(t)
			assert.Equal(t, "wrong_answer", r.Variables["cs_reason"])
			assert.Equal(t, "none", r.Variables["digits_dialed"], "flush_dtmf writes what it throws away into it (flush_test.go)")
		})
		t.Run("a PIN broken off by hanging up", func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551239004"})
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press(leaves[:5])
			c.Record(t)
		})
		t.Run("a PIN broken off by the star key", func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551239005"})
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press(declines[:5] + "*")
			c.AwaitAt(t, "default", "agents", saidWithin)
			assert.Equal(t, "opted_out", c.Record(t).Variables["cs_reason"])
		})
		t.Run("a PIN broken off by the end of the service", func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551239006", To: doomed.Number(time.Minute)})
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press(dies[:5])
			doomed.Kill(t)
			c.AwaitAt(t, "default", "agents", atOnce)
			assert.Equal(t, unavailable, c.Record(t).result())
		})
	})
	if t.Failed() {
		return
	}
	assert.Empty(t, s.places(t, s.Service, doomed).find(secrets...), "while the service runs")

	// From here on the digits are leaked on purpose.
	inFreeSWITCH, inEvents, inLog := before.drawDigits(6), before.drawDigits(6), before.drawDigits(6)
	t.Run("the search finds what leaks", func(t *testing.T) {
		t.Run("into FreeSWITCH's log and call records", func(t *testing.T) {
			c := callWithSIPp(t, s.freeSWITCH, dial{To: "leaky", Keys: []keys{{After: 300 * time.Millisecond, Digits: inFreeSWITCH}}})
			c.AwaitOver(t, 20*time.Second)
			c.Record(t)
			s.awaitLeaks(t, inFreeSWITCH, "freeswitch.log", "Master.csv", ".cdr.json")
			log := s.places(t).find(inFreeSWITCH)["freeswitch.log"]
			assert.Contains(t, log, "key by key", "FreeSWITCH logs each key; nothing of that was there for the calls above")
		})
		t.Run("into databases, NATS and its files", func(t *testing.T) {
			s.Service.importCustomers(t, []customer{{ID: "C-6", Name: "Planted " + inEvents, Phones: "+15551239007", Account: "800048", PIN: "8350"}})
			c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551239007"})
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press("8350#")
			c.AwaitAt(t, "default", "menu", saidWithin)
			c.Record(t)
			s.Events.Journey(t, c)
			s.awaitLeaks(t, inEvents, "data/directory.db", "data/journal.db", "data/nats", "NATS message")
		})
		t.Run("into the service's log", func(t *testing.T) {
			conn, err := net.DialTimeout("tcp", s.Service.Address(), dialWithin)
			require.NoError(t, err)
			defer conn.Close()
			_, err = fmt.Fprintf(conn, "Content-Type: command/reply\nReply-Text: -ERR %s\n\n", inLog)
			require.NoError(t, err)
			s.awaitLeaks(t, inLog, "service/log")
		})
	})

	// A clean end writes SQLite's log into the database and closes NATS's files.
	s.Service.Signal(t, syscall.SIGTERM)
	s.Service.AwaitExit(t, serviceStopsWithin)
	after := s.places(t, s.Service, doomed)
	assert.Empty(t, after.find(secrets...), "after the service has stopped")
	assert.NotEmpty(t, findKeyed(after["data/journal.db"], inEvents), "the same search finds the planted digits there")
	assert.NotEmpty(t, findKeyed(after["data/directory.db"], inEvents))
}

// places is everything that FreeSWITCH and services have written or said so far, by a name for it. Prompts are left out.
func (s *site) places(t testing.TB, services ...*service) places {
	t.Helper()
	all := places{}
	for name, b := range s.Written(t) {
		short, err := filepath.Rel(s.LogDir, name)
		require.NoError(t, err)
		all[short] = b
	}
	for i, m := range s.Events.All() {
		all[fmt.Sprintf("NATS message %d", i+1)] = m
	}
	for i, service := range services {
		other := ""
		if i > 0 {
			other = fmt.Sprintf("service %d: ", i+1)
		}
		all[other+"service/log"] = []byte(service.Log(t))
		out, err := os.ReadFile(service.out)
		require.NoError(t, err)
		all[other+"service/out"] = out
		require.NoError(t, fs.WalkDir(os.DirFS(service.Data), ".", func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil // SQLite and NATS remove files as they please
			}
			if err != nil || d.IsDir() {
				if path == "prompts" {
					return fs.SkipDir
				}
				return err
			}
			b, err := os.ReadFile(filepath.Join(service.Data, path))
			if os.IsNotExist(err) {
				return nil
			}
			all[other+"data/"+path] = b
			return err
		}))
	}
	return all
}

// awaitLeaks waits until the search finds digits in each of these places, named by a part of their names.
func (s *site) awaitLeaks(t *testing.T, digits string, names ...string) {
	t.Helper()
	deadline := time.Now().Add(cdrWithin)
	for {
		missing := slices.Clone(names)
		for name, at := range s.places(t, s.Service).find(digits) {
			if i := slices.IndexFunc(missing, func(part string) bool { return strings.Contains(name, part) }); i >= 0 {
				missing = slices.Delete(missing, i, i+1)
				t.Logf("found, as it should be, in %s: %s", name, at)
			}
		}
		if len(missing) == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), "digits leaked into %v, the search does not find them in %v", names, missing)
		time.Sleep(10 * poll)
	}
}
