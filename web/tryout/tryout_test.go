package tryout

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/leaktest"
	"countersign/lines"
	"countersign/prompts"
	"countersign/session/event"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const patience = time.Minute

const retail = `format: 1
line: retail
numbers: ["5000"]
region: US
identify: [{ani: {}}, {number: {name: account, digits: 6}}]
verify: {questions: [{pin: {digits: 4, else: sms_code}}, {sms_code: {}}]}
timers: {first_digit: 90s, inter_digit: 25s}
routes: {verified: menu XML default, identified: agents XML default}
`

// telephones are some with the shipped prompts.
func telephones(t *testing.T) *Telephones {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, prompts.Unpack(dir))
	catalogue, err := prompts.Open(dir)
	require.NoError(t, err)
	p := New(Options{Prompts: catalogue, Region: func() string { return "US" }, Speed: 10, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(p.Close)
	return p
}

// await waits for an entry of the transcript.
func await(t *testing.T, p *Telephones, who, id string, is func(Said) bool) (found Said) {
	t.Helper()
	require.Eventually(t, func() bool {
		v, err := p.Look(who, id)
		require.NoError(t, err)
		for _, s := range v.Said {
			if is(s) {
				found = s
				return true
			}
		}
		return false
	}, patience, 10*time.Millisecond)
	return found
}

func prompt(name string) func(Said) bool {
	return func(s Said) bool { return s.Kind == "prompt" && s.Prompt == name }
}

func ending(s Said) bool { return s.Kind == "end" }

func TestADraftIsCalledFromTheBrowser(t *testing.T) {
	t.Parallel()
	p := telephones(t)
	id, err := p.Ring("ada", retail, false)
	require.NoError(t, err)
	asked := await(t, p, "ada", id, prompt("ask-account"))
	assert.Equal(t, "en", asked.Language)
	assert.Contains(t, asked.Text, "account")
	require.NoError(t, p.Press("ada", id, "100042#"))
	await(t, p, "ada", id, prompt("ask-pin"))
	require.NoError(t, p.Press("ada", id, "2468"))
	over := await(t, p, "ada", id, ending)
	assert.Equal(t, Said{Kind: "end", Text: "menu XML default", Status: event.StatusVerified, Reason: event.ReasonOK}, over)
	assert.ErrorIs(t, p.Press("ada", id, "1"), ErrOver)
	_, err = p.Look("ben", id)
	assert.ErrorIs(t, err, ErrOver, "it is another's")
}

func TestWrongAnswersEndInNought(t *testing.T) {
	t.Parallel()
	p := telephones(t)
	id, err := p.Ring("ada", retail, true)
	require.NoError(t, err)
	await(t, p, "ada", id, prompt("ask-pin"))
	// asked waits until the last thing that was said is the nth prompt that begins so, and an answer is waited for.
	asked := func(begins string, n int) {
		require.Eventually(t, func() bool {
			v, err := p.Look("ada", id)
			require.NoError(t, err)
			count, last := 0, ""
			for _, s := range v.Said {
				if last = s.Prompt; strings.HasPrefix(s.Prompt, begins) {
					count++
				}
			}
			return v.Asked && count >= n && strings.HasPrefix(last, begins)
		}, patience, 10*time.Millisecond)
	}
	for i := range 3 {
		asked("ask-pin", i+1)
		require.NoError(t, p.Press("ada", id, "1230"))
	}
	code := await(t, p, "ada", id, func(s Said) bool { return s.Kind == "message" }).Text
	assert.Regexp(t, regexp.MustCompile(`^[0-9]{6}$`), code)
	asked("ask-code", 1)
	require.NoError(t, p.Press("ada", id, code+"#"))
	over := await(t, p, "ada", id, ending)
	assert.Equal(t, Said{Kind: "end", Text: "menu XML default", Status: event.StatusVerified, Reason: event.ReasonOK}, over)
}

func TestACallIsHungUpAndReplaced(t *testing.T) {
	t.Parallel()
	p := telephones(t)
	first, err := p.Ring("ada", retail, false)
	require.NoError(t, err)
	await(t, p, "ada", first, prompt("ask-account"))
	second, err := p.Ring("ada", retail, false)
	require.NoError(t, err)
	_, err = p.Look("ada", first)
	require.ErrorIs(t, err, ErrOver)
	await(t, p, "ada", second, prompt("ask-account"))
	require.NoError(t, p.HangUp("ada", second))
	await(t, p, "ada", second, ending)
	_, err = p.Ring("ada", "format: 9", false)
	var problems lines.Problems
	assert.ErrorAs(t, err, &problems)
}

func TestTooManyTriedCallsAreRefused(t *testing.T) {
	t.Parallel()
	p := telephones(t)
	for i := range most {
		_, err := p.Ring(string(rune('a'+i)), retail, false)
		require.NoError(t, err)
	}
	_, err := p.Ring("one too many", retail, false)
	assert.ErrorIs(t, err, ErrBusy)
}
