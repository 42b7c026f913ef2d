package staff

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/backend/webhook"
	"countersign/store/audit"
	"countersign/web/access"
)

// Webhooks are the systems that are told over HTTP.
type Webhooks interface {
	// Statuses says how each does.
	Statuses(ctx context.Context) ([]webhook.Status, error)
	// Retry has what could not be delivered tried again now.
	Retry(ctx context.Context, name string) error
	// Test tries the settings on the system, and says what it answered; err says why it does not count.
	Test(ctx context.Context, name string) (answers []webhook.Answer, err error)
}

type webhooksPage struct {
	All []webhook.Status
	// Tested is the one that was tried, with its Answers.
	Tested  string
	Answers []webhook.Answer
	// Retried is the one that is tried again.
	Retried string
}

// webhookWithin bounds the page of a test, testWithin the test, which may take several requests.
const (
	webhookWithin = 20 * time.Second
	testWithin    = 15 * time.Second
)

func (p *Pages) webhooks(w http.ResponseWriter, r *http.Request) error {
	return p.showWebhooks(w, r, http.StatusOK, p.page(r, nil), webhooksPage{})
}

func (p *Pages) showWebhooks(w http.ResponseWriter, r *http.Request, status int, shown page, data webhooksPage) (err error) {
	if p.Webhooks == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	if data.All, err = p.Webhooks.Statuses(r.Context()); err != nil {
		p.Log.Error("webhooks not shown", "err", err)
		return refuse(http.StatusServiceUnavailable, "state_unavailable")
	}
	shown.Data = data
	return p.write(w, r, status, "webhooks", shown)
}

func (p *Pages) testWebhook(w http.ResponseWriter, r *http.Request) error {
	if p.Webhooks == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	name := r.PathValue("webhook")
	ctx, cancel := context.WithTimeout(r.Context(), testWithin)
	answers, err := p.Webhooks.Test(ctx, name)
	cancel()
	if errors.Is(err, webhook.ErrUnknown) {
		return refuse(http.StatusNotFound, "webhook_unknown")
	}
	shown, status := p.page(r, nil), http.StatusOK
	if err != nil {
		p.Log.Warn("webhook does not take a test", "webhook", name, "err", err)
		shown.Problem, status = shown.T("webhook_refused", name, err.Error()), http.StatusBadGateway
	}
	return p.showWebhooks(w, r, status, shown, webhooksPage{Tested: name, Answers: answers})
}

func (p *Pages) retryWebhook(w http.ResponseWriter, r *http.Request) error {
	if p.Webhooks == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	name := r.PathValue("webhook")
	switch err := p.Webhooks.Retry(r.Context(), name); {
	case errors.Is(err, webhook.ErrUnknown):
		return refuse(http.StatusNotFound, "webhook_unknown")
	case err != nil:
		return p.peopleError(err)
	}
	who, _ := access.From(r.Context())
	p.note(r, who.ID, audit.WebhookRetried, "webhook "+name, "all")
	return p.showWebhooks(w, r, http.StatusOK, p.page(r, nil), webhooksPage{Retried: name})
}
