package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/webhook"
	"countersign/reports/deliver"
	"countersign/session/shared"
	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/apikeys"
	"countersign/web/people"
	"countersign/web/walls"
)

// administered is a site whose people, keys and walls are in memory.
type administered struct {
	*site
	people  *people.Book
	keys    *apikeys.Book
	walls   *walls.Book
	audited []string
}

func administer(t *testing.T) *administered {
	t.Helper()
	a := &administered{}
	a.site = newSite(t, func(o *Options) {
		store := shared.NewMemory()
		a.people, a.walls = people.NewBook(store, o.Now), walls.New(store, o.Now)
		a.keys = apikeys.NewBook(store, o.Now, func() []string { return []string{"app", "shop"} })
		o.Keys = a.keys
		o.Administration = &Administration{
			People: a.people, Keys: a.keys, Walls: a.walls, Schedules: planned{}, Webhooks: told{}, Overrides: newChangeable(o.Now),
			Invitation: func(secret string) string { return "https://desk.example/join/" + secret },
			Audit: func(_ context.Context, e audit.Entry) error {
				a.audited = append(a.audited, strings.TrimSpace(e.Actor+": "+e.Action+" "+e.Object+" "+e.Detail))
				return nil
			},
		}
	})
	return a
}

// planned are the scheduled reports: one is delivered, the other's mail server is away.
type planned struct{}

func (planned) Statuses(context.Context) ([]deliver.Status, error) {
	return []deliver.Status{{Name: "weekly", Cron: "0 6 * * 1", Report: "summary"}}, nil
}

func (planned) Run(_ context.Context, name, actor string) ([]string, error) {
	switch name {
	case "weekly":
		return []string{"/srv/weekly.pdf for " + actor}, nil
	case "away":
		return nil, errors.New("the mail server is away")
	}
	return nil, deliver.ErrUnknown
}

// told is a system that takes a test, and one that does not.
type told struct{}

func (told) Statuses(context.Context) ([]webhook.Status, error) {
	return []webhook.Status{{Name: "crm", Dialect: webhook.Plain, Behind: 3, Failing: []webhook.Failing{{
		Call: callOne, Line: "retail", First: start, Attempts: 2, Error: "status 503",
	}}}}, nil
}

func (told) Retry(_ context.Context, name string) error {
	if name != "crm" {
		return webhook.ErrUnknown
	}
	return nil
}

func (told) Test(_ context.Context, name string) ([]webhook.Answer, error) {
	switch name {
	case "crm":
		return []webhook.Answer{{Method: "POST", Status: 200, Took: 7 * time.Millisecond}}, nil
	case "away":
		return nil, errors.New("status 503")
	}
	return nil, webhook.ErrUnknown
}

func TestAProgramLooksAfterPeople(t *testing.T) {
	t.Parallel()
	a := administer(t)
	made := a.post("/v1/people", `{"id": "ada@bank.example", "name": "Ada", "roles": ["agent"], "agents": ["1001"]}`)
	require.Equal(t, 201, made.status, made.text)
	secret, ok := strings.CutPrefix(made.body["link"].(string), "https://desk.example/join/")
	require.True(t, ok)
	assert.Equal(t, 409, a.post("/v1/people", `{"id": "ada@bank.example", "name": "Ada", "roles": ["agent"]}`).status)
	assert.Equal(t, 400, a.post("/v1/people", `{"id": "eve", "name": "Eve", "roles": ["queen"]}`).status)
	_, err := a.people.Accept(t.Context(), secret, "lantern kettle oblique 42")
	require.NoError(t, err, "the link is good")

	address := "/v1/people/" + url.PathEscape("ada@bank.example")
	changed := a.put(address, `{"name": "Ada L.", "roles": ["supervisor", "admin"], "lines": ["retail"], "language": "de"}`)
	require.Equal(t, 200, changed.status, changed.text)
	got := a.get(address)
	assert.Equal(t, changed.body, got.body)
	assert.Equal(t, []any{"retail"}, got.body["lines"])
	assert.Empty(t, got.body["agents"], "what is missing is empty")
	assert.Equal(t, "active", got.body["state"])
	assert.Equal(t, 400, a.put(address, `{"name": "", "roles": ["agent"]}`).status)
	assert.Equal(t, 409, a.put(address, `{"name": "Ada", "roles": ["agent"]}`).status, "nobody could administer the screens")
	assert.Equal(t, 404, a.put("/v1/people/eve", `{"name": "Eve", "roles": ["agent"]}`).status)
	assert.Equal(t, 200, a.post(address+"/sign-out", "").status)
	again := a.post(address+"/invitation", "")
	assert.Equal(t, 200, again.status, again.text)
	for _, path := range []string{"/v1/people/eve/sign-out", "/v1/people/eve/invitation"} {
		assert.Equal(t, 404, a.post(path, "").status, path)
	}
	assert.Equal(t, 404, a.get("/v1/people/eve").status)
	assert.Len(t, a.get("/v1/people").body["people"], 1)
	assert.Equal(t, []string{
		"key shop: person_added person ada@bank.example roles agent",
		"key shop: person_invited person ada@bank.example",
		"key shop: person_changed person ada@bank.example roles supervisor, admin, active",
		"key shop: signed_out person ada@bank.example everywhere",
		"key shop: person_invited person ada@bank.example",
	}, a.audited)
	assert.NotContains(t, a.log.String(), secret)
}

