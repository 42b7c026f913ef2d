package backend

import (
	"time"

	"countersign/backend/endpoint"
)

// Settings say where the company's backend is and what it can be asked. The local directory does operations that are
// left out. README.md has an example of each.
type Settings struct {
	// URL is the base of every path, such as https://crm.example/api/v2, without user, query or fragment. Redirects
	// are not followed, so give the final one. HTTPS_PROXY, HTTP_PROXY and NO_PROXY apply.
	URL string `yaml:"url"`
	// Headers go with every request. ${NAME} in a value is an environment variable; it is read once, at the start,
	// and must be set and not empty.
	Headers map[string]string `yaml:"headers"`
	TLS     endpoint.TLS      `yaml:"tls"`
	// Timeout bounds one attempt, from connecting to the last byte. Default 3 s (docs/policy.md#backend-call).
	Timeout time.Duration `yaml:"timeout"`
	// Cap bounds an operation with its retry. Default and most: 8 s. There is one retry, of idempotent requests only,
	// if the backend was away and failed in less than a second.
	Cap     time.Duration    `yaml:"cap"`
	Breaker endpoint.Breaker `yaml:"breaker"`
	// MaxResponse is the most bytes of an answer; a longer one is an error. Default 65536, from 1024 to 1048576.
	MaxResponse int `yaml:"max_response"`
	// Region is the country (ISO 3166) of telephone numbers that the backend writes without a country code.
	Region string `yaml:"region"`
	// Customer says how to read a customer from an answer, for by_phone, by_identifier and by_id unless they have
	// their own.
	Customer Fields `yaml:"customer"`

	// ByPhone finds every customer with a telephone number: {{.Phone}}, such as +4930123456.
	ByPhone *Lookup `yaml:"by_phone"`
	// ByIdentifier finds the customer with an identifier: {{.Kind}}, such as account, and {{.Value}}. For a kind that a
	// line asks for with letters: true, {{.Value}} is what the caller keyed, 221234 for AB-1234, and the answer has every
	// customer with an identifier of these keys.
	ByIdentifier *Lookup `yaml:"by_identifier"`
	// ByID finds {{.Customer}}, the id from an earlier lookup.
	ByID *Lookup `yaml:"by_id"`
	// Check says whether {{.Answer}} is right for {{.Customer}}, by kind of secret: pin, birth_date (YYYYMMDD),
	// passphrase (its normalised words), or the name of a fact. "*" is for every kind that is not named; {{.Kind}}
	// says which. The local directory checks kinds without a request, and always totp.
	Check map[string]*Check `yaml:"check"`
	// Phones lists the telephone numbers of {{.Customer}} that one-time codes may be sent to.
	Phones *Phones `yaml:"phones"`
	// AddPhone puts {{.Phone}} on file for {{.Customer}}.
	AddPhone *Add `yaml:"add_phone"`
}

// Lookup is a request for customers. Status 200 is read; any other status that is not in UnknownStatus is an error.
type Lookup struct {
	endpoint.Request `yaml:",inline"`
	// Customers is the path (gjson) of the customer or the list of customers in the answer; empty if that is the whole
	// answer. null, [], {}, "" and false mean nobody; so does an answer without the path that has nothing else in it
	// either; any other answer without the path is an error. by_id refuses several customers, and so does
	// by_identifier but for identifiers with letters. The same id twice is one customer.
	Customers string `yaml:"customers"`
	// Found is the path of a value that is false, 0, "" or null if nobody was found, such as a count; empty if there
	// is none.
	Found string `yaml:"found"`
	// UnknownStatus are the statuses that mean nobody. Default 204 and 404. The body must then be empty, a JSON object,
	// an array or null, or have one of the texts in NoText: a proxy's page is an error.
	UnknownStatus []int    `yaml:"unknown_status"`
	NoText        []string `yaml:"no_text"`
	// Customer replaces Settings.Customer.
	Customer *Fields `yaml:"customer"`
}

