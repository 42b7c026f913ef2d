package freeswitch_test

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// careless writes into FreeSWITCH's log and call records what a caller's side sends.
var careless = map[string]string{"public/91_careless.xml": `
<extension name="careless"><condition field="destination_number" expression="^careless$">
<action application="answer"/>
<action application="sleep" data="200"/>
<action application="log" data="INFO ${sip_h_X-Leak}"/>
</condition></extension>`}

// leakOnPurpose has FreeSWITCH and the service write secrets everywhere, and looks for each.
func (s *site) leakOnPurpose(t *testing.T, secrets []secret) {
	t.Helper()
	var samples []string
	for _, x := range secrets {
		samples = append(samples, x.sample())
	}
	t.Run("into FreeSWITCH's log and call records", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{To: "careless", Headers: []string{"X-Leak: " + strings.Join(samples, " ")}})
		c.AwaitOver(t, 20*time.Second)
		c.Record(t)
		s.awaitLeaked(t, secrets, "freeswitch.log", "Master.csv", ".cdr.json")
	})
	t.Run("into databases, NATS and its files", func(t *testing.T) {
		t.Parallel()
		var customers []customer
		name := "Planted"
		for i, sample := range samples {
			if name += " " + sample; i == len(samples)-1 || len(name)+len(samples[i+1]) > 190 {
				customers = append(customers, customer{ID: fmt.Sprintf("L-%d", len(customers)), Name: name})
				name = "Planted"
			}
		}
		s.Service.importCustomers(t, customers)
		var calls []*call
		for i, k := range customers {
			calls = append(calls, callWithSIPp(t, s.freeSWITCH,
				dial{From: numberOf(780, i), Headers: []string{"X-Countersign-Token: " + s.Service.token(t, k.ID, "*")}}))
		}
		for _, c := range calls {
			c.AwaitAt(t, "default", "menu", saidWithin)
			c.Record(t)
			s.Events.Journey(t, c)
		}
		s.awaitLeaked(t, secrets, "data/directory.db", "data/journal.db", "data/nats", "NATS message")
	})
	t.Run("into the service's log", func(t *testing.T) {
		t.Parallel()
		for _, sample := range samples {
			conn, err := net.DialTimeout("tcp", s.Service.Address(), dialWithin)
			require.NoError(t, err)
			defer conn.Close()
			_, err = fmt.Fprintf(conn, "Content-Type: command/reply\nReply-Text: -ERR %s\n\n", sample)
			require.NoError(t, err)
		}
		s.awaitLeaked(t, secrets, "service/log")
	})
}

// sample is one form of a secret, fit to be leaked: at most 70 printable characters.
func (x secret) sample() string {
	if len(x.digits) > 0 {
		return x.digits[0]
	}
	return x.texts[len(x.texts)-1]
}

// awaitLeaked waits until the search finds each secret in each of these places, named by a part of their names.
func (s *site) awaitLeaked(t *testing.T, secrets []secret, names ...string) {
	t.Helper()
	var missing []string
	found := await(cdrWithin, func() bool {
		missing = nil
		all := s.places(t, s.Service).withoutKeyFiles()
		for _, x := range secrets {
			found := slices.Collect(maps.Keys(all.leaks(x)))
			for _, part := range names {
				if !slices.ContainsFunc(found, func(name string) bool { return strings.Contains(name, part) }) {
					missing = append(missing, x.what+" in "+part)
				}
			}
		}
		return len(missing) == 0
	})
	assert.True(t, found, "leaked, but not found: %v", missing)
}
