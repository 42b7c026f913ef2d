package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"countersign/session/receipt"
	"countersign/web/access"

	"github.com/stretchr/testify/assert"
)

// postbox is TakesReceipts.
type postbox struct {
	err       error
	kind, got string
	with      url.Values
}

func (p *postbox) Take(_ context.Context, kind string, body []byte, query url.Values) (taken, ignored int, err error) {
	p.kind, p.got, p.with = kind, string(body), query
	return 1, 2, p.err
}

func TestAGatewaySaysWhatBecameOfAMessage(t *testing.T) {
	t.Parallel()
	box := &postbox{}
	s := newSite(t, func(o *Options) { o.Receipts = box })
	got := s.ask("POST", "/v1/receipts/sms?ref=x", form, "MessageStatus=delivered")
	assert.Equal(t, 200, got.status)
	assert.Equal(t, map[string]any{"taken": 1., "ignored": 2.}, got.body)
	assert.Equal(t, form, box.kind)
	assert.Equal(t, "MessageStatus=delivered", box.got)
	assert.Equal(t, url.Values{"ref": {"x"}}, box.with)
	box.err = receipt.ErrUnreadable
	assert.Equal(t, 400, s.post("/v1/receipts/sms", "<xml>").status)
	box.err = errors.New("NATS is away")
	assert.Equal(t, 503, s.post("/v1/receipts/sms", "{}").status, "the gateway tries again")
	assert.Equal(t, 503, newSite(t).post("/v1/receipts/sms", "{}").status)
}

func TestTheKeyOfAGatewayOpensNothingElse(t *testing.T) {
	t.Parallel()
	const gateways, others = "7b1d6a0c4f8e2a957b1d6a0c4f8e2a95", "0f9a4c1e5b7d2a6830f9a4c1e5b7d2a6"
	handler := New(Options{Receipts: &postbox{}, APIKeys: these(
		Key{Name: "gateway", SHA256: sha256.Sum256([]byte(gateways)), Scopes: []access.Scope{access.Receipts}},
		Key{Name: "screen", SHA256: sha256.Sum256([]byte(others)), Scopes: access.DefaultScopes()},
	)})
	basic := func(key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("anybody:"+key)) }
	for _, c := range []struct {
		path, authorization string
		status              int
	}{
		{"/v1/receipts/sms", "Bearer " + gateways, 200},
		{"/v1/receipts/sms", basic(gateways), 200},
		{"/v1/receipts/sms", basic(others), 403},
		{"/v1/receipts/sms", "Bearer " + others, 403},
		{"/v1/receipts/sms", basic("wrong"), 401},
		{"/v1/receipts/sms", basic(""), 401},
		{"/v1/receipts/sms", "", 401},
		{"/v1/tokens", "Bearer " + gateways, 403},
		{"/v1/tokens", basic(gateways), 401},
		{"/v1/calls/x/step-up", "Bearer " + gateways, 403},
		{"/v1/calls/x/step-up", basic(others), 401},
	} {
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		assert.Equal(t, c.status, w.Code, "%s %s", c.path, c.authorization)
	}
}
