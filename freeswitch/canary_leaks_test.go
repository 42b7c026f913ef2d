package freeswitch_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (k *keyed) leaksInFreeSWITCH(t *testing.T, digits string) {
	c := callWithSIPp(t, k.freeSWITCH, dial{To: "leaky", Keys: []keys{{After: 300 * time.Millisecond, Digits: digits}}})
	c.AwaitOver(t, 20*time.Second)
	c.Record(t)
	k.awaitLeaks(t, digits, "freeswitch.log", "Master.csv", ".cdr.json")
	log := k.places(t).find(digits)["freeswitch.log"]
	assert.Contains(t, log, "key by key", "FreeSWITCH logs each key; nothing of that was there for the calls above")
}

func (k *keyed) leaksInEvents(t *testing.T, digits string) {
	k.Service.importCustomers(t, []customer{{ID: "C-6", Name: "Planted " + digits, Phones: "+15551239007",
		Account: "800048", PIN: "8350"}})
	c := callWithSIPp(t, k.freeSWITCH, dial{From: "+15551239007"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("8350#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.Record(t)
	k.Events.Journey(t, c)
	k.awaitLeaks(t, digits, "data/directory.db", "data/journal.db", "data/nats", "NATS message")
}

func (k *keyed) leaksInTheLog(t *testing.T, digits string) {
	conn, err := net.DialTimeout("tcp", k.Service.Address(), dialWithin)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "Content-Type: command/reply\nReply-Text: -ERR %s\n\n", digits)
	require.NoError(t, err)
	k.awaitLeaks(t, digits, "service/log")
}

// awaitLeaks waits until the search finds digits in each of these places, named by a part of their names.
func (s *site) awaitLeaks(t *testing.T, digits string, names ...string) {
	t.Helper()
	var missing []string
	found := await(cdrWithin, func() bool {
		missing = slices.Clone(names)
		for name, at := range s.places(t, s.Service).find(digits) {
			if i := slices.IndexFunc(missing, func(part string) bool { return strings.Contains(name, part) }); i >= 0 {
				missing = slices.Delete(missing, i, i+1)
				t.Logf("found, as it should be, in %s: %s", name, at)
			}
		}
		return len(missing) == 0
	})
	require.True(t, found, "digits leaked into %v, the search does not find them in %v", names, missing)
}
