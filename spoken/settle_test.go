package spoken

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// divisibleBy7 stands for a check digit.
func divisibleBy7(number string) bool {
	rest := 0
	for _, d := range number {
		rest = (10*rest + int(d-'0')) % 7
	}
	return rest == 0
}

func TestACheckDigitSettlesDoubt(t *testing.T) {
	t.Parallel()
	readings := Digits("en", []byte("twenty three"), 1, 4)
	require.Equal(t, "23 203", texts(readings))
	right, ok := Settle(readings, divisibleBy7)
	require.True(t, ok)
	assert.Equal(t, "203", string(right.Reveal()))
	Wipe(readings)
	assert.Equal(t, "\x00\x00\x00", string(right.Reveal()), "it is one of them")

	for phrase, why := range map[string]string{
		"one two":       "the only reading is wrong",
		"twenty two":    "no reading is right",
		"seventy seven": "77 and 707 are right",
		"banana":        "there is no reading",
	} {
		right, ok = Settle(Digits("en", []byte(phrase), 1, 4), divisibleBy7)
		assert.False(t, ok, why)
		assert.Empty(t, right.Reveal(), why)
	}
	right, ok = Settle(Digits("en", []byte("seven seven"), 1, 4), divisibleBy7)
	assert.True(t, ok)
	assert.Equal(t, "77", string(right.Reveal()))
}

func TestHypothesesAreReadInTheOrderOfConfidence(t *testing.T) {
	t.Parallel()
	list := []Hypothesis{
		{[]byte("nine five"), 0.2}, {[]byte("nine nine"), 0.7}, {[]byte("rhubarb"), 0.9}, {[]byte("twenty nine"), 0.5},
		{[]byte("99"), 0.1}, {[]byte("five five"), 0.5},
	}
	read := func(words []byte) []Reading { return Digits("en", words, 1, 4) }
	readings := Nbest(list, read)
	assert.Equal(t, "99 29 209 55 95", texts(readings))
	assert.InDelta(t, 0.2, list[0].Confidence, 0, "the list is the caller's")
	right, ok := Settle(readings, func(number string) bool { return number == "95" })
	assert.True(t, ok)
	assert.Equal(t, "95", string(right.Reveal()))
	assert.Empty(t, Nbest(nil, read))

	var many []Hypothesis
	for i := range 40 {
		many = append(many, Hypothesis{fmt.Append(nil, i), 1})
	}
	assert.Len(t, Nbest(many, read), maxReadings)
}

func TestAReadingRedactsItself(t *testing.T) {
	t.Parallel()
	r := Digits("en", []byte("four seven one one"), 4, 4)[0]
	list := []Reading{r}
	asJSON, err := json.Marshal(map[string]any{"a": r, "b": list, "c": &r})
	require.NoError(t, err)
	var log strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("heard", "reading", r, "all", list)
	}
	printed := string(asJSON) + log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed += fmt.Sprintf(verb, r) + fmt.Sprintf(verb, list) + fmt.Sprintf(verb, &r)
	}
	assert.NotContains(t, printed, "4711")
	assert.NotContains(t, printed, "34373131")
	assert.NotContains(t, printed, "52 55 49 49")
	assert.Contains(t, printed, redacted)
}

func TestWipingAReadingWipesItsGroups(t *testing.T) {
	t.Parallel()
	r := Digits("en", []byte("forty seven, eleven"), 4, 4)[0]
	groups := r.Groups()
	require.Equal(t, split("47·11"), groups)
	_ = append(groups[0], 'x')
	assert.Equal(t, "4711", string(r.Reveal()), "a group does not grow into the next")
	r.Wipe()
	r.Wipe()
	assert.Equal(t, split("\x00\x00·\x00\x00"), groups)
	assert.Empty(t, Reading{}.Groups())
	Reading{}.Wipe()
	Wipe(nil)
}
