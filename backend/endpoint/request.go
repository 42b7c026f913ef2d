package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

const (
	contentJSON = "application/json"
	contentForm = "application/x-www-form-urlencoded"
)

// Prepared is a compiled Request.
type Prepared struct {
	method, contentType string
	contentTypes        []string // contentType, as a header's values
	path, body          *text
	query               map[string]*text
	escape              escape // of values in the body
	json                bool   // the body is JSON
	secret              []string
	idempotent          bool        // it may be sent twice
	once                bool        // it must not be sent twice, even if it may be that nobody has seen it
	keyHeader           string      // of the key by which the other side knows a repetition; empty: none
	headers             http.Header // in addition to the endpoint's
	outage              Outage
	// Shape is what the answers are.
	Shape Shape
}

// Filled is a Prepared with its values filled in.
type Filled struct {
	target  string // path and query, escaped
	payload *payload
	key     string // for keyHeader
}

// May lists the values that templates may use: public ones everywhere, secrets in the body.
type May struct{ Public, Secret []string }

// Compile parses a request and tries it with sample values. The error names everything that is wrong.
func (r Request) Compile(m May, sample Values) (*Prepared, error) {
	c := &Prepared{query: map[string]*text{}, secret: m.Secret, outage: r.Outage}
	errs := []error{c.setMethod(r), c.setContentType(r), r.Outage.check(), c.setRepetition(r)}
	errs = append(errs, c.compileTemplates(r, m)...)
	if err := errors.Join(errs...); err != nil {
		return c, err
	}
	if _, err := c.fill(sample); err != nil {
		return c, fmt.Errorf("tried with sample values: %w", err)
	}
	return c, nil
}

func (c *Prepared) setMethod(r Request) error {
	c.method = strings.ToUpper(r.Method)
	if c.method == "" {
		c.method = http.MethodGet
		if r.Body != "" {
			c.method = http.MethodPost
		}
	}
	switch c.method {
	case http.MethodGet, http.MethodHead:
		if r.Body != "" {
			return fmt.Errorf("method: a %s has no body: use POST, or leave the body out", c.method)
		}
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return fmt.Errorf("method: %q is none of GET, HEAD, POST, PUT, PATCH, DELETE", r.Method)
	}
	return nil
}

func (c *Prepared) setRepetition(r Request) error {
	c.idempotent = c.method == http.MethodGet || c.method == http.MethodHead || r.IdempotencyHeader != ""
	if r.Idempotent != nil {
		c.idempotent = *r.Idempotent
		c.once = !c.idempotent
	}
	if r.IdempotencyHeader == "" {
		return nil
	}
	c.keyHeader = http.CanonicalHeaderKey(r.IdempotencyHeader)
	if !ValidHeaderName(c.keyHeader) || isOwnHeader(c.keyHeader) {
		return fmt.Errorf("idempotency_header: %q is not the name of a header that can be set", r.IdempotencyHeader)
	}
	return nil
}

func (c *Prepared) setContentType(r Request) error {
	c.contentType = OrDefault(r.ContentType, contentJSON)
	c.contentTypes = []string{c.contentType}
	if !ValidHeaderValue(c.contentType) {
		return errors.New("content_type has control characters")
	}
	media, _, _ := strings.Cut(c.contentType, ";")
	switch media = strings.ToLower(strings.TrimSpace(media)); {
	case media == contentForm:
		c.escape = percent
	case media == contentJSON, strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		c.escape, c.json = jsonString, true
	default:
		c.escape = jsonString
		return fmt.Errorf("content_type: values can be escaped for %s and %s, not for %q",
			contentJSON, contentForm, c.contentType)
	}
	return nil
}

func (c *Prepared) compileTemplates(r Request, m May) (errs []error) {
	var err error
	if !strings.HasPrefix(r.Path, "/") && r.Path != "" {
		errs = append(errs, errors.New("path: it must begin with a slash; it is appended to url"))
	}
	if c.path, err = Compile(r.Path, m.Public, percent); err != nil {
		errs = append(errs, fmt.Errorf("path: %w", err))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		if c.query[name], err = Compile(r.Query[name], m.Public, plain); err != nil {
			errs = append(errs, fmt.Errorf("query.%s: %w", name, err))
		}
	}
	if r.Body == "" {
		return errs
	}
	if c.body, err = Compile(r.Body, slices.Concat(m.Public, m.Secret), c.escape); err != nil {
		errs = append(errs, fmt.Errorf("body: %w", err))
	}
	return errs
}

var (
	errPath = errors.New("the path cannot be used in a URL; put parameters into query")
	errJSON = errors.New("the body is not JSON; put values between quotes")
)

// fill renders the request. The caller wipes the payload. Errors show no value.
func (c *Prepared) fill(v Values) (Filled, error) {
	target, err := c.target(v)
	if err != nil {
		return Filled{}, err
	}
	rendered, err := c.body.render(v)
	if err != nil {
		return Filled{}, fmt.Errorf("body: %w", err)
	}
	s := v.secrets()
	defer s.wipe()
	if len(c.secret) > 0 && !strings.Contains(rendered, nonce) {
		return Filled{}, fmt.Errorf("body: {{.%s}} is missing", strings.Join(c.secret, "}} or {{."))
	}
	p := &payload{bytes: s.fill(rendered, c.escape)}
	if c.body != nil && c.json && !json.Valid(p.bytes) {
		p.wipe()
		return Filled{}, errJSON
	}
	f := Filled{target: target, payload: p}
	if c.keyHeader != "" {
		f.key = uuid.NewString()
	}
	return f, nil
}

func (c *Prepared) target(v Values) (string, error) {
	path, err := c.path.render(v)
	if err != nil {
		return "", fmt.Errorf("path: %w", err)
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return "", errPath
		}
	}
	u, err := url.ParseRequestURI("http://host" + path)
	if err != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(path, "#") || u.Host != "host" {
		return "", errPath
	}
	if len(c.query) == 0 {
		return path, nil
	}
	query := url.Values{}
	for name, t := range c.query {
		value, err := t.render(v)
		if err != nil {
			return "", fmt.Errorf("query.%s: %w", name, err)
		}
		query.Set(name, value)
	}
	return path + "?" + query.Encode(), nil
}

// secrets returns the secrets among the values.
func (v Values) secrets() *Secrets {
	for _, h := range []hidden{v.Answer, v.Text, v.Code} {
		if h.r != nil {
			return h.r
		}
	}
	return &Secrets{}
}
