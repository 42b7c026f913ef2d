package staff_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/webhook"
	"countersign/store/audit"
	"countersign/web/staff"
)

// hooked are two webhooks, of which one fails.
type hooked struct{ retried []string }

func (h *hooked) Statuses(context.Context) ([]webhook.Status, error) {
	return []webhook.Status{
		{Name: "crm", Dialect: webhook.Plain, Known: true, Behind: 12, Failing: []webhook.Failing{
			{Call: "call-1", Error: "status 503"}, {Call: "call-2", Error: "no answer <in time>"},
		}, Dead: []webhook.Failing{{Call: "call-0"}}},
		{Name: "zammad", Dialect: webhook.Zammad},
	}, nil
}

func (h *hooked) Retry(_ context.Context, name string) error {
	if name != "crm" {
		return webhook.ErrUnknown
	}
	h.retried = append(h.retried, name)
	return nil
}

func (h *hooked) Test(_ context.Context, name string) ([]webhook.Answer, error) {
	switch name {
	case "crm":
		return []webhook.Answer{{Method: "POST", Status: 503, Took: 40 * time.Millisecond}}, errors.New("status 503")
	case "zammad":
		return []webhook.Answer{{Method: "POST", Status: 200, Took: 7 * time.Millisecond}}, nil
	}
	return nil, webhook.ErrUnknown
}

func TestWebhooksAreShownTestedAndTriedAgain(t *testing.T) {
	t.Parallel()
	h := &hooked{}
	o := newOffice(t, func(s *staff.Options) { s.Webhooks = h })
	o.hire("admin")
	b := o.as("admin")
	for _, language := range []string{"en", "de"} {
		b.header.Set("Accept-Language", language)
		got := b.get("/webhooks")
		require.Equal(t, http.StatusOK, got.status)
		for _, want := range []string{
			`data-webhook="crm"`, ">12<", "no answer &lt;in time&gt;", `action="/webhooks/crm/retry"`, `action="/webhooks/zammad/test"`,
		} {
			assert.Contains(t, got.text, want)
		}
		assert.NotContains(t, got.text, `action="/webhooks/zammad/retry"`, "there is nothing to try again")
	}
	b.header.Del("Accept-Language")
	good := b.post("/webhooks/zammad/test")
	assert.Equal(t, http.StatusOK, good.status)
	assert.Contains(t, good.text, "zammad has taken the test")
	assert.Contains(t, good.text, "status 200 after 7 ms")
	bad := b.post("/webhooks/crm/test")
	assert.Equal(t, http.StatusBadGateway, bad.status)
	assert.Contains(t, bad.text, "crm has not taken the test: status 503")
	assert.Contains(t, b.post("/webhooks/crm/retry").text, "crm is tried again within seconds")
	assert.Equal(t, []string{"crm"}, h.retried)
	assert.Equal(t, audit.WebhookRetried, o.audited[len(o.audited)-1].Action)
	for _, path := range []string{"/webhooks/none/test", "/webhooks/none/retry"} {
		assert.Equal(t, http.StatusNotFound, b.post(path).status)
	}
}
