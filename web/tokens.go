package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/token"
)

const (
	// sessionLife is how long the proof of a redeemed token counts (docs/policy.md#idv-token).
	sessionLife = 15 * time.Minute
	// maxName bounds the ids of customers and the names of lines.
	maxName = 128
)

const (
	noTokens = "This machine has no tokens."
	noStore  = "The token cannot be looked up now. Try again."
)

// jwks may be cached: a new key is published long before it signs (token.LoadKeys).
func (a *api) jwks(w http.ResponseWriter, _ *http.Request) error {
	if a.Tokens == nil {
		return unavailable(noTokens, nil)
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(a.Tokens.JWKS())
	return nil
}

// introspection is the answer of RFC 7662, with the call and the customer of the token.
type introspection struct {
	Active   bool           `json:"active"`
	Issuer   string         `json:"iss,omitempty"`
	Audience string         `json:"aud,omitempty"`
	Subject  string         `json:"sub,omitempty"`
	Issued   int64          `json:"iat,omitempty"`
	Expires  int64          `json:"exp,omitempty"`
	ID       string         `json:"jti,omitempty"`
	Context  string         `json:"acr,omitempty"`
	Methods  []event.Method `json:"amr,omitempty"`
	Call     string         `json:"call,omitempty"`
	Line     string         `json:"line,omitempty"`
	Customer string         `json:"customer,omitempty"`
	Level    session.Level  `json:"level,omitempty"`
}

func (a *api) introspect(w http.ResponseWriter, r *http.Request) error {
	if a.Tokens == nil {
		return unavailable(noTokens, nil)
	}
	raw, err := readToken(w, r)
	if err != nil {
		return err
	}
	defer raw.Wipe()
	if raw.Len() == 0 {
		return badRequest("There is no token in the body.")
	}
	c, active, err := a.Tokens.Introspect(r.Context(), raw)
	if err != nil {
		return unavailable(noStore, err)
	}
	if !active {
		return answer(w, http.StatusOK, introspection{})
	}
	return answer(w, http.StatusOK, introspection{
		Active: true, Issuer: c.Issuer, Audience: c.Audience, Subject: c.Subject, Issued: c.Issued.Unix(),
		Expires: c.Expires.Unix(), ID: c.ID, Context: token.ACR(c.Level), Methods: c.Methods, Call: c.Call, Line: c.Line,
		Customer: c.Customer, Level: c.Level,
	})
}

// redeemed is the answer to a redeemed token.
type redeemed struct {
	Customer       string         `json:"customer"`
	Status         event.Status   `json:"status"`
	Level          session.Level  `json:"level"`
	Methods        []event.Method `json:"methods"`
	Call           string         `json:"call,omitempty"`
	Line           string         `json:"line"`
	SessionExpires time.Time      `json:"session_expires"`
}

func (a *api) redeem(w http.ResponseWriter, r *http.Request) error {
	if a.Tokens == nil {
		return unavailable(noTokens, nil)
	}
	var in struct {
		Token secret `json:"token"`
		Line  string `json:"line"`
	}
	err := readJSON(w, r, &in, `{"token": "…"}, and "line" to accept only tokens of that line`)
	defer func() { in.Token.Wipe() }()
	if err != nil {
		return err
	}
	if in.Token.Len() == 0 {
		return badRequest("There is no token in the body.")
	}
	if in.Line == "" {
		in.Line = token.AnyLine
	}
	c, err := a.Tokens.Use(r.Context(), in.Token.Secret, in.Line)
	var refused *session.RefusedError
	switch {
	case errors.As(err, &refused):
		detail := "The token does not count: " + refusals[refused.Reason] + "."
		return &problem{Status: http.StatusUnprocessableEntity, Detail: detail, Reason: refused.Reason}
	case err != nil:
		return unavailable(noStore, err)
	}
	return answer(w, http.StatusOK, redeemed{
		Customer: c.Customer, Status: c.Level.Status(), Level: c.Level, Methods: emptyIfNil(c.Methods), Call: c.Call,
		Line: c.Line, SessionExpires: a.Now().Add(sessionLife).UTC().Truncate(time.Second),
	})
}

var refusals = map[event.Refusal]string{
	event.RefusedMalformed: "it is malformed",
	event.RefusedForged:    "its signature is not ours",
	event.RefusedExpired:   "it is too old, or from the future",
	event.RefusedReplayed:  "it has been used before",
	event.RefusedForeign:   "it is for somebody else, or for another line",
	event.RefusedUnknown:   "it is unknown, or forgotten",
}

type issued struct {
	Token     string `json:"token"`
	ExpiresIn int    `json:"expires_in"`
}

func (a *api) issue(w http.ResponseWriter, r *http.Request) error {
	if a.Tokens == nil || a.Customer == nil {
		return unavailable(noTokens, nil)
	}
	var in struct {
		Customer string         `json:"customer"`
		Methods  []event.Method `json:"methods"`
		Line     string         `json:"line"`
	}
	if err := readJSON(w, r, &in, `{"customer": "…", "methods": ["password"], "line": "*"}`); err != nil {
		return err
	}
	if in.Customer == "" || len(in.Customer) > maxName {
		return badRequest(`"customer" must be the id of a customer.`)
	}
	if in.Line == "" || len(in.Line) > maxName {
		return badRequest(`"line" must be the name of the service line that the token is for, or "*" for all of them.`)
	}
	c, found, err := a.Customer(r.Context(), in.Customer)
	switch {
	case err != nil:
		return unavailable("The customer cannot be looked up now. Try again.", err)
	case !found:
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "There is no customer with this id."}
	}
	raw, err := a.Tokens.IssueFor(r.Context(), c.ID, in.Methods, in.Line)
	switch {
	case errors.Is(err, token.ErrUnknownMethod):
		return badRequest(`"methods" must name how the customer logged in, with at least one of: ` + methodWords() + ".")
	case err != nil:
		return unavailable("The token cannot be made now. Try again.", err)
	}
	return answer(w, http.StatusOK, issued{Token: raw, ExpiresIn: int(a.Tokens.Life().Seconds())})
}

func methodWords() string {
	var words []string
	for _, m := range token.Methods() {
		words = append(words, string(m))
	}
	return strings.Join(words, ", ")
}

// emptyIfNil makes JSON show [] and not null.
func emptyIfNil[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
