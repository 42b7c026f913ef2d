package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func asLine(tb testing.TB, e event.Event) string {
	tb.Helper()
	b, err := json.Marshal(e)
	require.NoError(tb, err)
	return string(b) + "\n"
}

func TestEventsAreReadLineByLine(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	var want []event.Event
	for _, f := range event.Facts() {
		e := examples()[f]
		want = append(want, e)
		file.WriteString(asLine(t, e) + "\n")
	}
	var got []event.Event
	var at []int
	require.NoError(t, event.ReadLines(strings.NewReader(file.String()), func(line int, body []byte, e event.Event) error {
		assert.JSONEq(t, asLine(t, e), string(body))
		got, at = append(got, e), append(at, line)
		return nil
	}))
	assert.Equal(t, want, got)
	assert.Equal(t, []int{1, 3, 5}, at[:3], "empty lines count, and are nothing")
}

func TestALineThatIsNoEventIsNamed(t *testing.T) {
	t.Parallel()
	good := asLine(t, examples()[event.FactRouted])
	other := examples()[event.FactRouted]
	other.ID = "another.7"
	for bad, why := range map[string]string{
		"garbage": "read event",
		"{}":      "specversion",
		`{"specversion":"1.0","type":"com.example.x"}`:                              "type",
		`{"specversion":"1.0","type":"countersign.v1.weather_changed"}`:             "unknown fact",
		strings.TrimSpace(asLine(t, other)):                                         "want <call>.<seq>",
		strings.Repeat("x", event.MaxSize+1):                                        "KB",
		strings.Replace(strings.TrimSpace(good), `"line":"retail"`, `"line":""`, 1): "missing",
	} {
		seen := 0
		err := event.ReadLines(
			strings.NewReader(good+good+bad+"\n"+good), func(int, []byte, event.Event) error { seen++; return nil },
		)
		var at *event.LineError
		require.ErrorAs(t, err, &at, why)
		assert.Equal(t, 3, at.Line)
		assert.Contains(t, err.Error(), why)
		assert.Equal(t, 2, seen)
	}
}

func TestEventsOfACallAreNumberedFromOne(t *testing.T) {
	t.Parallel()
	for seq, counts := range map[int]bool{-1: false, 0: false, 1: true, 2: true} {
		e := examples()[event.FactRouted]
		e.Seq, e.ID = seq, event.ID(e.Call, seq)
		got, err := event.Parse([]byte(asLine(t, e)))
		if !counts {
			assert.ErrorContains(t, err, "want <call>.<seq>", seq)
			assert.Zero(t, got, seq)
			continue
		}
		require.NoError(t, err, seq)
		assert.Equal(t, e, got, seq)
	}
	e := examples()[event.FactRouted]
	e.Call, e.ID = "", event.ID("", e.Seq)
	_, err := event.Parse([]byte(asLine(t, e)))
	assert.ErrorContains(t, err, "want <call>.<seq>", "without a call")
}

func TestAReplayIsMarkedAndIsAMessageOfItsOwn(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) {
		e := examples()[f]
		assert.Equal(t, e.ID, e.MessageID())
		assert.NotContains(t, asLine(t, e), `"replay":`)
		e.Replay = "r-1"
		assert.Equal(t, "r-1/"+e.ID, e.MessageID())
		var again event.Event
		require.NoError(t, json.Unmarshal([]byte(asLine(t, e)), &again))
		assert.Equal(t, e, again)
		doc := example(t, f)
		doc["replay"] = "r-1"
		require.NoError(t, compile(t, f).Validate(doc))
		doc["replay"] = ""
		require.Error(t, compile(t, f).Validate(doc))
	})
}

func FuzzReadLines(f *testing.F) {
	f.Add([]byte("\n"))
	for _, fact := range event.Facts() {
		f.Add([]byte(asLine(f, examples()[fact])))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		last := 0
		err := event.ReadLines(bytes.NewReader(file), func(line int, body []byte, e event.Event) error {
			assert.Greater(t, line, last)
			last = line
			again, err := json.Marshal(e)
			require.NoError(t, err)
			var back event.Event
			require.NoError(t, json.Unmarshal(again, &back))
			assert.Equal(t, e.ID, back.ID)
			return nil
		})
		var at *event.LineError
		if err != nil && assert.True(t, errors.As(err, &at), err) {
			assert.Greater(t, at.Line, last)
		}
	})
}
