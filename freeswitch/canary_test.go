package freeswitch_test

import (
	"maps"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// leaky is a number with a dialplan that asks for digits the careless way.
var leaky = map[string]string{"public/91_leaky.xml": `
<extension name="leaky"><condition field="destination_number" expression="^leaky$">
<action application="answer"/>
<action application="play_and_get_digits" data="6 6 1 9000 # silence_stream://100 silence_stream://10 keyed \d+ 3000"/>
<action application="hangup"/>
</condition></extension>`}

// TestKeyedSecretsAreFoundNowhere is the canary in the mine: PINs keyed on real calls, right and wrong ones, typed
// ahead, broken off, keyed too late, keyed while the service dies, are in nothing that FreeSWITCH or the service writes
// or says. What the search would find if it were there, the second half shows: the same search finds digits in each of
// these places when they are really leaked into it.
func TestKeyedSecretsAreFoundNowhere(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	t.Run("calls", func(t *testing.T) {
		inParallel(t,
			scenario{"a known number and the right PIN", k.rightPIN},
			scenario{"account and PIN typed ahead", k.typedAhead},
			scenario{"a PIN typed ahead behind an account that does not exist", k.flushed},
			scenario{"wrong PINs, and one more while the failure is told", k.wrongPINs},
			scenario{"a PIN broken off by hanging up", k.hangsUp},
			scenario{"a PIN broken off by the star key", k.starKey},
			scenario{"a PIN broken off by the end of the service", k.serviceDies},
		)
	})
	if t.Failed() {
		return
	}
	assert.Empty(t, k.places(t, k.Service, k.doomed).find(k.secrets...), "while the service runs")
	assert.Empty(t, k.watcher.seen(t, k.Events.calls()).find(k.secrets...), "on the screens")

	// From here on the digits are leaked on purpose.
	inFreeSWITCH, inEvents, inLog := k.before.drawDigits(6), k.before.drawDigits(6), k.before.drawDigits(6)
	t.Run("the search finds what leaks", func(t *testing.T) {
		t.Run("into FreeSWITCH's log and call records", func(t *testing.T) { k.leaksInFreeSWITCH(t, inFreeSWITCH) })
		t.Run("into databases, NATS and its files", func(t *testing.T) { k.leaksInEvents(t, inEvents) })
		t.Run("into the service's log", func(t *testing.T) { k.leaksInTheLog(t, inLog) })
	})

	// A clean end writes SQLite's log into the database and closes NATS's files.
	k.Service.Signal(t, syscall.SIGTERM)
	k.Service.AwaitExit(t, serviceStopsWithin)
	after := k.places(t, k.Service, k.doomed)
	assert.Empty(t, after.find(k.secrets...), "after the service has stopped")
	assert.NotEmpty(t, findKeyed(after["data/journal.db"], inEvents), "the same search finds the planted digits there")
	assert.NotEmpty(t, findKeyed(after["data/directory.db"], inEvents))
}

// keyed is a bank whose customers key secrets, and a second service that does not live to see the end of a call.
type keyed struct {
	*site
	doomed  *service
	watcher *watcher
	// before is what was written and said when the secrets were drawn; secrets are what must be nowhere.
	before  places
	secrets []string
	// pin has those of the customers and those that are keyed and nobody's.
	pin struct {
		ahead, known, other, leaves, declines, dies string
		flushed, first, second, third               string
	}
}

func startKeyed(t *testing.T) *keyed {
	t.Helper()
	k := &keyed{
		site: startSiteWith(t, serviceOptions{Customers: []customer{
			{ID: "C-0", Name: "Rehearsal", Phones: "+15551239000", Account: "800000", PIN: "8350"},
		}}, leaky),
		doomed: startService(t, serviceOptions{Customers: []customer{{ID: "D-0", Name: "Rehearsal"}}}),
	}
	k.watcher = startWatcher(t, k.Service)
	// A rehearsal, so that what is in every log and record of a call is there before the secrets are drawn.
	rehearsal := callWithSIPp(t, k.freeSWITCH, dial{From: "+15551239000"})
	rehearsal.AwaitAsked(t, "ask-pin", 1, askedWithin)
	rehearsal.Press("8350#")
	rehearsal.AwaitAt(t, "default", "menu", saidWithin)
	rehearsal.Record(t)
	k.before = k.places(t, k.Service, k.doomed)
	maps.Copy(k.before, k.watcher.seen(t, k.Events.calls()))
	p := &k.pin
	for _, pin := range []*string{
		&p.ahead, &p.known, &p.other, &p.leaves, &p.declines, &p.dies, &p.flushed, &p.first, &p.second, &p.third,
	} {
		*pin = k.before.drawDigits(6)
		k.secrets = append(k.secrets, *pin, (*pin)[:5])
	}
	k.Service.importCustomers(t, []customer{
		{ID: "C-1", Name: "Types Ahead", Account: "8000420017", PIN: p.ahead},
		{ID: "C-2", Name: "Known Number", Phones: "+15551239002", Account: "800043", PIN: p.known},
		{ID: "C-3", Name: "Makes Mistakes", Phones: "+15551239003", Account: "800044", PIN: p.other},
		{ID: "C-4", Name: "Hangs Up", Phones: "+15551239004", Account: "800045", PIN: p.leaves},
		{ID: "C-5", Name: "Opts Out", Phones: "+15551239005", Account: "800046", PIN: p.declines},
	})
	k.doomed.importCustomers(t, []customer{
		{ID: "D-1", Name: "Sees It Die", Phones: "+15551239006", Account: "800047", PIN: p.dies},
	})
	t.Logf("the secrets of this run: %v", k.secrets)
	return k
}
