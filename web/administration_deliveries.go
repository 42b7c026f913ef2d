package web

import (
	"errors"
	"net/http"
	"time"

	"countersign/backend/webhook"
	"countersign/reports/deliver"
	"countersign/store/audit"
)

func (a *api) schedules(w http.ResponseWriter, r *http.Request, in *Administration) error {
	all, err := in.Schedules.Statuses(r.Context())
	if err != nil {
		return unavailable("The schedules cannot be read now. Try again.", err)
	}
	return answer(w, http.StatusOK, map[string]any{"schedules": emptyIfNil(all)})
}

func (a *api) runSchedule(w http.ResponseWriter, r *http.Request, in *Administration) error {
	went, err := in.Schedules.Run(r.Context(), r.PathValue("schedule"), actor(r))
	switch {
	case errors.Is(err, deliver.ErrUnknown):
		return notFound("There is no schedule with this name.")
	case err != nil:
		return badGateway("The report was not delivered: ", err)
	}
	return answer(w, http.StatusOK, map[string]any{"went": emptyIfNil(went)})
}

// shownWebhook is how a webhook does.
type shownWebhook struct {
	Name    string          `json:"name"`
	Dialect webhook.Dialect `json:"dialect"`
	// Behind are events that it has not looked at, Failing and Dead calls.
	Behind  uint64        `json:"behind"`
	Failing []failingCall `json:"failing"`
	Dead    []failingCall `json:"dead"`
}

type failingCall struct {
	Call     string    `json:"call"`
	Line     string    `json:"line"`
	Events   int       `json:"events"`
	First    time.Time `json:"first"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error"`
}

func failingCalls(all []webhook.Failing) []failingCall {
	shown := make([]failingCall, len(all))
	for i, f := range all {
		shown[i] = failingCall{
			Call: f.Call, Line: f.Line, Events: len(f.Places), First: f.First, Attempts: f.Attempts, Error: f.Error,
		}
	}
	return shown
}

func (a *api) webhooks(w http.ResponseWriter, r *http.Request, in *Administration) error {
	all, err := in.Webhooks.Statuses(r.Context())
	if err != nil {
		return stateError(err)
	}
	shown := make([]shownWebhook, len(all))
	for i, s := range all {
		shown[i] = shownWebhook{
			Name: s.Name, Dialect: s.Dialect, Behind: s.Behind, Failing: failingCalls(s.Failing), Dead: failingCalls(s.Dead),
		}
	}
	return answer(w, http.StatusOK, map[string]any{"webhooks": shown})
}

// webhookAnswer is what a system answered to a test.
type webhookAnswer struct {
	Method string `json:"method"`
	Status int    `json:"status"`
	MS     int64  `json:"ms"`
}

func (a *api) testWebhook(w http.ResponseWriter, r *http.Request, in *Administration) error {
	name := r.PathValue("webhook")
	answers, err := in.Webhooks.Test(r.Context(), name)
	switch {
	case errors.Is(err, webhook.ErrUnknown):
		return notFound("There is no webhook with this name.")
	case err != nil:
		return badGateway("The system has not taken the test: ", err)
	}
	shown := make([]webhookAnswer, len(answers))
	for i, got := range answers {
		shown[i] = webhookAnswer{Method: got.Method, Status: got.Status, MS: got.Took.Milliseconds()}
	}
	return answer(w, http.StatusOK, map[string]any{"answers": shown})
}

func (a *api) retryWebhook(w http.ResponseWriter, r *http.Request, in *Administration) error {
	name := r.PathValue("webhook")
	switch err := in.Webhooks.Retry(r.Context(), name); {
	case errors.Is(err, webhook.ErrUnknown):
		return notFound("There is no webhook with this name.")
	case err != nil:
		return stateError(err)
	}
	a.audited(r, audit.WebhookRetried, "webhook "+name, "all")
	return answer(w, http.StatusOK, map[string]string{"retried": name})
}

func badGateway(detail string, cause error) error {
	return &problem{Status: http.StatusBadGateway, Detail: detail + cause.Error() + ".", cause: cause}
}
