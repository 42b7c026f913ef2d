package edit

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
)

// posted is what a browser sends of a form in which nothing was changed.
func posted(t *testing.T, text string) url.Values {
	t.Helper()
	form, err := lines.FormOf([]byte(text))
	require.NoError(t, err)
	all := url.Values{}
	for _, g := range form.Groups {
		for _, f := range g.Fields {
			all.Set(f.Path, f.Shown())
		}
		for i, e := range g.Entries {
			all.Add(OrderOf(g.Path), []string{"0", "1", "2", "3"}[i])
			for _, f := range e.Fields {
				all.Set(f.Path, f.Shown())
			}
		}
	}
	return all
}

func TestAFormInWhichNothingWasChangedChangesNothing(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"bank", "insurance", "office", "smartflows"} {
		text, err := lines.Example(example)
		require.NoError(t, err)
		after, wrong, err := Form{posted(t, string(text))}.Apply(string(text))
		require.NoError(t, err)
		assert.Empty(t, wrong)
		assert.Equal(t, string(text), after, example)
	}
}

func TestAFormChangesWhatWasFilledIn(t *testing.T) {
	t.Parallel()
	values := posted(t, retail)
	values.Set("verify.level", "3")
	values.Set("verify.questions[0].pin.reasks", "")
	values.Set("verify.questions[1].birth_date.speech", "false")
	values.Set("numbers", "5000, 5001;5002")
	values.Set("hours.tz", "Europe/Berlin")
	values.Set("hours.open", "Mo-Fr 08:00-18:00")
	values.Set("timers.first_digit", "seven")
	values.Set("allows.2.en", `Orders: up to "500" €`)
	values[OrderOf("verify.questions")] = []string{"2", "0", "1"}
	values[OrderOf("identify")] = []string{"1"}
	after, wrong, err := Form{values}.Apply(retail)
	require.NoError(t, err)
	assert.Empty(t, wrong)
	def, err := lines.Parse("line", []byte(after))
	var problems lines.Problems
	require.ErrorAs(t, err, &problems, after)
	assert.Nil(t, def)
	require.Len(t, problems, 1)
	assert.Equal(t, "timers.first_digit", problems[0].Path, "the mistake stands at its field")
	assert.Contains(t, after, "timers: {first_digit: seven}")
	assert.Contains(t, after, "level: 3   # one factor")
	assert.Contains(t, after, `numbers: ["5000", "5001", "5002"]   # as dialled`)
	assert.Contains(t, after, `allows: {"2": {en: "Orders: up to \"500\" €"}}`)
	assert.NotContains(t, after, "- ani")
	sms, pin := strings.Index(after, "- sms_code"), strings.Index(after, "- pin: {digits: 4-6}")
	assert.True(t, sms > 0 && pin > sms && strings.Index(after, "- birth_date") > pin, after)
	assert.Contains(t, after, "speech: false")
}

func TestEntriesAreAddedAndMovedByButtons(t *testing.T) {
	t.Parallel()
	after, err := Move(retail, "verify.questions", 2, -1)
	require.NoError(t, err)
	assert.Less(t, strings.Index(after, "sms_code"), strings.Index(after, "birth_date"))
	same, err := Move(retail, "verify.questions", 0, -1)
	require.NoError(t, err)
	assert.Equal(t, retail, same, "it is the first")
	_, err = Move(retail, "verify.questions", 9, 1)
	require.Error(t, err)
	after, err = Add(retail, "verify.questions", "totp", nil)
	require.NoError(t, err)
	assert.Contains(t, after, "    - totp: {}\n")
	_, err = lines.Parse("line", []byte(after))
	require.NoError(t, err)
	without, err := Remove(retail, "verify")
	require.NoError(t, err)
	after, err = Add(without, "verify.questions", "pin", map[string]any{"digits": Plain("6")})
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(after, "verify:\n  questions:\n    - pin: {digits: 6}\n"), after)
	_, err = lines.Parse("line", []byte(after))
	require.NoError(t, err)
}