func TestAProgramLooksAfterKeys(t *testing.T) {
	t.Parallel()
	a := administer(t)
	made := a.post("/v1/keys", `{"name": "screen", "scopes": ["calls"]}`)
	require.Equal(t, 201, made.status, made.text)
	key := made.body["key"].(string)
	assert.Equal(t, 200, a.get("/v1/calls/"+callOne, withKey(key)).status)
	assert.Equal(t, 403, a.get("/v1/keys", withKey(key)).status)
	assert.Equal(t, 409, a.post("/v1/keys", `{"name": "screen", "scopes": ["calls"]}`).status)
	assert.Equal(t, 409, a.post("/v1/keys", `{"name": "shop", "scopes": ["calls"]}`).status, "the settings have it")
	assert.Equal(t, 400, a.post("/v1/keys", `{"name": "UPPER", "scopes": ["fly"]}`).status)
	assert.Equal(t, 200, a.put("/v1/keys/screen", `{"scopes": ["calls", "reports"]}`).status)
	assert.Equal(t, 400, a.put("/v1/keys/screen", `{"scopes": []}`).status)
	assert.Equal(t, 404, a.put("/v1/keys/none", `{"scopes": ["calls"]}`).status)
	assert.Equal(t, 404, a.put("/v1/keys/shop", `{"scopes": ["calls"]}`).status, "it is changed in the settings")

	rotated := a.post("/v1/keys/screen/rotation", `{"grace": "1h"}`)
	require.Equal(t, 200, rotated.status, rotated.text)
	next := rotated.body["key"].(string)
	for _, k := range []string{key, next} {
		assert.Equal(t, 200, a.get("/v1/calls/"+callOne, withKey(k)).status)
	}
	assert.Equal(t, start.Add(time.Hour).Truncate(time.Second).Format(time.RFC3339), rotated.body["old_until"])
	for _, grace := range []string{"721h", "-1h", "soon"} {
		assert.Equal(t, 400, a.post("/v1/keys/screen/rotation", `{"grace": "`+grace+`"}`).status, grace)
	}
	listed := a.get("/v1/keys")
	assert.Len(t, listed.body["keys"], 3, "those of the settings, too")
	assert.NotContains(t, listed.text, next)
	assert.Equal(t, 200, a.remove("/v1/keys/screen").status)
	assert.Equal(t, 401, a.get("/v1/calls/"+callOne, withKey(next)).status)
	assert.Equal(t, 404, a.remove("/v1/keys/screen").status)
	assert.Equal(t, []string{
		"key shop: key_added key screen scopes calls", "key shop: key_changed key screen scopes calls, reports",
		"key shop: key_rotated key screen the old one is good for 1h0m0s", "key shop: key_revoked key screen",
	}, a.audited)
	for _, k := range []string{key, next} {
		assert.NotContains(t, a.log.String(), k)
	}
}

func TestAProgramPairsScreensOnWalls(t *testing.T) {
	t.Parallel()
	a := administer(t)
	for id, roles := range map[string][]access.Role{"sue": {access.Supervisor}, "ann": {access.Agent}} {
		_, err := a.people.Add(t.Context(), people.Person{ID: id, Name: id, Roles: roles, Lines: []string{"retail"}})
		require.NoError(t, err)
	}
	secret := walls.Secret()
	code, _, err := a.walls.Show(t.Context(), secret, "192.0.2.1")
	require.NoError(t, err)
	body := func(code, by, line string) string {
		return `{"code": ` + quote(code) + `, "name": "Hall", "by": "` + by + `", "line": "` + line + `"}`
	}
	assert.Equal(t, 404, a.post("/v1/walls", body(code, "eve", "")).status)
	assert.Equal(t, 409, a.post("/v1/walls", body(code, "ann", "")).status, "agents see no board")
	assert.Equal(t, 409, a.post("/v1/walls", body(code, "sue", "orders")).status, "it is not their line")
	assert.Equal(t, 404, a.post("/v1/walls", body("WRNG2345", "sue", "retail")).status)
	paired := a.post("/v1/walls", body(code, "sue", "retail"))
	require.Equal(t, 201, paired.status, paired.text)
	found, err := a.walls.Find(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, found.ID, paired.body["id"])
	assert.Len(t, a.get("/v1/walls").body["walls"], 1)
	assert.Equal(t, 200, a.remove("/v1/walls/"+found.ID).status)
	assert.Equal(t, 404, a.remove("/v1/walls/"+found.ID).status)
	assert.Empty(t, a.get("/v1/walls").body["walls"])
	assert.Len(t, a.audited, 2)
}

func TestAProgramRunsSchedulesAndTriesWebhooks(t *testing.T) {
	t.Parallel()
	a := administer(t)
	assert.Contains(t, a.get("/v1/schedules").text, `"name":"weekly"`)
	assert.Equal(t, []any{"/srv/weekly.pdf for key shop"}, a.post("/v1/schedules/weekly/run", "").body["went"])
	away := a.post("/v1/schedules/away/run", "")
	assert.Equal(t, 502, away.status)
	assert.Contains(t, away.body["detail"], "the mail server is away")
	assert.Equal(t, 404, a.post("/v1/schedules/none/run", "").status)

	hook := a.get("/v1/webhooks").body["webhooks"].([]any)[0].(map[string]any)
	assert.EqualValues(t, 3, hook["behind"])
	assert.Equal(t, "status 503", hook["failing"].([]any)[0].(map[string]any)["error"])
	assert.Equal(t, []any{map[string]any{"method": "POST", "status": 200.0, "ms": 7.0}}, a.post("/v1/webhooks/crm/test", "").body["answers"])
	assert.Equal(t, 502, a.post("/v1/webhooks/away/test", "").status)
	assert.Equal(t, 404, a.post("/v1/webhooks/none/test", "").status)
	assert.Equal(t, 200, a.post("/v1/webhooks/crm/retry", "").status)
	assert.Equal(t, 404, a.post("/v1/webhooks/none/retry", "").status)
	assert.Equal(t, []string{"key shop: webhook_retried webhook crm all"}, a.audited)
}
