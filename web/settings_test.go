package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/shared"
	"countersign/web/overrides"
)

// changeable are settings that refuse an SMS without a code.
type changeable struct{ book *overrides.Book }

func newChangeable(now func() time.Time) changeable {
	return changeable{overrides.NewBook(shared.NewMemory(), now)}
}

func (c changeable) Now(ctx context.Context) (overrides.InForce, error) {
	kept, err := c.book.Get(ctx)
	in := overrides.InForce{
		Overrides: kept, Node: "n1", KeepsReports: true, Texts: map[string]string{"en": "Your code: {code}"},
		Periods: overrides.Retention{Journal: 90, Totals: 761, Audit: 365},
	}
	for language, text := range kept.SMS {
		in.Texts[language] = text
	}
	return in, err
}

func (c changeable) Change(
	ctx context.Context, actor, _ string, revision uint64, change func(*overrides.Overrides),
) error {
	next, err := c.book.Get(ctx)
	if err != nil {
		return err
	}
	if next.Revision != revision {
		return overrides.ErrConflict
	}
	change(&next)
	for _, text := range next.SMS {
		if !strings.Contains(text, "{code}") {
			return &overrides.InvalidError{Text: "it must have {code} in it"}
		}
	}
	next.By = actor
	_, err = c.book.Put(ctx, next)
	return err
}

func TestAProgramChangesSettings(t *testing.T) {
	t.Parallel()
	a := administer(t)
	before := a.get("/v1/settings")
	require.Equal(t, 200, before.status)
	assert.EqualValues(t, 0, before.body["revision"])
	assert.Equal(t, 422, a.put("/v1/settings", `{"revision": 0, "sms": {"de": "ohne"}}`).status)
	assert.Equal(t, 400, a.put("/v1/settings", `{"sms": {"de": "{code}"}}`).status, "no revision")
	assert.Equal(t, 400, a.put("/v1/settings", `{"revision": 0}`).status, "no change")
	after := a.put("/v1/settings", `{"revision": 0, "sms": {"de": "Code {code}"}, "retention": {"journal": 60}}`)
	require.Equal(t, 200, after.status, after.text)
	assert.Equal(t, []any{"de"}, after.body["own"])
	assert.EqualValues(t, 1, after.body["revision"])
	assert.Equal(t, 409, a.put("/v1/settings", `{"revision": 0, "sms": {}}`).status)

	const weekly = `"cron": "0 6 * * 1", "report": "summary", "period": "last_week", "format": "pdf", "mail": {"to": ["a@b.example"]}}`
	made := a.put("/v1/schedules/weekly", `{"revision": 1, "rounded": true, "by": ["line"], `+weekly)
	require.Equal(t, 200, made.status, made.text)
	one := made.body["schedules"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{"weekly", true, []any{"line"}}, []any{one["name"], one["rounded"], one["by"]})
	assert.Equal(t, 400, a.put("/v1/schedules/weekly", `{"revision": 2, "name": "other", `+weekly).status)
	assert.Equal(t, 409, a.put("/v1/schedules/weekly", `{"revision": 1, `+weekly).status)
	assert.Equal(t, 404, a.remove("/v1/schedules/none?revision=2").status)
	assert.Equal(t, 400, a.remove("/v1/schedules/weekly").status)
	gone := a.remove("/v1/schedules/weekly?revision=2")
	require.Equal(t, 200, gone.status, gone.text)
	assert.Empty(t, gone.body["schedules"])
}
