package whatif_test

import (
	"testing"

	"countersign/lines/whatif"
	"countersign/session"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
)

// broughtAToken is a call whose token names methods; questions follow if they are not enough.
func broughtAToken(level session.Level, methods []event.Method, questions ...[]event.Data) []event.Data {
	all := []event.Data{
		event.CallStarted{Channel: "leg", CallerLast4: "0001"},
		event.Identified{
			Customer: "C-1", Name: "Ada", Method: event.MethodToken, Status: level.Status(), Level: int(level),
		},
	}
	for _, q := range questions {
		all = append(all, q...)
	}
	return all
}

func TestATokensProofsFollowFromItsMethods(t *testing.T) {
	t.Parallel()
	pinRight := ran("pin", event.StepPassed, "", right)
	for name, c := range map[string]struct {
		methods []event.Method // of the token
		level   session.Level
		asked   [][]event.Data
	}{
		"a password":                  {[]event.Method{"password"}, session.Verified, nil},
		"the app":                     {[]event.Method{"app"}, session.Verified, nil},
		"an identifier and the app":   {[]event.Method{"account", "app"}, session.Verified, nil},
		"the app and a password":      {[]event.Method{"app", "password"}, session.Strong, nil},
		"a PIN in front":              {[]event.Method{"pin"}, session.Verified, nil},
		"a code in front":             {[]event.Method{"sms_code", "account"}, session.Verified, nil},
		"two weak answers":            {[]event.Method{"birth_date"}, session.Identified, [][]event.Data{pinRight}},
		"an identifier alone":         {[]event.Method{"phone"}, session.Identified, [][]event.Data{pinRight}},
		"an identifier, not in front": {[]event.Method{"birth_date", "ani"}, session.Identified, [][]event.Data{pinRight}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			methods := append(append([]event.Method(nil), c.methods...), event.MethodToken)
			if c.asked != nil {
				methods = append(methods, event.MethodPIN)
			}
			events := verified(broughtAToken(c.level, c.methods, c.asked...), methods...)
			if c.level == session.Strong {
				for i, e := range events {
					switch d := e.Data.(type) {
					case event.Verified:
						d.Level = int(c.level)
						events[i].Data = d
					case event.CallEnded:
						d.Level = int(c.level)
						events[i].Data = d
					}
				}
			}
			r := trial(t, retail(t, "pin: {}", "")).Run(t.Context(), events)
			assert.Equal(t, whatif.Same, r.Verdict, "%+v", r)
			assert.Empty(t, r.Why)
		})
	}
}

// A call that comes back brings its earlier methods, and a company may have named any of them.
func TestACompanysOwnMethodIsAnIdentifierIfFirstAndAFactOtherwise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		methods []event.Method
		level   session.Level
		want    whatif.Verdict
	}{
		"an identifier":               {[]event.Method{"contract", "pin"}, session.Verified, whatif.Same},
		"an identifier and a fact":    {[]event.Method{"contract", "postcode", "birth_date"}, session.Verified, whatif.Same},
		"an identifier of ours":       {[]event.Method{"tracking", "pin"}, session.Verified, whatif.Same},
		"more than they can have":     {[]event.Method{"contract", "postcode"}, session.Verified, whatif.Unknown},
		"a fact called password":      {[]event.Method{"account", "password", "birth_date"}, session.Verified, whatif.Same},
		"and no more than a fact":     {[]event.Method{"account", "password"}, session.Verified, whatif.Unknown},
		"the customer number, a fact": {[]event.Method{"customer", "birth_date", "postcode"}, session.Verified, whatif.Same},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := []event.Data{
				event.CallStarted{Channel: "leg", CallerLast4: "0001", Continues: "call-0"},
				event.Identified{
					Customer: "C-1", Name: "Ada", Method: c.methods[0], Status: c.level.Status(), Level: int(c.level),
				},
			}
			r := trial(t, retail(t, "pin: {}", "")).Run(t.Context(), verified(all, c.methods...))
			assert.Equal(t, c.want, r.Verdict, "%+v", r)
		})
	}
}
