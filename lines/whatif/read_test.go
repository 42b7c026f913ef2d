package whatif_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written encodes events as a journal does.
func written(t testing.TB, events []event.Event) (bodies [][]byte) {
	for _, e := range events {
		body, err := e.MarshalJSON()
		require.NoError(t, err)
		bodies = append(bodies, body)
	}
	return bodies
}

func TestReadRefusesWhatIsNotAnEvent(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "garbage", "{}", "[]", `{"specversion":"1.0","type":"countersign.v1.weather_changed"}`,
		`{"specversion":"1.0","type":"countersign.v1.routed"`,
	} {
		_, err := whatif.Read([]byte(body))
		_, want := event.Parse([]byte(body))
		assert.Equal(t, want, err, body)
		assert.Error(t, err)
	}
}

func TestEveryFactIsRead(t *testing.T) {
	t.Parallel()
	for _, f := range event.Facts() {
		body, err := os.ReadFile(filepath.Join("..", "..", "session", "event", "testdata", string(f)+".json"))
		require.NoError(t, err)
		var want event.Event
		require.NoError(t, want.UnmarshalJSON(body))
		got, err := whatif.Read(body)
		require.NoError(t, err)
		assert.Equal(t, f, got.Fact())
		assert.Equal(
			t, fmt.Sprint(want.ID, want.Call, want.Seq, want.Line, want.Time),
			fmt.Sprint(got.ID, got.Call, got.Seq, got.Line, got.Time),
		)
	}
}

func FuzzRead(f *testing.F) {
	for _, fact := range event.Facts() {
		body, err := os.ReadFile(filepath.Join("..", "..", "session", "event", "testdata", string(fact)+".json"))
		require.NoError(f, err)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := whatif.Read(body)
		if err == nil {
			assert.NotNil(t, e.Data)
		}
	})
}

func BenchmarkReadAndRun(b *testing.B) {
	w := defaultWorld(b)
	var calls [][][]byte
	for i := range 300 {
		for _, c := range w.play(fmt.Sprintf("call-%d", i)) {
			for i := range c {
				c[i].Line = w.def.Line
			}
			calls = append(calls, written(b, c))
		}
	}
	tr, n, same := trial(b, w.def), 0, 0
	for b.Loop() {
		var g whatif.Gather
		for _, body := range calls[n%len(calls)] {
			e, err := whatif.Read(body)
			if err != nil {
				b.Fatal(err)
			}
			if call := g.Add(e); call != nil && tr.Run(b.Context(), call).Verdict == whatif.Same {
				same++
			}
		}
		n++
	}
	assert.Equal(b, n, same)
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "calls/s")
}
