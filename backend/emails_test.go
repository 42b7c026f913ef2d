package backend_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/session"
)

func TestEMailAddressesOfACustomerOfTheCRM(t *testing.T) {
	t.Parallel()
	long := time.Date(2020, 2, 4, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		answer string
		want   []session.Email
		fails  bool
	}{
		"a text": {
			`{"id": "C-1", "mail": "ada@Example.org", "since": "2020-02-03"}`, []session.Email{{Address: "ada@example.org",
				Since: long}}, false,
		},
		"several": {`{"id": "C-1", "mail": "a@b.example; c@d.example", "since": "2020-02-03"}`,
			[]session.Email{{Address: "a@b.example", Since: long}, {Address: "c@d.example", Since: long}}, false},
		"an array": {`{"id": "C-1", "mail": ["a@b.example", "not one"], "since": "2020-02-03"}`,
			[]session.Email{{Address: "a@b.example", Since: long}}, false},
		"none":                   {`{"id": "C-1", "mail": null}`, nil, false},
		"of unknown age":         {`{"id": "C-1", "mail": "a@b.example"}`, nil, false},
		"nobody":                 {`{}`, nil, false},
		"another customer's":     {`{"id": "C-2", "mail": "a@b.example", "since": "2020-02-03"}`, nil, true},
		"a page of another kind": {`<html>`, nil, true},
	} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.answer) }))
		d := directory(t, backend.Settings{
			URL: url, Customer: backend.Fields{Email: "mail", EmailSince: "since"},
			ByID: &backend.Lookup{Request: endpoint.Request{Path: "/{{.Customer}}"}},
		}, local(t), nil)
		got, err := d.Emails(deadline(t), "C-1")
		assert.Equal(t, c.want, got, name)
		if c.fails {
			require.ErrorIs(t, err, endpoint.ErrUnavailable, name)
			assert.NotContains(t, err.Error(), "a@b", name)
			continue
		}
		require.NoError(t, err, name)
	}
	d := directory(t, backend.Settings{
		URL: "https://crm.example", ByID: &backend.Lookup{Request: endpoint.Request{Path: "/{{.Customer}}"}},
	}, local(t, "id,emails", "C-1,ada@example.org"), nil)
	here, err := d.Emails(deadline(t), "C-1")
	require.NoError(t, err)
	assert.Len(t, here, 1, "what the CRM is not configured for is here")
}
