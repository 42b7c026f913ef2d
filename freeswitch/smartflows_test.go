package freeswitch_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// babble is longer than anybody may speak, and nothing that the engine is to understand.
var babble = strings.Repeat("well you know when I think about it I would rather like to say that ", 6)

// smartflows is that line, with customers of a passphrase each, and the same line without a speech engine at 5101.
type smartflows struct {
	*site
	customers []customer
	catcher   *catcher
	named     atomic.Int32 // callers who were thanked by name
}

func startSmartflows(t *testing.T) *smartflows {
	t.Helper()
	line := exampleLine(t, "smartflows")
	asked := passphraseOf(t, line)
	withoutEngine := changed(t, line, "line: smartflows", "line: no-engine", `"5100"`, `"5101"`,
		"engine: "+asked.Engine, "engine: not_loaded")
	f := &smartflows{catcher: startCatcher(t)}
	var taken []string
	for i := range 9 {
		f.customers = append(f.customers, customer{
			ID: fmt.Sprintf("F-%d", i), Name: "Ada Lovelace", Phones: numberOf(124, i), Passphrase: drawWords(t, 3, &taken),
		})
	}
	f.site = startSiteOn(t,
		serviceOptions{Customers: f.customers, Lines: []string{line, withoutEngine}, Settings: f.catcher.Settings},
		hearing(t, options{Files: lineDialplan}, asked.Grammar))
	return f
}

// TestAStrangerSaysWhoTheyAreAndProvesIt is the multi-factor call of lines/examples/smartflows.yaml, end to end: a real
// telephone call, a real speech engine, a text message that is really sent. Every caller calls from a number that
// nobody knows.
func TestAStrangerSaysWhoTheyAreAndProvesIt(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	f := startSmartflows(t)
	inParallel(t,
		scenario{"says a wrong passphrase twice, then keys the code", f.twoWrongPassphrases},
		scenario{"keys a wrong code three times", f.threeWrongCodes},
		scenario{"says the right passphrase", f.theRightPassphrase},
		scenario{"does not want to speak, and presses the star key", f.theStarKey},
		scenario{"is silent when asked for it", f.silence},
		scenario{"talks and talks", f.talksAndTalks},
		scenario{"calls with 8 kHz, for which the engine has no model", f.narrowband},
		scenario{"meets an engine that is not there", f.noEngine},
		scenario{"has no account", f.noAccount},
	)
	t.Cleanup(func() {
		left, err := os.ReadDir(f.Service.Data + "/prompts/once")
		require.NoError(t, err)
		assert.Empty(t, left, "no name is left behind")
		assert.Positive(t, f.named.Load(), "some were thanked by name")
	})
}

// begins is the part that all of them have in common: greeting, «have an account?», telephone number.
func (f *smartflows) begins(t *testing.T, who int, d dial) *call {
	t.Helper()
	d.From = numberOf(777, who)
	if d.To == "" {
		d.To = "5100"
	}
	c := callWithSIPp(t, f.freeSWITCH, d)
	c.AwaitAsked(t, "have-account", 1, askedWithin)
	c.Press("1")
	c.AwaitAsked(t, "ask-phone", 1, askedWithin)
	c.Press(strings.TrimPrefix(f.customers[who].Phones, "+") + "#")
	return c
}

func (f *smartflows) keysTheCode(t *testing.T, c *call, who int, within time.Duration) {
	t.Helper()
	c.AwaitAsked(t, "ask-code", 1, within)
	c.Press(f.catcher.Code(t, f.customers[who].Phones, 1))
}

// isVerified looks at where the call went and what it carries.
func (f *smartflows) isVerified(t *testing.T, c *call, who int, methods string) journey {
	t.Helper()
	name, thanks := f.isThankedByName(t, c)
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.Hears(t, chiming, heardWithin)
	r := c.Record(t)
	assert.Equal(t, verifiedAs(f.customers[who], "2", methods), r.result())
	if name != "" {
		assert.NoFileExists(t, name, "afterwards")
	}
	played := c.Played()
	before := len(played) - len(thanks)
	assert.Equal(t, thanks, played[before:])
	assert.NotContains(t, played[:before], "(a name)", "nobody is called by name before")
	for _, gone := range []string{
		"detect_speech_result", "sensitive_dtmf", "socket_resume", "cs_digits", "playback_terminators",
		"playback_terminator_used",
	} {
		assert.NotContains(t, r.Variables, gone)
	}
	return f.Events.Journey(t, c)
}

// isThankedByName returns the file with the name, and the prompts to thank with. The name is spoken for this call
// alone, and only once it is known who is calling. A voice that takes too long on a busy machine is not waited for.
func (f *smartflows) isThankedByName(t *testing.T, c *call) (name string, thanks []string) {
	t.Helper()
	said := f.calls.await(t, c.ID, "thanked by name", saidWithin, func(s sighting) bool {
		return s.Application == "playback" && strings.Contains(s.Arguments, "/confirmation-name.wav")
	})
	for _, file := range c.files() {
		if strings.Contains(file, "/once/") {
			name = file
		}
	}
	if name == "" {
		return "", []string{"confirmation-name", "confirmation"}
	}
	f.named.Add(1)
	assert.FileExists(t, name, "while it is said: %s", said.Arguments)
	return name, []string{"confirmation-name", "(a name)", "confirmation"}
}