// Fields are the paths (gjson) inside a customer.
type Fields struct {
	// ID is required: a string or a whole number, up to 128 characters. Default id. A customer without one is left out,
	// with a warning; a number that only such customers share with another identifies nobody.
	ID string `yaml:"id"`
	// Name is for the agent's screen. Language is a tag such as de or de-AT. An answer may lack either. What is neither
	// a text nor a number is left out, with a warning.
	Name     string `yaml:"name"`
	Language string `yaml:"language"`
	// Email is the path of the e-mail addresses that one-time codes may be mailed to: a text, with ";" between several,
	// or an array. What is no address is left out, with a warning. It is read from the answer to by_id when a code is due.
	// EmailSince is the path of the time since when they are on file, as Phones.Since; without this setting all count as
	// old, and the backend must see to it that a new one gets no code for seven days.
	Email      string `yaml:"email"`
	EmailSince string `yaml:"email_since"`
	// Enrolled is the path of our names of the kinds of secrets that the customer has, pin, birth_date, …: an array, a
	// text with commas, or an object with true for each. What is no such name is left out, with a warning.
	Enrolled string `yaml:"enrolled"`
	// Has maps our kinds of secrets to paths that exist if the customer has that kind: pin: hasPin, or pin:
	// 'secrets.#(=="PIN")'. false, 0, "", null, [] and {} count as missing, and so do "false", "no", "n", "f" and "0".
	Has map[string]string `yaml:"has"`
	// Always are the kinds that every customer has, also customers who are found locally and checked by the backend.
	Always []string `yaml:"always"`
}

// Check is a request that judges a caller's answer. Its body must have {{.Answer}}; elsewhere that is forbidden,
// since URLs get logged. {{date "YYYY-MM-DD" .Answer}} writes a date of birth in another form.
type Check struct {
	endpoint.Request `yaml:",inline"`
	endpoint.Verdict `yaml:",inline"`
	// WrongStatus are the statuses that mean a wrong answer. Default 422. 401 and 403 often mean that our own key has
	// expired: name them only if the backend uses another status for that, because a wrong answer counts against the
	// customer and an error does not.
	WrongStatus []int `yaml:"wrong_status"`
	// UnknownStatus are those that mean that there is no such customer or secret; the answer counts as wrong. Default:
	// none, since gateways say 404 while the backend is away, some of them in JSON, and wrong answers lock customers.
	UnknownStatus []int `yaml:"unknown_status"`
	// NoText: the body of a WrongStatus or UnknownStatus must be empty, a JSON object, an array or null, or have one of
	// these texts.
	NoText []string `yaml:"no_text"`
}

// Phones is a request for telephone numbers. Status 200 is read.
type Phones struct {
	endpoint.Request `yaml:",inline"`
	// Phones is the path (gjson) of an array; empty if the whole answer is one.
	Phones string `yaml:"phones"`
	// Number is the path of the number in each element; empty if the elements are strings or numbers. Invalid numbers
	// are left out, with a warning.
	Number string `yaml:"number"`
	// Since is the path of the time since when the number is on file: ISO 8601 (a day, or a time without a zone, counts
	// as the end of its day), seconds or milliseconds since 1970, or .NET's /Date(…)/. Numbers without it are left out,
	// with a warning. Without this setting all numbers count as old: the backend must then see to it that a new number
	// gets no code for seven days (docs/policy.md#otp-destination).
	Since string `yaml:"since"`
	// SinceLayout is how Since is written otherwise, such as DD.MM.YYYY. 03/02/2020 is not read without it: it may be in
	// February or in March.
	SinceLayout string `yaml:"since_layout"`
	// UnknownStatus are those that mean that there is no such customer, so no number. Default 204 and 404. NoText is as
	// in Lookup.
	UnknownStatus []int    `yaml:"unknown_status"`
	NoText        []string `yaml:"no_text"`
}

// Add is a request that stores something. OKStatus defaults to every 2xx.
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
