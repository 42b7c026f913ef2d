package steps_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/sessiontest"
	"countersign/steps"
)

// memory is a session.Habits. The call's goroutine alone uses it.
type memory struct {
	known map[string]session.Habit
	wrote map[string]session.Habit
	err   error
}

func (m *memory) Habit(_ context.Context, customer string) (session.Habit, error) {
	return m.known[customer], m.err
}

func (m *memory) Remember(_ context.Context, customer string, h session.Habit, _ time.Time) error {
	if m.wrote == nil {
		m.wrote = map[string]session.Habit{}
	}
	m.wrote[customer] = h
	return m.err
}

// call runs a call on a line, from a number.
func (m *memory) call(t *testing.T, l *session.Line, from string, moves ...sessiontest.Move) (
	ch *sessiontest.Channel, j *sessiontest.Journal, status string,
) {
	ch, j = &sessiontest.Channel{Moves: moves}, &sessiontest.Journal{}
	r := session.NewRunner(session.Options{
		Journal: j, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return l }, Habits: m,
	})
	synctest.Test(t, func(*testing.T) {
		r.Run(ch.Start(context.Background()), session.Call{ID: "call-1", Caller: from, Started: time.Now()}, ch)
		ch.End(nil)
	})
	h, _ := ch.Handover()
	for _, v := range h.Variables {
		if v.Name == "cs_status" {
			status = v.Value
		}
	}
	return ch, j, status
}

// adasPhone is the number that Ada calls from.
const adasPhone = "+15551230001"

func TestHowAVerifiedCustomerWasAskedIsRemembered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known session.Habit
		moves []sessiontest.Move
		want  session.Habit
		wrote bool
	}{
		"nothing but keys, where nothing could be said": {session.Habit{}, keys("100042#", "2468#"), session.Habit{}, false},
		"slow": {session.Habit{}, keys("", "100042#", "2468#"), session.Habit{Slow: true}, true},
		"slow as before": {
			session.Habit{Slow: true}, keys("100042#", "2468#"), session.Habit{}, false,
		},
		"not verified": {session.Habit{}, keys("", "100042#", "*"), session.Habit{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &memory{known: map[string]session.Habit{adas(t): c.known}}
			_, _, _ = m.call(t, line(bank()), "", c.moves...)
			got, wrote := m.wrote[adas(t)]
			assert.Equal(t, c.wrote, wrote)
			assert.Equal(t, c.want, got)
		})
	}
	for name, c := range map[string]struct {
		says []string
		want session.Manner
	}{
		"all said":                   {[]string{"one double oh oh four two", "yes", "two four six eight"}, session.MannerSpoken},
		"the number keyed":           {[]string{"100042#", "two four six eight"}, session.MannerSpoken},
		"all keyed":                  {[]string{"100042#", "2468#"}, session.MannerKeyed},
		"not understood, then keyed": {[]string{"mumble", "mumble", "100042#", "2468#"}, session.MannerKeyed},
		"who would rather key":       {[]string{"I'd rather key it", "100042#", "2468#"}, session.MannerKeyed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &memory{}
			_, _, status := m.call(t, talking(bank(), "en"), "", says(c.says...)...)
			require.Equal(t, "verified", status)
			assert.Equal(t, c.want, m.wrote[adas(t)].Answers)
		})
	}
}

// adas is the id of the customer with the account 100042.
func adas(t *testing.T) string {
	c, found, err := bank().ByIdentifier(t.Context(), "account", "100042")
	require.NoError(t, err)
	require.True(t, found)
	return c.ID
}

func TestTheLanguageThatACustomerChoseIsRemembered(t *testing.T) {
	t.Parallel()
	d := bank()
	l := line(d)
	l.ANI, l.Identify = l.Identify[0], l.Identify[1:]
	l.Languages = []string{"en", "de"}
	l.LanguageMenu = steps.LanguageMenu{Limits: steps.DefaultLimits(0)}
	m := &memory{}
	_, _, status := m.call(t, l, "", keys("2", "100042#", "2468#")...)
	require.Equal(t, "verified", status)
	assert.Equal(t, session.Habit{Language: "de"}, m.wrote[adas(t)])

	// It is spoken as soon as their number identifies them, and the menu is not played.
	var spoken string
	l.Confirmation = spy(func(s *session.Session) { spoken = s.Language() })
	m = &memory{known: m.wrote}
	_, _, status = m.call(t, l, adasPhone, keys("2468#")...)
	require.Equal(t, "verified", status)
	assert.Equal(t, "de", spoken)
	assert.Empty(t, m.wrote, "nothing is new")
}

