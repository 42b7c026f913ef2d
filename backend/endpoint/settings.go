package endpoint

import "time"

// TLS says whom to trust and which certificate is ours. All are paths of PEM files.
type TLS struct {
	// CA has the certificates to trust in place of the system's.
	CA string `yaml:"ca"`
	// Cert and Key are our client certificate, for mutual TLS. They are read for each new connection, so they may be
	// renewed while the service runs.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Breaker says when requests to a failing backend stop for a while. It counts failures that cost time or load: no
// connection, no answer in time, 408, 429 and 5xx. It does not count unreadable answers, or one customer's bad record
// would close the backend to everybody.
type Breaker struct {
	// Failures within Window open the breaker; every operation then fails at once. Default 5 in 10 s
	// (docs/policy.md#circuit-breaker).
	Failures int           `yaml:"failures"`
	Window   time.Duration `yaml:"window"`
	// HalfOpen is how long until one request may try again; if it succeeds, the breaker closes. Default 15 s.
	HalfOpen time.Duration `yaml:"half_open"`
}

// Request is a request with templates. They are those of Go's text/template, with {{if}}, eq, ne, and, or, not, len,
// slice, print and printf, and date for answers. Values are escaped automatically for their place.
type Request struct {
	// Method is GET, HEAD, POST, PUT, PATCH or DELETE. Default GET; POST when there is a body.
	Method string `yaml:"method"`
	// Path is a template, appended to url; it begins with a slash. A slash in a value is escaped.
	Path string `yaml:"path"`
	// Query has a template for each parameter.
	Query map[string]string `yaml:"query"`
	// Body is a template. In JSON, values stand between quotes: {"kind": "{{.Kind}}"}.
	Body string `yaml:"body"`
	// ContentType of the body: application/json, any application/…+json, or application/x-www-form-urlencoded.
	// Default application/json.
	ContentType string `yaml:"content_type"`
	// Idempotent allows sending the request twice, when the first attempt failed at once. Default: GET and HEAD, and
	// what has an IdempotencyHeader. Any other request is repeated only if it went out on a kept connection that the
	// other side was just closing. false forbids that, too: the request gets a connection of its own.
	Idempotent *bool `yaml:"idempotent"`
	// IdempotencyHeader names the header by which the backend recognises a repetition, such as Idempotency-Key. It gets
	// a new random key for each operation, and the same one for the repetition.
	IdempotencyHeader string `yaml:"idempotency_header"`
	Outage            `yaml:",inline"`
}

// Verdict says how to tell "yes" from "no" in an answer.
type Verdict struct {
	// OKStatus are the statuses whose body is read for OK or, without OK, mean yes. Default 200. A Check without OK
	// must give them, and the body must then be empty or JSON, so that no proxy's page can say yes.
	OKStatus []int `yaml:"ok_status"`
	// OK is the path (gjson) of the value that decides. An answer with a key twice in one object is an error.
	OK string `yaml:"ok"`
	// OKValues are its values for yes. Default: true, 1, "true", "yes", "y", "t" and "1", in capitals or not; their
	// opposites mean no, anything else is an error.
	OKValues []string `yaml:"ok_values"`
	// WrongValues are its values for no; anything else is then an error. Default: everything that is not in OKValues.
	WrongValues []string `yaml:"wrong_values"`
}

const (
	DefaultTimeout     = 3 * time.Second
	MaxCap             = 8 * time.Second
	DefaultMaxResponse = 64 << 10
	LeastMaxResponse   = 1 << 10
	MostMaxResponse    = 1 << 20
	DefaultFailures    = 5
	DefaultWindow      = 10 * time.Second
	DefaultHalfOpen    = 15 * time.Second
)

// OrDefault returns v, or otherwise if v is the zero value.
func OrDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
