package stub

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// maxMessages is how many messages are kept; the oldest are dropped first.
const maxMessages = 1000

// Message is a caught text message.
type Message struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

// Messages catches text messages. It is an http.Handler with
//
//	POST /messages      {"to", "text"} → 202
//	GET  /messages?to=  {"messages": [{"to", "text"}, …]}, the oldest first; all of them without to
//
// It requires "Authorization: Bearer <token>", unless its token is empty, and is safe for use by several goroutines.
type Messages struct {
	token string
	mux   *http.ServeMux

	mu   sync.Mutex
	all  []Message
	came chan struct{} // closed and replaced with each message
}

// NewMessages makes an empty gateway.
func NewMessages(token string) *Messages {
	m := &Messages{token: token, mux: http.NewServeMux(), came: make(chan struct{})}
	m.mux.HandleFunc("POST /messages", m.take)
	m.mux.HandleFunc("GET /messages", m.list)
	return m
}

// ServeHTTP implements http.Handler.
func (m *Messages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !authorized(r, m.token) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	m.mux.ServeHTTP(w, r)
}

func (m *Messages) take(w http.ResponseWriter, r *http.Request) {
	var one Message
	if json.NewDecoder(r.Body).Decode(&one) != nil || one.To == "" || one.Text == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, one)
	if len(m.all) > maxMessages {
		m.all = slices.Delete(m.all, 0, len(m.all)-maxMessages)
	}
	close(m.came)
	m.came = make(chan struct{})
	w.WriteHeader(http.StatusAccepted)
}

func (m *Messages) list(w http.ResponseWriter, r *http.Request) {
	found, _ := m.to(r.URL.Query().Get("to"))
	answer(w, http.StatusOK, map[string]any{"messages": append([]Message{}, found...)})
}

// To returns the kept messages to a number, the oldest first; all of them for "".
func (m *Messages) To(number string) []Message {
	found, _ := m.to(number)
	return found
}

// Wait returns the messages to a number as soon as there are n, or ctx's error.
func (m *Messages) Wait(ctx context.Context, number string, n int) ([]Message, error) {
	for {
		found, came := m.to(number)
		if len(found) >= n {
			return found, nil
		}
		select {
		case <-came:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (m *Messages) to(number string) ([]Message, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Message
	for _, one := range m.all {
		if number == "" || one.To == number {
			found = append(found, one)
		}
	}
	return found, m.came
}