func TestACustomerIsAskedAsBefore(t *testing.T) {
	t.Parallel()
	slow := &memory{known: map[string]session.Habit{adas(t): {Slow: true}}}
	ch, j, status := slow.call(t, line(bank()), adasPhone, keys("2468#")...)
	require.Equal(t, "verified", status)
	assert.Equal(t, 10*time.Second, ch.Collects()[0].FirstDigit, "from the moment they are identified")
	assert.NotContains(t, ch.Heard(), "take-your-time", "nobody has to tell them")
	assert.True(t, finished(j, "pin")[0].Attempts[0].Slow)

	byKeys := &memory{known: map[string]session.Habit{adas(t): {Answers: session.MannerKeyed}}}
	talk := talking(bank(), "en")
	talk.Identify = append([]session.Step{steps.ANI{Directory: bank()}}, talk.Identify...)
	ch, _, status = byKeys.call(t, talk, adasPhone, says("", "two four six eight")...)
	require.Equal(t, "verified", status, ch.Heard())
	asked := ch.Collects()
	assert.Nil(t, asked[0].Speech, "who keys is not listened to")
	assert.NotContains(t, asked[0].Files, "or-say-it")
	assert.NotNil(t, asked[1].Speech, "until they are silent")
	assert.Contains(t, asked[1].Files, "or-say-it")
	assert.Equal(t, session.MannerSpoken, byKeys.wrote[adas(t)].Answers)

	spoken := &memory{known: map[string]session.Habit{adas(t): {Answers: session.MannerSpoken}}}
	ch, _, _ = spoken.call(t, talk, adasPhone, says("two four six eight")...)
	assert.NotNil(t, ch.Collects()[0].Speech)
	assert.NotContains(t, ch.Heard(), "or-say-it", "they know")
}

// On a line that conceals which accounts exist, what is remembered must not tell.
func TestWhatIsRememberedTellsNobodyThatAnAccountExists(t *testing.T) {
	t.Parallel()
	m := &memory{known: map[string]session.Habit{adas(t): {Slow: true, Language: "de", Answers: session.MannerKeyed}}}
	l := talking(bank(), "en")
	l.Languages = []string{"en", "de"}
	n := l.Identify[0].(steps.Number)
	n.Conceal = true
	l.Identify[0] = n
	var spoken string
	l.Confirmation = spy(func(s *session.Session) { spoken = s.Language() })
	ch, j, status := m.call(t, l, "", keys("100042#", "2467#", "2468#")...)
	require.Equal(t, "verified", status)
	for _, c := range ch.Collects() {
		assert.Equal(t, 5*time.Second, c.FirstDigit)
		assert.NotNil(t, c.Speech)
	}
	assert.Equal(t, "de", spoken, "once it is proven")
	for _, a := range finished(j, "pin")[0].Attempts {
		assert.False(t, a.Slow)
	}
}

// A number suggests Ada, and Bob calls from it: how she likes to be asked is not written down for him.
func TestAHabitBelongsToOneCustomer(t *testing.T) {
	t.Parallel()
	adas := session.Habit{Slow: true, Language: "de", Answers: session.MannerSpoken}
	for name, his := range map[string]session.Habit{
		"he has none": {}, "he has another": {Answers: session.MannerKeyed}, "he has the same": adas,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &memory{known: map[string]session.Habit{"C-1": adas, "C-2": his}}
			ch, _, status := m.call(t, line(bank()), adasPhone, keys("*", "100043#", "135792#")...)
			require.Equal(t, "verified", status, ch.Heard())
			require.Equal(t, 10*time.Second, ch.Collects()[0].FirstDigit, "she would have been asked as she likes it")
			assert.Empty(t, m.wrote)
		})
	}
	l := talking(bank(), "en")
	l.Identify = append([]session.Step{steps.ANI{Directory: bank()}}, l.Identify...)
	m := &memory{known: map[string]session.Habit{"C-1": adas}}
	ch, _, status := m.call(t, l, adasPhone, says("*", "100043#", "one three five seven nine two")...)
	require.Equal(t, "verified", status, ch.Heard())
	assert.Equal(t, map[string]session.Habit{"C-2": {Answers: session.MannerSpoken}}, m.wrote, "only what is his")
}

func TestACallNeedsNoMemory(t *testing.T) {
	t.Parallel()
	m := &memory{err: errors.New("database is locked")}
	_, _, status := m.call(t, line(bank()), adasPhone, keys("", "2468#")...)
	assert.Equal(t, "verified", status)
	assert.Empty(t, m.wrote, "what was not read is not overwritten")
}
