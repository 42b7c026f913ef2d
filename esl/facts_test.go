package esl

import (
	"strings"
	"testing"

	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func callWith(t *testing.T, lines ...string) session.Call {
	t.Helper()
	call, err := callFrom(header(esltest.ChannelData(lines...)))
	require.NoError(t, err)
	return call
}

func TestATokenComesFromTheDialplanOrElseInAHeader(t *testing.T) {
	t.Parallel()
	const ours, theirs = "variable_cs_token", "variable_sip_h_X-Countersign-Token"
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"none", nil, ""},
		{"the dialplan's", []string{ours, "a.b-_.c"}, "a.b-_.c"},
		{"the caller's side's", []string{theirs, "a.b=.c"}, "a.b=.c"},
		{"both: the dialplan's", []string{theirs, "x.y.z", ours, "a.b.c"}, "a.b.c"},
		{"the longest", []string{theirs, strings.Repeat("a", 4096)}, strings.Repeat("a", 4096)},
		{"too long", []string{theirs, strings.Repeat("a", 4097)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, string(callWith(t, c.lines...).Token.Reveal()))
		})
	}
}

func TestACallThatComesBackKeepsItsEarlierID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, line, value, want string }{
		{"an id of ours", "variable_cs_call", "019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04", "019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04"},
		{"from the caller's side", "variable_sip_h_X-Countersign-Call", "019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04", ""},
		{"from the caller's side, under the variable's name", "variable_sip_h_cs_call", "019a9c2e", ""},
		{"too long", "variable_cs_call", strings.Repeat("a", 65), ""},
		{"no id", "variable_cs_call", "a b", ""},
		{"a subject", "variable_cs_call", "a.b.>", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, callWith(t, c.line, c.value).Earlier)
		})
	}
}

func TestAStepUpHasALevelAndAReturn(t *testing.T) {
	t.Parallel()
	menu := session.Destination{Extension: "menu", Dialplan: "XML", Context: "default"}
	for _, c := range []struct {
		name, level, back string
		need              session.Level
		to                session.Destination
	}{
		{"none", "", "menu XML default", session.Unknown, session.Destination{}},
		{"verified", "2", "menu XML default", session.Verified, menu},
		{"strong", "3", "menu XML default", session.Strong, menu},
		{"without a way back", "3", "", session.Strong, session.Destination{}},
		{"not a level that needs proof", "1", "menu XML default", session.Unknown, session.Destination{}},
		{"not a level", "4", "menu XML default", session.Unknown, session.Destination{}},
		{"not a number", "two", "menu XML default", session.Unknown, session.Destination{}},
		{"a way back that hangs up", "2", "hangup", session.Verified, session.Destination{}},
		{"a way back of two words", "2", "menu XML", session.Verified, session.Destination{}},
		{"a way back that FreeSWITCH would expand", "2", "${x} XML default", session.Verified, session.Destination{}},
		{"a way back without end", "2", strings.Repeat("m", 300) + " XML default", session.Verified, session.Destination{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			call := callWith(t, "variable_cs_need_level", c.level, "variable_cs_return", c.back)
			assert.Equal(t, c.need, call.NeedLevel)
			assert.Equal(t, c.to, call.Return)
		})
	}
}

func TestOnlyTheCallersNumberMayBeTooLong(t *testing.T) {
	t.Parallel()
	const most = 256
	for name, c := range map[string]struct {
		line   string
		of     func(session.Call) string
		isCall bool
	}{
		"the caller's number": {"Caller-Caller-ID-Number", func(c session.Call) string { return c.Caller }, true},
		"the Unique-ID":       {"Unique-ID", func(c session.Call) string { return c.Channel }, false},
		"the dialled number":  {"Caller-Destination-Number", func(c session.Call) string { return c.Dialled }, false},
		"the line":            {"variable_cs_line", func(c session.Call) string { return c.Line }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			longest := strings.Repeat("7", most)
			assert.Equal(t, longest, c.of(callWith(t, c.line, longest)))
			call, err := callFrom(header(esltest.ChannelData(c.line, longest+"7")))
			if !c.isCall {
				require.ErrorContains(t, err, "more than 256 bytes")
				return
			}
			require.NoError(t, err, "the caller's side chose it")
			assert.Empty(t, c.of(call), "and it is no number")
			assert.Equal(t, esltest.Channel, call.Channel)
		})
	}
}
