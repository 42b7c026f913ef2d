package session_test

import (
	"testing"

	"countersign/session"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
)

func TestEveryMethodIsListedOnceAndUsed(t *testing.T) {
	t.Parallel()
	seen := map[event.Method]bool{}
	for _, m := range session.Methods() {
		assert.Regexp(t, `^[a-z][a-z0-9_]{0,31}$`, m.Name)
		assert.False(t, seen[m.Name], "%s is there twice", m.Name)
		seen[m.Name] = true
		assert.NotEqual(t, m.Identifies, m.Factor != session.NoFactor, "%s identifies or proves", m.Name)
		assert.False(t, m.Fact && (m.Factor != session.Weak || m.Asks == ""), "%s: a fact is asked for, and weak", m.Name)
		if m.Asks != "" {
			assert.Regexp(t, `^the [^.]+$`, m.Asks, m.Name)
		}
		found, ok := session.MethodOf(m.Name)
		assert.True(t, ok, m.Name)
		assert.Equal(t, m, found)
	}
	_, ok := session.MethodOf("postcode")
	assert.False(t, ok)
}

func TestWhatAMethodProves(t *testing.T) {
	t.Parallel()
	for factor, methods := range map[session.Factor][]event.Method{
		session.NoFactor:   {"ani", "account", "customer", "phone", "tracking", "token"},
		session.Weak:       {"birth_date", "postcode"},
		session.Knowledge:  {"pin", "passphrase"},
		session.Possession: {"sms_code", "totp", "app_link"},
		session.TwoFactors: {"passkey"},
	} {
		for _, m := range methods {
			assert.Equal(t, factor, session.FactorOf(m), m)
		}
	}
	for name, factor := range map[event.Method]session.Factor{"password": session.Knowledge, "app": session.Possession} {
		m, _ := session.MethodOf(name)
		assert.Equal(t, factor, m.Factor, "%s, elsewhere", name)
		assert.Equal(t, session.Weak, session.FactorOf(name), "%s, as a company may call a fact", name)
	}
}

func TestNamesOfIdentifiersAndFacts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ identifies, fact bool }{
		"postcode": {true, true}, "contract_2": {true, true}, "password": {true, true}, "app": {true, true},
		"account": {identifies: true}, "customer": {identifies: true}, "phone": {identifies: true},
		"tracking": {identifies: true},
		"greeting": {}, "language": {}, "step_up": {}, "confirmation": {}, "failure": {}, "closed": {}, "remember_number": {},
		"id": {}, "name": {}, "phones": {}, "emails": {}, "totp_secret": {}, "enrolled": {},
		"ani": {}, "token": {}, "pin": {}, "birth_date": {}, "passphrase": {}, "sms_code": {}, "totp": {}, "app_link": {}, "passkey": {},
		"": {}, "2nd": {}, "Post": {}, "post-code": {}, "abcdefghijklmnopqrstuvwxyz_0123456": {},
	} {
		assert.Equal(t, want.identifies, session.MayIdentify(name), "%q identifies", name)
		assert.Equal(t, want.fact, session.MayBeFact(name), "%q is a fact", name)
		assert.Equal(t, want.fact, session.IsFact(name), "%q is on file", name)
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	for _, r := range []string{"DE", "US", "GB", "IT", "XK"} {
		assert.True(t, session.IsRegion(r), r)
	}
	for _, r := range []string{"", "D", "de", "QQ", "ZZ", "DEU", "001", "49"} {
		assert.False(t, session.IsRegion(r), r)
	}
}
