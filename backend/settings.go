package backend

import (
	"time"

	"countersign/backend/endpoint"
)

// Settings say where the company's backend is and what it can be asked. Each operation may be left out: the local directory then does it. README.md has an
// example of each.
type Settings struct {
	// URL is the base of every path, such as https://crm.example/api/v2. Without user, query or fragment. Redirects are not followed, so it is the final one.
	// The process's HTTPS_PROXY, HTTP_PROXY and NO_PROXY count.
	URL string `yaml:"url"`
	// Headers go with every request. ${NAME} in a value stands for an environment variable, which is read once, at the start, and must be there and not be
	// empty.
	Headers map[string]string `yaml:"headers"`
	TLS     endpoint.TLS      `yaml:"tls"`
	// Timeout is how long one try may take, from connecting to the last byte. Default 3 s (policy.md, "Backend call").
	Timeout time.Duration `yaml:"timeout"`
	// Cap is how long an operation may take with its retry. Default and most: 8 s. There is one retry, of idempotent requests only, when the backend was away
	// and failed in less than a second.
	Cap     time.Duration    `yaml:"cap"`
	Breaker endpoint.Breaker `yaml:"breaker"`
	// MaxResponse is how many bytes of an answer are read; one that is longer is an error. Default 65536, from 1024 to 1048576.
	MaxResponse int `yaml:"max_response"`
	// Region is the country (ISO 3166) of telephone numbers that the backend writes without a country code.
	Region string `yaml:"region"`
	// Customer says how a customer is read out of an answer. by_phone, by_identifier and by_id share it, unless they have their own.
	Customer Fields `yaml:"customer"`

	// ByPhone finds everybody who has a telephone number: {{.Phone}}, as +4930123456.
	ByPhone *Lookup `yaml:"by_phone"`
	// ByIdentifier finds who has an identifier: {{.Kind}}, such as account, and {{.Value}}.
	ByIdentifier *Lookup `yaml:"by_identifier"`
	// ByID finds {{.Customer}}, the id that an earlier look-up gave.
	ByID *Lookup `yaml:"by_id"`
	// Check says whether {{.Answer}} is right for {{.Customer}}, by kind of secret: pin, birth_date (YYYYMMDD), passphrase (its normalised words), or the name
	// of a fact. "*" stands for every kind that is not named; {{.Kind}} says which. A kind without a request is checked in the local directory, and so is totp
	// always.
	Check map[string]*Check `yaml:"check"`
	// Phones lists the telephone numbers of {{.Customer}} that one-time codes may be sent to.
	Phones *Phones `yaml:"phones"`
	// AddPhone puts {{.Phone}} on file for {{.Customer}}.
	AddPhone *Add `yaml:"add_phone"`
}

// Lookup is a request for customers. An answer of 200 is read, any other status that is not in UnknownStatus is an error.
type Lookup struct {
	endpoint.Request `yaml:",inline"`
	// Customers is the path (gjson) of the customer, or the array of customers, in the answer; empty when the answer itself is that. null and [] mean nobody;
	// a path that is not in the answer is an error. by_identifier and by_id refuse an answer with several.
	Customers string `yaml:"customers"`
	// Found is the path of something that is false, 0, "" or null when there is nobody, such as a count; empty when there is no such thing.
	Found string `yaml:"found"`
	// UnknownStatus are the statuses that say that there is nobody. Default 204 and 404.
	UnknownStatus []int `yaml:"unknown_status"`
	// Customer replaces the backend's.
	Customer *Fields `yaml:"customer"`
}

// Fields are the paths (gjson) inside a customer.
type Fields struct {
	// ID is required: a string or a whole number, up to 128 characters. Default id.
	ID string `yaml:"id"`
	// Name is for the agent's screen. Language is a tag such as de or de-AT. Either may be missing in an answer.
	Name     string `yaml:"name"`
	Language string `yaml:"language"`
	// Enrolled is the path of an array with our names of the kinds of secrets that the customer has: pin, birth_date, …
	Enrolled string `yaml:"enrolled"`
	// Has names, by our kind, something in the customer that is there when they have that kind: pin: hasPin, or pin: 'secrets.#(=="PIN")'. false, 0, "", null,
	// [] and {} count as not there.
	Has map[string]string `yaml:"has"`
	// Always are the kinds that every customer has. Customers who are found locally and checked by the backend have these.
	Always []string `yaml:"always"`
}

// Check is a request that judges an answer. {{.Answer}} may stand in its body only, since URLs get logged, and must stand there; {{date "YYYY-MM-DD" .Answer}}
// writes a date of birth as the backend wants it.
type Check struct {
	endpoint.Request `yaml:",inline"`
	endpoint.Verdict `yaml:",inline"`
	// WrongStatus are the statuses that say that the answer is wrong. Default 422. 401 and 403 often say that our own key has expired: name them here only if
	// the backend says something else then, because a wrong answer counts against the customer and an error does not.
	WrongStatus []int `yaml:"wrong_status"`
	// UnknownStatus are those that say that there is no such customer, or no such secret: wrong, too. Default 404.
	UnknownStatus []int `yaml:"unknown_status"`
}

// Phones is a request for telephone numbers. An answer of 200 is read.
type Phones struct {
	endpoint.Request `yaml:",inline"`
	// Phones is the path (gjson) of an array; empty when the answer itself is one.
	Phones string `yaml:"phones"`
	// Number is the path of the number in each; empty when the array has strings. One that is not a telephone number is left out.
	Number string `yaml:"number"`
	// Since is the path of the time (RFC 3339 or YYYY-MM-DD) since when the number is on file. One without it is left out. Without Since they count as old:
	// that a new number gets no code for seven days (policy.md, "OTP destination") is then for the backend to see to.
	Since string `yaml:"since"`
	// UnknownStatus are those that say that there is no such customer, hence no number. Default 204 and 404.
	UnknownStatus []int `yaml:"unknown_status"`
}

// Add is a request that stores something. Default OKStatus: every 2xx.
type Add struct {
	endpoint.Request `yaml:",inline"`
	endpoint.Verdict `yaml:",inline"`
}

func (s Settings) defaults() Settings {
	s.Timeout = endpoint.OrDefault(s.Timeout, endpoint.DefaultTimeout)
	s.Cap = endpoint.OrDefault(s.Cap, endpoint.MaxCap)
	s.MaxResponse = endpoint.OrDefault(s.MaxResponse, endpoint.DefaultMaxResponse)
	s.Breaker.Failures = endpoint.OrDefault(s.Breaker.Failures, endpoint.DefaultFailures)
	s.Breaker.Window = endpoint.OrDefault(s.Breaker.Window, endpoint.DefaultWindow)
	s.Breaker.HalfOpen = endpoint.OrDefault(s.Breaker.HalfOpen, endpoint.DefaultHalfOpen)
	s.Customer = s.Customer.defaults()
	return s
}

func (f Fields) defaults() Fields {
	f.ID = endpoint.OrDefault(f.ID, "id")
	return f
}
