package endpoint

import "time"

// TLS says whom to trust and who we are. All are paths of PEM files.
type TLS struct {
	// CA has the certificates to trust in place of the system's.
	CA string `yaml:"ca"`
	// Cert and Key are the client's certificate, for mutual TLS. They are read again for each new connection, so they may be renewed while the service runs.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Breaker says when a backend that is away is not asked any more. It counts what costs time or load: no connection, no answer in time, 408, 429 and 5xx. An
// answer that came but cannot be understood is not counted, or else one customer's bad record would close the backend to everybody.
type Breaker struct {
	// Failures within Window open it; then every operation is an error at once. Default 5 in 10 s (policy.md, "Circuit breaker").
	Failures int           `yaml:"failures"`
	Window   time.Duration `yaml:"window"`
	// HalfOpen is when one request may try again; if it succeeds, all may. Default 15 s.
	HalfOpen time.Duration `yaml:"half_open"`
}

// Request is one templated request. Templates are those of Go's text/template, with {{if}}, eq, ne, and, or, not, len, slice, print and printf, and date for
// answers. Values are escaped by themselves for where they stand, so there is nothing to escape by hand.
type Request struct {
	// Method is GET, HEAD, POST, PUT, PATCH or DELETE. Default GET; POST when there is a body.
	Method string `yaml:"method"`
	// Path is a template, appended to the base; it begins with a slash. A value is one piece of a path segment: a slash in it is escaped.
	Path string `yaml:"path"`
	// Query has a template for each parameter.
	Query map[string]string `yaml:"query"`
	// Body is a template. In JSON, values stand between quotes: {"kind": "{{.Kind}}"}.
	Body string `yaml:"body"`
	// ContentType of the body: application/json, any application/…+json, or application/x-www-form-urlencoded. Default application/json.
	ContentType string `yaml:"content_type"`
	// Idempotent says that the request may be sent twice. Default: GET and HEAD may.
	Idempotent *bool `yaml:"idempotent"`
}

// Verdict says how "yes" is told from "no".
type Verdict struct {
	// OKStatus are the statuses that are read for OK or, without OK, say yes. Default 200. Without OK they must be given for a Check, and the answer's body
	// must be empty or JSON, so that no proxy's page can say yes.
	OKStatus []int `yaml:"ok_status"`
	// OK is the path (gjson) of the verdict.
	OK string `yaml:"ok"`
	// OKValues are what it is when the answer is yes. Default: JSON's true, with false for no and everything else an error.
	OKValues []string `yaml:"ok_values"`
	// WrongValues are what it is when the answer is no, everything else being an error. Default: everything that is not among OKValues.
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

func OrDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
