package demo_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"countersign/lines"
	"countersign/ops/demo"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/store/customers"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pocket is the caller's telephone that codes go to, and what counts nothing.
type pocket struct{ code atomic.Value }

func (p *pocket) Send(_ context.Context, m session.Message) error {
	p.code.Store(string(m.Code.Reveal()))
	return nil
}
func (*pocket) MaySend(context.Context, session.Sending) (bool, time.Time) { return true, time.Time{} }
func (*pocket) NotSent(context.Context, session.Sending)                   {}
func (*pocket) Use(context.Context, string, time.Duration) (bool, error)   { return true, nil }

// aMonday is within the hours of every sample line.
var aMonday = time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)

// sampleDirectory holds the sample bank's customers, with a policy for Ada.
func sampleDirectory(t *testing.T) *customers.Directory {
	pepper, err := customers.LoadPepper(filepath.Join(t.TempDir(), "pepper"))
	require.NoError(t, err)
	d, err := customers.Open(t.Context(), filepath.Join(t.TempDir(), "directory.db"), customers.Options{
		Pepper: pepper, Scheme: customers.SchemeHMAC, Now: func() time.Time { return aMonday.AddDate(0, -1, 0) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	_, err = d.Import(t.Context(), bytes.NewReader(demo.Customers), customers.ImportOptions{})
	require.NoError(t, err)
	_, err = d.Import(t.Context(), strings.NewReader("id,name,id:policy\nC-1001,Ada Lovelace,AB-12341-B\n"),
		customers.ImportOptions{})
	require.NoError(t, err)
	return d
}

// A caller who needs six seconds for every key gets through every line that we ship, with keys alone, and is not cut off
// by the limit of the call.
func TestACallerWithSixSecondsAKeyGetsThroughEverySampleLine(t *testing.T) {
	t.Parallel()
	d := sampleDirectory(t)
	files, err := filepath.Glob("../../lines/examples/*.yaml")
	require.NoError(t, err)
	names := []string{"default"}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	require.GreaterOrEqual(t, len(names), 5)
	const each = 6500 * time.Millisecond // and now and then a little more
	for _, name := range names {
		for manner, p := range map[string]*sessiontest.Patient{
			"listens to the end":             {First: each},
			"begins at once, and then slows": {First: time.Second},
			"goes on whatever is asked":      {First: each, GoesOn: true},
		} {
			t.Run(name+": "+manner, func(t *testing.T) {
				t.Parallel()
				p.Began, p.Prompt, p.Each = aMonday, 3*time.Second, each
				phone := &pocket{}
				p.Answer = func(prompts []string, at time.Time) string { return answers(t, phone, prompts, at) }
				j := &sessiontest.Journal{}
				line := sampleLine(t, name, d, phone)
				r := session.NewRunner(session.Options{
					Journal: j, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return line }, Now: p.Now,
				})
				r.Run(t.Context(), session.Call{ID: "call", Channel: "leg", Started: aMonday}, p)
				assert.Len(t, sessiontest.Find[event.Verified](j), 1, "%v", p.Heard())
				assert.Contains(t, p.Heard(), "take-your-time")
				assert.Less(t, p.Now().Sub(aMonday), session.LongestCall(0, true), "within the limit of a slow caller's call")
				assert.Equal(t, line.Routes.Verified, p.Handover().To)
			})
		}
	}
}

func sampleLine(t *testing.T, name string, d *customers.Directory, phone *pocket) *session.Line {
	def, _ := lines.Default()
	var err error
	if name != "default" {
		text, noFile := lines.Example(name)
		require.NoError(t, noFile)
		def, err = lines.Parse(name, text)
	}
	require.NoError(t, err)
	line, err := lines.Compile(def, 1, lines.Parts{Directory: d, Sends: phone, Once: phone, Senders: lines.EveryWay(phone)})
	require.NoError(t, err)
	return line
}

// answers are Ada's, with keys alone: she has her telephone and her authenticator, and cannot speak.
func answers(t *testing.T, phone *pocket, prompts []string, at time.Time) string {
	has := func(prompt string) bool {
		for _, p := range prompts {
			if p == prompt || p == prompt+"-again" || strings.HasPrefix(p, "text:") && strings.Contains(p, prompt) {
				return true
			}
		}
		return false
	}
	switch { // a line's own words are a text
	case has("language-1"):
		return "2" // in English
	case has("have-account"), has("read-back-confirm"):
		return "1"
	case has("your policy number"):
		return "22123412#"
	case has("ask-phone"):
		return "15551230001#"
	case has("ask-account"):
		return "100042#"
	case has("ask-pin"):
		return "246813#"
	case has("ask-birth-date"):
		return "12101985"
	case has("your post code"):
		return "90210#"
	case has("ask-totp"):
		code, err := totp.GenerateCode("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", at)
		require.NoError(t, err)
		return code + "#"
	case has("ask-passphrase"):
		return "*"
	case has("ask-code"):
		return phone.code.Load().(string) + "#"
	}
	return ""
}
