package replay

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
	"countersign/lines/whatif"
)

func TestTheCallsThatStartedFirstAreListedAndNoMoreAreKept(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1, 7, 2000} {
		tr := Tried{limit: limit}
		for _, i := range rand.Perm(1000) {
			tr.list(whatif.Result{Call: strconv.Itoa(i), Started: noon.Add(time.Duration(i) * time.Second)})
			require.LessOrEqual(t, len(tr.Listed), 2*limit+2)
		}
		tr.first()
		require.Len(t, tr.Listed, min(limit, 1000))
		for i, r := range tr.Listed {
			assert.Equal(t, strconv.Itoa(i), r.Call)
		}
	}
}

func definition(t *testing.T, text string) *lines.Definition {
	t.Helper()
	def, err := lines.Parse("retail.yaml", []byte(text))
	require.NoError(t, err)
	return def
}

const retail = `
format: 1
line: retail
numbers: ["5000"]
region: DE
languages: [en]
identify:
  - number: {name: account, digits: 6-10}
verify: {level: 2, questions: [{pin: {}}]}
routes: {verified: menu XML default, identified: agents XML default, unidentified: agents XML default}
`

func TestRecordedCallsAreRunOnTheLineOfTheirName(t *testing.T) {
	t.Parallel()
	from := file(t, write(t, call("call-1", "retail", noon), call("call-2", "retail", noon),
		call("call-3", "other", noon)))
	seen := 0
	tried, err := Try(within(t), from, TryOptions{
		Lines: []*lines.Definition{definition(t, retail)}, Limit: 10, Progress: func(calls int) { seen = calls },
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"retail"}, tried.Lines)
	assert.Equal(t, 2, tried.Calls)
	assert.Equal(t, 2, seen)
	assert.Equal(t, 1, tried.Others)
	assert.Equal(t, tried.Calls, tried.Same+tried.Changed+tried.Unknown)
}

func TestWhatWasRunBeforeAnErrorIsKnown(t *testing.T) {
	t.Parallel()
	options := TryOptions{Lines: []*lines.Definition{definition(t, retail)}}
	_, err := Try(within(t), file(t, write(t, call("call-1", "retail", noon))+"garbage\n"), options)
	require.ErrorContains(t, err, "calls.ndjson: line 5")
	ctx, stop := context.WithCancelCause(within(t))
	stop(errors.New("countersign is stopping"))
	_, err = Try(ctx, file(t, strings.Repeat(write(t, call("call-1", "retail", noon)), 2)), options)
	require.ErrorContains(t, err, "is stopping")
}
