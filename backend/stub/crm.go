// Package stub is a small CRM and a small SMS gateway, as HTTP handlers, for the demo and for tests. It keeps secrets
// and one-time codes in clear in memory: use it with sample data only.
package stub

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"countersign/session"
)

// maxBody bounds the body of a request.
const maxBody = 64 << 10

// Customer is a customer of the CRM.
type Customer struct {
	ID, Name, Language string
	// Phones are the telephone numbers (E.164) on file.
	Phones []Phone
	// Identifiers by kind, such as account.
	Identifiers map[string]string
	// Secrets by kind, such as pin, or birth_date (YYYYMMDD).
	Secrets map[string]string
}

// Phone is a telephone number and since when it is on file (RFC 3339 or YYYY-MM-DD).
type Phone struct {
	Number string `json:"number"`
	Since  string `json:"since,omitempty"`
}

// CRM is an http.Handler with
//
//	GET  /customers?phone=+4930123456         {"customers": [{"id", "name", "language", "secrets": ["pin", …]}, …]}
//	GET  /customers?kind=account&value=100042 the same; 221234 also finds AB-1234, for which callers key that
//	GET  /customers/{id}                      one of them, or 404
//	POST /customers/{id}/check                {"kind", "answer"} → {"valid": true or false}, or 404
//	GET  /customers/{id}/phones               {"phones": [{"number", "since"}, …]}, or 404
//	POST /customers/{id}/phones               {"number"} → 201, or 404
//
// It requires "Authorization: Bearer <token>", unless its token is empty, and is safe for use by several goroutines.
type CRM struct {
	token string
	mux   *http.ServeMux

	mu        sync.Mutex
	customers []Customer
	fault     Fault
	left      int // requests that the fault still hits; -1 is all
	asked     int
}

// NewCRM makes a CRM with these customers.
func NewCRM(token string, customers []Customer) *CRM {
	c := &CRM{token: token, customers: slices.Clone(customers), mux: http.NewServeMux()}
	c.mux.HandleFunc("GET /customers", c.find)
	c.mux.HandleFunc("GET /customers/{id}", c.of(c.show))
	c.mux.HandleFunc("POST /customers/{id}/check", c.of(c.check))
	c.mux.HandleFunc("GET /customers/{id}/phones", c.of(c.phones))
	c.mux.HandleFunc("POST /customers/{id}/phones", c.of(c.addPhone))
	return c
}

// Break injects a fault from the next request on. The zero Fault ends it.
func (c *CRM) Break(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault, c.left = f, f.Times
	if f.Times == 0 {
		c.left = -1
	}
}

// Asked returns how many requests came, answered or not.
func (c *CRM) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// ServeHTTP implements http.Handler.
func (c *CRM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)) // all of it, to notice a client that disconnects
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if c.next().spoil(w, r) {
		return
	}
	if !authorized(r, c.token) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.mux.ServeHTTP(w, r)
}

// next counts a request and returns the fault that hits it.
func (c *CRM) next() Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.left == 0 {
		return Fault{}
	}
	if c.left > 0 {
		c.left--
	}
	return c.fault
}

func authorized(r *http.Request, token string) bool {
	return token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) == 1
}

func (c *CRM) find(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := r.URL.Query()
	found := []any{}
	for _, one := range c.customers {
		has := func(p Phone) bool { return p.Number == q.Get("phone") }
		if q.Has("phone") && slices.ContainsFunc(one.Phones, has) ||
			q.Has("kind") && isKeyed(one.Identifiers[q.Get("kind")], q.Get("value")) {
			found = append(found, shown(one))
		}
	}
	answer(w, http.StatusOK, map[string]any{"customers": found})
}

// isKeyed says whether a value is an identifier, or what callers key for it.
func isKeyed(identifier, value string) bool {
	return value != "" && (identifier == value || session.Keypad(identifier) == value)
}

func shown(c Customer) map[string]any {
	kinds := append([]string{}, slices.Sorted(maps.Keys(c.Secrets))...)
	return map[string]any{"id": c.ID, "name": c.Name, "language": c.Language, "secrets": kinds}
}

// of finds the customer of a path and serves one request at a time.
func (c *CRM) of(serve func(w http.ResponseWriter, r *http.Request, of *Customer)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.IndexFunc(c.customers, func(one Customer) bool { return one.ID == r.PathValue("id") })
		if i < 0 {
			answer(w, http.StatusNotFound, map[string]any{"error": "no such customer"})
			return
		}
		serve(w, r, &c.customers[i])
	}
}

func (c *CRM) show(w http.ResponseWriter, _ *http.Request, of *Customer) {
	answer(w, http.StatusOK, shown(*of))
}

func (c *CRM) check(w http.ResponseWriter, r *http.Request, of *Customer) {
	var asked struct{ Kind, Answer string }
	if json.NewDecoder(r.Body).Decode(&asked) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	secret, has := of.Secrets[asked.Kind]
	valid := has && subtle.ConstantTimeCompare([]byte(secret), []byte(asked.Answer)) == 1
	answer(w, http.StatusOK, map[string]any{"valid": valid})
}

func (c *CRM) phones(w http.ResponseWriter, _ *http.Request, of *Customer) {
	answer(w, http.StatusOK, map[string]any{"phones": append([]Phone{}, of.Phones...)})
}

func (c *CRM) addPhone(w http.ResponseWriter, r *http.Request, of *Customer) {
	var asked Phone
	if json.NewDecoder(r.Body).Decode(&asked) != nil || asked.Number == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	of.Phones = append(slices.Clone(of.Phones), asked)
	w.WriteHeader(http.StatusCreated)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
