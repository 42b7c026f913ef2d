package web

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/token"
)

func TestRedeemingWithoutALineAcceptsAnyLine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	issued := func(line string) string {
		raw, err := s.tokens.IssueFor(t.Context(), customer, []event.Method{event.MethodPIN}, line)
		require.NoError(t, err)
		return quote(raw)
	}
	for name, c := range map[string]struct {
		line, asked string
		status      int
	}{
		"a line's token, no line":          {"retail", "", 200},
		"a line's token, an empty line":    {"retail", `,"line":""`, 200},
		"a line's token, any line":         {"retail", `,"line":"*"`, 200},
		"a line's token, its line":         {"retail", `,"line":"retail"`, 200},
		"a line's token, another line":     {"retail", `,"line":"business"`, 422},
		"a token of every line, no line":   {token.AnyLine, "", 200},
		"a token of every line, some line": {token.AnyLine, `,"line":"business"`, 200},
	} {
		got := s.post("/v1/redeem", `{"token":`+issued(c.line)+c.asked+`}`)
		require.Equal(t, c.status, got.status, "%s: %s", name, got.text)
		if c.status == 200 {
			assert.Equal(t, c.line, got.body["line"], "%s: it says its own line", name)
			continue
		}
		assert.Equal(t, "foreign", got.body["reason"], name)
	}
}
