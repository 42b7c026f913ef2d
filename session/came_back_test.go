package session_test

import (
	"testing"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACallIdentifiedByATokenStaysSoWhenItComesBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		methods []event.Method
		by      event.Method
	}{
		"a token":                  {[]event.Method{"pin", "token"}, event.MethodToken},
		"a token and a question":   {[]event.Method{"account", "token", "pin"}, event.MethodToken},
		"an identifier of its own": {[]event.Method{"contract", "pin"}, "contract"},
	} {
		proven := session.Proven{
			Customer: "C-1", Methods: c.methods, Proofs: []session.Proof{{Factor: session.Knowledge, Method: "pin"}},
		}
		m := &memory{known: map[string]session.Known{
			"call-1": {Call: "call-1", First: "call-1", Channel: "u-1", Proven: proven},
		}}
		remembering := func(o *session.Options) { o.Calls = m }
		back := session.Call{Channel: "u-1", Earlier: "call-1"}
		j := again(t, line(nil), &sessiontest.Channel{}, back, remembering, customers(ada))
		identified := sessiontest.Find[event.Identified](j)
		require.Len(t, identified, 1, name)
		assert.Equal(t, c.by, identified[0].Method, name)
	}
}
