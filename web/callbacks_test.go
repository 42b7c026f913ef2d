package web

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/audit"
)

type open struct{}

func (open) Open(time.Time) bool { return true }

// callingBack is a site that calls customers back.
type callingBack struct {
	*site
	book    *callback.Book
	told    []string
	audited []string
}

func callsBack(t *testing.T, changes ...func(*Options)) *callingBack {
	t.Helper()
	a := &callingBack{}
	a.site = newSite(t, func(o *Options) {
		a.book = callback.New(callback.Options{
			Store:    shared.NewMemory(),
			Windows:  func() callback.Windows { return callback.Windows{Zone: time.UTC, Length: time.Hour, Hours: open{}} },
			Capacity: func() int { return 1 }, Countries: func() []string { return nil }, Ahead: 24 * time.Hour,
			Phones: func(context.Context, string) ([]session.Phone, error) {
				return []session.Phone{{E164: "+493012345678"}}, nil
			},
			Secret:  func(context.Context, string, session.Secret) (bool, error) { return false, nil },
			Publish: func(context.Context, event.Event) error { return nil },
			Now:     o.Now, Log: slog.New(slog.DiscardHandler),
		})
		a.book.Begin()
		a.book.CaughtUp()
		o.Callbacks = &Callbacks{
			Book: a.book, Lines: func() []string { return []string{"retail"} },
			Tell: func(c callback.Callback, what string) { a.told = append(a.told, what) },
			Audit: func(_ context.Context, e audit.Entry) error {
				a.audited = append(a.audited, e.Actor+": "+e.Action)
				return nil
			},
		}
		for _, change := range changes {
			change(o)
		}
	})
	return a
}

func TestAProgramBooksMovesAndCancelsCallbacks(t *testing.T) {
	t.Parallel()
	a := callsBack(t)
	free := a.get("/v1/callback-windows?line=retail").body["windows"].([]any)
	require.NotEmpty(t, free)
	first := free[0].(map[string]any)["from"].(string)
	second := free[1].(map[string]any)["from"].(string)
	body := func(customer, more string) string {
		return `{"customer": "` + customer + `", "line": "retail", "subject": "my order", "word": "Ananas7", ` + more + `}`
	}
	for name, wrong := range map[string]string{
		"neither from nor soon": `{"customer": "C-1", "line": "retail"}`,
		"both":                  body(customer, `"soon": true, "from": "`+first+`"`),
		"no such line":          strings.Replace(body(customer, `"soon": true`), "retail", "other", 1),
		"no such customer":      body("NOBODY", `"soon": true`),
	} {
		assert.Equal(t, 400, a.post("/v1/callbacks", wrong).status, name)
	}
	assert.Equal(t, 422, a.post("/v1/callbacks", body(customer, `"from": "`+first+`", "number": "+4930999999"`)).status)
	made := a.post("/v1/callbacks", body(customer, `"from": "`+first+`"`))
	require.Equal(t, 201, made.status, made.text)
	assert.Equal(t, "5678", made.body["number_last4"])
	assert.Equal(t, true, made.body["has_word"])
	assert.NotContains(t, made.text, "Ananas7")
	assert.NotContains(t, made.text, "+4930")
	assert.Equal(t, 409, a.post("/v1/callbacks", body(customer, `"from": "`+first+`"`)).status, "the window is full")

	at := "/v1/callbacks/" + made.body["callback"].(string)
	assert.Equal(t, "booked", a.get(at).body["state"])
	assert.Equal(t, 404, a.get("/v1/callbacks/other").status)
	assert.Len(t, a.get("/v1/callbacks?customer=" + customer).body["callbacks"], 1)
	assert.Empty(t, a.get("/v1/callbacks?customer=C-2").body["callbacks"])
	assert.Equal(t, 400, a.get("/v1/calling").status)
	assert.Equal(t, false, a.get("/v1/calling?customer=" + customer).body["calling"])

	moved := a.put(at, `{"from": "`+second+`"}`)
	require.Equal(t, 200, moved.status, moved.text)
	assert.NotEqual(t, made.body["from"], moved.body["from"])
	assert.Equal(t, 200, a.remove(at).status)
	assert.Equal(t, 409, a.remove(at).status, "it is over")
	assert.Equal(t, []string{"moved", "cancelled"}, a.told)
	assert.Equal(t, []string{"key shop: callback_booked", "key shop: callback_moved", "key shop: callback_cancelled"}, a.audited)
}

func TestNobodyIsCalledBackWithoutTheSetting(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	assert.Equal(t, 503, s.get("/v1/callbacks").status)
}
