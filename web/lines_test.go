package web

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/lines/change"
	"countersign/lines/staged"
	"countersign/session/shared"
	"countersign/store/audit"
)

// shelf is one line in memory, as package bus keeps it.
type shelf struct{ all []shared.LineVersion } // oldest first

func (s *shelf) All(context.Context) ([]shared.LineVersion, error) {
	if len(s.all) == 0 {
		return nil, nil
	}
	return s.all[len(s.all)-1:], nil
}

func (s *shelf) Get(_ context.Context, name string) (shared.LineVersion, error) {
	if name != "retail" || len(s.all) == 0 {
		return shared.LineVersion{}, shared.ErrNotFound
	}
	return s.all[len(s.all)-1], nil
}

func (s *shelf) History(ctx context.Context, name string) ([]shared.LineVersion, error) {
	_, err := s.Get(ctx, name)
	return s.all, err
}

func (s *shelf) Put(_ context.Context, name, yaml string, c bus.Change) (shared.LineVersion, error) {
	v := shared.LineVersion{
		Name: name, Version: len(s.all) + 1, YAML: yaml, Author: c.Author, Comment: c.Comment, At: start, Staged: c.Staged, Summary: c.Summary,
	}
	s.all = append(s.all, v)
	return v, nil
}

const retail = `format: 1
line: retail
numbers: ["5000"]
identify: [{ani: {}}]
verify: {questions: [{pin: {digits: 6}}]}
routes: {identified: agents XML default}
`

func TestAProgramPublishesALine(t *testing.T) {
	t.Parallel()
	kept, audited := &shelf{}, []string{}
	s := newSite(t, func(o *Options) {
		o.LineBook = &LineBook{
			Lines: kept, Plan: func() change.Options { return change.Options{Recorded: func(string, string) bool { return true }} },
			Tally: func(string) (staged.Tally, bool) {
				return staged.Tally{New: staged.Arm{Calls: 10, Unverified: 1}, Before: staged.Arm{Calls: 90}}, true
			},
			Audit: func(_ context.Context, e audit.Entry) error {
				audited = append(audited, e.Actor+": "+e.Action+" "+e.Object+" "+e.Detail)
				return nil
			},
		}
	})
	put := func(body string) reply { return s.ask("PUT", "/v1/lines/retail", "application/json", body) }
	body := func(yaml, more string) string { return `{"yaml": ` + quote(yaml) + `, "comment": "why"` + more + `}` }
	assert.Empty(t, s.get("/v1/lines").body["lines"])
	assert.Equal(t, 404, s.get("/v1/lines/retail").status)
	made := put(body(retail, `, "expected_version": 0`))
	require.Equal(t, 200, made.status, made.text)
	assert.Equal(t, "key shop", made.body["author"])
	assert.Equal(t, retail, s.get("/v1/lines/retail").body["yaml"])

	check := s.post("/v1/lines/retail/check", `{"yaml": `+quote(strings.Replace(retail, "digits: 6", "digits: many", 1))+`}`)
	require.Equal(t, 200, check.status, check.text)
	assert.Equal(t, false, check.body["ok"])
	assert.Equal(t, "verify.questions[0].pin.digits", check.body["problems"].([]any)[0].(map[string]any)["path"])
	next := strings.Replace(retail, "digits: 6", "digits: 4", 1)
	check = s.post("/v1/lines/retail/check", `{"yaml": `+quote(next)+`}`)
	assert.Equal(t, []any{"verify.questions[0].pin.digits: 6 → 4"}, check.body["changes"])

	assert.Equal(t, 409, put(body(next, `, "expected_version": 0`)).status, "somebody was faster")
	assert.Equal(t, 400, put(body(next, ``)).status, "the version is missing")
	assert.Equal(t, 400, put(body(strings.Replace(next, "retail", "other", 1), `, "expected_version": 1`)).status)
	wrong := put(body("format: 9", `, "expected_version": 1`))
	assert.Equal(t, 422, wrong.status)
	assert.NotEmpty(t, wrong.body["problems"])
	assert.Equal(t, 404, s.get("/v1/lines/retail/start").status)
	assert.Equal(t, 409, s.post("/v1/lines/retail/share", `{"percent": 50}`).status)
	assert.Equal(t, 400, put(body(next, `, "expected_version": 1, "percent": 100`)).status)
	begun := put(body(next, `, "expected_version": 1, "percent": 10, "bounds": {"unverified": 3}`))
	require.Equal(t, 200, begun.status, begun.text)
	assert.EqualValues(t, 10, begun.body["percent"])
	assert.InDelta(t, 3, kept.all[1].Staged.Bounds.Unverified, 0)
	compared := s.get("/v1/lines/retail/start")
	require.Equal(t, 200, compared.status, compared.text)
	assert.EqualValues(t, 1, compared.body["before"])
	assert.InDelta(t, 10, compared.body["differences"].([]any)[0].(map[string]any)["estimate"], 0.001)
	assert.Equal(t, 200, s.post("/v1/lines/retail/share", `{"percent": 50}`).status)
	assert.Equal(t, 200, s.post("/v1/lines/retail/share", `{"percent": 100, "comment": "as good"}`).status)
	assert.Nil(t, kept.all[3].Staged)
	assert.Len(t, s.get("/v1/lines/retail/versions").body["versions"], 4)
	assert.Equal(t, "key shop: line_applied line retail version 1 → 2", audited[1])
	assert.Len(t, audited, 4)
}
