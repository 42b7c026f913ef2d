package edit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
)

const retail = `# The shop.
format: 1
line: retail
numbers: ["5000", "+49301234*"]   # as dialled
identify:
  # First the number.
  - ani: {}
  - number: {name: account, digits: 6-10} # on every letter
verify:
  level: 2   # one factor
  questions:
    # What they know.
    - pin: {digits: 4-6, reasks: 1}

    # What others know, too.
    - birth_date:
        reasks: 1 # once
    - sms_code: {ways: [sms, email]}
# Where to.
routes:
  verified: menu XML default
  identified: agents XML default
`

func TestASettingChangesAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path          string
		value         any
		before, after string
	}{
		"a word":                  {"routes.verified", "bank XML default", "verified: menu XML", "verified: bank XML"},
		"a number with a comment": {"verify.level", 3, "level: 2   # one", "level: 3   # one"},
		"in brackets":             {"verify.questions[0].pin.digits", Plain("6"), "{digits: 4-6, r", "{digits: 6, r"},
		"below a key":             {"verify.questions[1].birth_date.reasks", 2, "reasks: 1 # once", "reasks: 2 # once"},
		"a list": {
			"numbers", []string{"1"}, `numbers: ["5000", "+49301234*"]   #`, `numbers: ["1"]   #`,
		},
		"one of a list":       {"numbers[1]", "7", `"+49301234*"`, `"7"`},
		"added in brackets":   {"verify.questions[0].pin.else", "sms_code", "reasks: 1}", "reasks: 1, else: sms_code}"},
		"added to nothing":    {"identify[0].ani.attestation", "A", "- ani: {}", "- ani: {attestation: A}"},
		"added below":         {"verify.questions[1].birth_date.speech", false, "# once\n", "# once\n        speech: false\n"},
		"added at the end":    {"region", "DE", "agents XML default\n", "agents XML default\nregion: DE\n"},
		"with what it is in":  {"timers.first_digit", Plain("7s"), "agents XML default\n", "agents XML default\ntimers: {first_digit: 7s}\n"},
		"two levels of these": {"allows.1.en", "No: # none", "agents XML default\n", "agents XML default\nallows: {\"1\": {en: \"No: # none\"}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, 1, strings.Count(retail, c.before), c.before)
			got, err := Set(retail, c.path, c.value)
			require.NoError(t, err)
			assert.Equal(t, strings.Replace(retail, c.before, c.after, 1), got)
		})
	}
}

func TestEntriesMoveWithTheirComments(t *testing.T) {
	t.Parallel()
	got, err := Order(retail, "verify.questions", []int{1, 0, 2})
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(retail, `    # What they know.
    - pin: {digits: 4-6, reasks: 1}

    # What others know, too.
    - birth_date:
        reasks: 1 # once
`, `    # What others know, too.
    - birth_date:
        reasks: 1 # once
    # What they know.
    - pin: {digits: 4-6, reasks: 1}

`, 1), got)
	got, err = Order(retail, "verify.questions[2].sms_code.ways", []int{1, 0})
	require.NoError(t, err)
	assert.Contains(t, got, "ways: [email, sms]")
	for _, wrong := range [][]int{{0, 0, 1}, {0, 3}, {-1}} {
		_, err := Order(retail, "verify.questions", wrong)
		assert.Error(t, err, wrong)
	}
}

func TestEntriesComeAndGo(t *testing.T) {
	t.Parallel()
	got, err := Append(retail, "verify.questions", "totp", map[string]any{"else": "sms_code"})
	require.NoError(t, err)
	assert.Contains(t, got, "    - sms_code: {ways: [sms, email]}\n    - totp: {else: sms_code}\n# Where to.")
	got, err = Remove(got, "verify.questions[1]")
	require.NoError(t, err)
	assert.NotContains(t, got, "birth_date")
	assert.NotContains(t, got, "What others know", "its comment goes with it")
	got, err = Remove(got, "verify.questions[0].pin.reasks")
	require.NoError(t, err)
	assert.Contains(t, got, "- pin: {digits: 4-6}\n")
	got, err = Remove(got, "verify")
	require.NoError(t, err)
	assert.NotContains(t, got, "questions")
	assert.Contains(t, got, "# Where to.\nroutes:")
	again, err := Remove(got, "verify.level")
	require.NoError(t, err)
	assert.Equal(t, got, again, "it is not there")
}

func TestAnUnusualLayoutIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a comment to the left in a block": "format: 1\nline: x\nverify:\n  questions:\n    - pin:\n# odd\n        reasks: 1\n    - totp: {}\n",
		"comments in brackets":             "format: 1\nverify: {questions: [{pin: {}}, # one\n  {totp: {}}]}\n",
	} {
		got, err := Order(text, "verify.questions", []int{1, 0})
		if err == nil {
			assert.Equal(t, comments(text), comments(got), name)
			continue
		}
		assert.ErrorIs(t, err, ErrLayout, name)
	}
	_, err := Set("line: >\n  long\n  text\n", "line", "short")
	assert.ErrorIs(t, err, ErrLayout)
	_, err = Set("a: [", "a", "1")
	var problems lines.Problems
	assert.ErrorAs(t, err, &problems)
}

// Whatever is changed, in whatever order: the text means what was wanted, or is left alone (verified sees to it), and
// every example can be changed.
func TestManyChangesOfEveryExample(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"bank", "insurance", "office", "smartflows"} {
		text, err := lines.Example(example)
		require.NoError(t, err)
		now, refused, random := string(text), 0, rand.New(rand.NewPCG(1, 2))
		for i := range 300 {
			var next string
			switch random.IntN(6) {
			case 0:
				next, err = Set(now, "timers.first_digit", Plain(fmt.Sprintf("%ds", 4+random.IntN(9))))
			case 1:
				next, err = Set(now, "routes.failed", fmt.Sprintf("x%d XML default", i))
			case 2:
				next, err = Remove(now, "routes.failed")
			case 3:
				next, err = Order(now, "verify.questions", []int{1, 0})
			case 4:
				next, err = Set(now, "languages", []string{"de", "en"})
			case 5:
				next, err = Set(now, "hours", map[string]any{"tz": "Europe/Berlin", "open": "Mo-Fr 08:00-18:00"})
			}
			if err != nil {
				refused++
				continue
			}
			now = next
			assert.Equal(t, comments(string(text)), comments(now), "%s:\n%s", example, now)
		}
		_, err = lines.Parse(example, []byte(now))
		assert.NoError(t, err, now)
		t.Logf("%s: %d of 300 refused", example, refused)
	}
}

func FuzzSet(f *testing.F) {
	f.Add(retail, "verify.level", "3")
	f.Add("a: {b: [1, {c: d}]}", "a.b[1].c", `"x"`)
	f.Add("a:\n- b\n- c: 1\n", "a[1].c", "[1]")
	f.Fuzz(func(t *testing.T, text, path, value string) {
		got, err := Set(text, path, value)
		if err != nil {
			return
		}
		if _, err := meaning(got); err != nil {
			t.Fatalf("%q is no YAML any more: %v", got, err)
		}
	})
}
