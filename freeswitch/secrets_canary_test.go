package freeswitch_test

import (
	"maps"
	"net/http"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEverySecretOfEveryWayIsFoundNowhere is the canary for what callers say, for codes, dates of birth, tokens and our
// own keys: after real calls that use them, right, wrong and broken off, nothing that FreeSWITCH or the service has
// written or said has them, and nothing that the screens show. The second half leaks each of them on purpose.
func TestEverySecretOfEveryWayIsFoundNowhere(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	e := startEverySecret(t)
	e.rehearse(t)
	e.draw(t)
	t.Run("calls", func(t *testing.T) {
		inParallel(t,
			scenario{"the authenticator's code", e.totp},
			scenario{"a passphrase said right", e.saidRight},
			scenario{"passphrases said wrong, and codes", e.saidWrong},
			scenario{"a passphrase broken off", e.brokenOff},
			scenario{"a PIN that is said", e.aPINThatIsSaid},
			scenario{"a date of birth and a fact", e.birthDate},
			scenario{"a date of birth and a fact in German", e.geburtsdatum},
			scenario{"a token, redeemed", e.tokenRedeemed},
			scenario{"a token whose caller hangs up", e.tokenHungUp},
			scenario{"a token while nobody answers", e.tokenAway},
			scenario{"a token while the service dies", e.tokenDies},
		)
	})
	if t.Failed() {
		return
	}
	e.secrets = append(e.secrets, secret{what: "SMS code", digits: []string{e.sent, otherDigits(e.sent, 1)}})
	e.tokensAreUsedUp(t)
	e.onlyRecognizedWordsAreLogged(t)
	e.atInfoNothingIsLogged(t)
	e.nothingIsLeftBehind(t)
	if t.Failed() {
		return
	}

	// From here on they are leaked on purpose.
	e.Service.Start(t)
	e.Events = subscribe(t, e.Service)
	t.Run("the search finds what leaks", func(t *testing.T) { e.leakOnPurpose(t, append(e.secrets, e.peppers...)) })
}

func (e *everySecret) tokensAreUsedUp(t *testing.T) {
	t.Helper()
	for _, used := range []string{e.token.redeemed, e.token.hungUp} {
		status, answer := e.Service.redeem(t, used)
		assert.Equal(t, http.StatusUnprocessableEntity, status, "a token that was on a call is used up: %s", answer)
	}
}

// onlyRecognizedWordsAreLogged: what mod_pocketsphinx understood is in the log at DEBUG, and nowhere else.
func (e *everySecret) onlyRecognizedWordsAreLogged(t *testing.T) {
	t.Helper()
	now, heard := e.places(t, e.Service, e.doomed).withoutRecognized()
	assert.Positive(t, heard, "mod_pocketsphinx logs words no more: the guide and this exception can go")
	guide, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(guide), "Recognized: ", "the exception is documented")
	assert.Empty(t, now.leaks(e.secrets...), "while the service runs")
}

// atInfoNothingIsLogged: at INFO the words are not even in FreeSWITCH's log.
func (e *everySecret) atInfoNothingIsLogged(t *testing.T) {
	t.Helper()
	e.API(t, "fsctl loglevel info")
	c := e.begins(t, numberOf(779, 8), e.customers[6].Phones)
	c.SayUntilHeard(t, e.phrases[4])
	isVerifiedAt(t, c, "menu")
	assert.Empty(t, e.places(t, e.Service).leaks(e.secrets[4]), "at INFO")
	e.API(t, "fsctl loglevel debug")
}

// nothingIsLeftBehind looks at what the API, the screens and webhooks say about the calls, and at everything once the
// service has ended.
func (e *everySecret) nothingIsLeftBehind(t *testing.T) {
	t.Helper()
	all := places{}
	for id := range e.Events.calls() {
		var status int
		status, all["HTTP answer "+id] = e.Service.look(t, "/v1/calls/"+id)
		assert.Equal(t, http.StatusOK, status)
	}
	require.NotEmpty(t, all)
	maps.Copy(all, e.watcher.seen(t, e.Events.calls()))
	maps.Copy(all, e.hooks.told(t))
	// A clean end writes SQLite's log into the database and closes NATS's files.
	e.Service.Signal(t, syscall.SIGTERM)
	e.Service.AwaitExit(t, serviceStopsWithin)
	maps.Copy(all, e.places(t, e.Service, e.doomed))
	all, _ = all.withoutRecognized()
	assert.Empty(t, all.leaks(e.secrets...), "after the service has stopped")
	assert.Empty(t, all.withoutKeyFiles().leaks(e.peppers...), "after the service has stopped")
	var numbers secret
	for i := range 10 {
		numbers.texts = append(numbers.texts, numberOf(779, i)[2:], numberOf(127, i)[2:])
	}
	assert.Empty(t, all.withoutCustomers().leaks(numbers),
		"telephone numbers are with the customers and in FreeSWITCH, and nowhere else")
}
