package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"countersign/session"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 64 << 10

// secret is a session.Secret that can be read from JSON.
type secret struct{ session.Secret }

// UnmarshalJSON implements json.Unmarshaler.
func (s *secret) UnmarshalJSON(text []byte) error {
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return errors.New("not a string") // without the value
	}
	s.Secret = session.NewSecret([]byte(plain))
	return nil
}

// readJSON reads a body that is one JSON object with known members only. Errors show want, never a part of the body.
func readJSON(w http.ResponseWriter, r *http.Request, into any, want string) error {
	if mediaType(r) != "application/json" {
		return unsupported("The body must be JSON, with Content-Type application/json: " + want + ".")
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	defer clear(body)
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return badRequest("The body must be a JSON object: " + want + ".")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return badRequest("The body must be one JSON object and nothing else: " + want + ".")
	}
	return nil
}

// readToken reads a token from a form (RFC 7662) or a JSON body. It ignores other fields of a form.
func readToken(w http.ResponseWriter, r *http.Request) (session.Secret, error) {
	const want = `{"token": "…"}, or the form token=…`
	if mediaType(r) == "application/json" {
		var in struct {
			Token secret  `json:"token"`
			Hint  *string `json:"token_type_hint"`
		}
		err := readJSON(w, r, &in, want)
		return in.Token.Secret, err
	}
	if mediaType(r) != "application/x-www-form-urlencoded" {
		return session.Secret{}, unsupported("The body must be a form or JSON, with a Content-Type that says which: " +
			want + ".")
	}
	body, err := readBody(w, r)
	if err != nil {
		return session.Secret{}, err
	}
	defer clear(body)
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["token"]) > 1 {
		return session.Secret{}, badRequest("The body must be a form with one token: " + want + ".")
	}
	return session.NewSecret([]byte(form.Get("token"))), nil
}

func mediaType(r *http.Request) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		clear(body)
		return nil, &problem{Status: http.StatusRequestEntityTooLarge, Detail: "The body is larger than 64 KB."}
	case err != nil:
		clear(body)
		return nil, badRequest("The body was cut short or too slow.")
	}
	return body, nil
}

func badRequest(detail string) error { return &problem{Status: http.StatusBadRequest, Detail: detail} }

func unsupported(detail string) error {
	return &problem{Status: http.StatusUnsupportedMediaType, Detail: detail}
}
