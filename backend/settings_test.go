package backend_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
)

func TestTheExamplesOfTheREADMEAreRight(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		e.Backend.TLS = endpoint.TLS{}
		directory(t, e.Backend, local(t), nil)
		g, err := sms.New(e.SMS, endpoint.Options{Env: environment})
		require.NoError(t, err)
		g.Close()
	}
	other := examples(t)[1]
	assert.Equal(t, 2*time.Second, other.Backend.Timeout)
	assert.Equal(t, []string{"ERROR", "TIMEOUT"}, other.Backend.ByPhone.FailedValues)
	assert.Equal(t, "Idempotency-Key", other.Backend.Check["pin"].IdempotencyHeader)
	assert.Equal(t, "DD.MM.YYYY", other.Backend.Phones.SinceLayout)
	assert.Equal(t, "fault", other.SMS.Failed)
}

func TestWhatIsWrongWithSettingsIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	noPEM := filepath.Join(t.TempDir(), "no.pem")
	require.NoError(t, os.WriteFile(noPEM, []byte("no"), 0o600))
	for name, c := range map[string]struct {
		change func(*backend.Settings)
		says   string
	}{
		"no url":         {func(s *backend.Settings) { s.URL = "" }, "backend: url: it must be a URL"},
		"another scheme": {func(s *backend.Settings) { s.URL = "ftp://x" }, "url: it must be a URL"},
		"a password in the url": {func(s *backend.Settings) { s.URL = "https://u:geheim@x" },
			"url: a user and password in it would be logged"},
		"a query in the url": {func(s *backend.Settings) { s.URL = "https://x/?a=b" }, "put parameters into query"},
		"a variable is missing": {func(s *backend.Settings) { s.Headers = map[string]string{"A": "${NO_SUCH}"} },
			"headers.A: the environment variable NO_SUCH is not set"},
		"a variable is empty": {func(s *backend.Settings) { s.Headers = map[string]string{"A": "${EMPTY}"} },
			"the environment variable EMPTY is empty"},
		"a variable is half written": {func(s *backend.Settings) { s.Headers = map[string]string{"A": "${NO"} },
			"write a variable as ${NAME}"},
		"a line break in a header": {func(s *backend.Settings) { s.Headers = map[string]string{"A": "${LINES}"} },
			"headers.A: its value has a line break"},
		"no name of a header": {func(s *backend.Settings) { s.Headers = map[string]string{"A b": "c"} },
			`"A b" is not the name of a header`},
		"a header of HTTP's own": {func(s *backend.Settings) { s.Headers = map[string]string{"content-length": "1"} },
			"cannot be set: it follows from the request"},
		"no such ca":                 {func(s *backend.Settings) { s.TLS.CA = "/no/such.pem" }, "tls.ca: open /no/such.pem"},
		"a ca that is none":          {func(s *backend.Settings) { s.TLS.CA = noPEM }, "holds no PEM certificate"},
		"a certificate, no key":      {func(s *backend.Settings) { s.TLS.Cert = noPEM }, "needs both cert and key"},
		"a certificate that is none": {func(s *backend.Settings) { s.TLS.Cert, s.TLS.Key = noPEM, noPEM }, "tls.cert: "},
		"too long a timeout":         {func(s *backend.Settings) { s.Timeout = 9 * time.Second }, "timeout is 9s"},
		"too long a cap":             {func(s *backend.Settings) { s.Cap = time.Minute }, "a caller is waiting"},
		"too large an answer":        {func(s *backend.Settings) { s.MaxResponse = 1 << 30 }, "max_response is 1073741824"},
		"a breaker below zero":       {func(s *backend.Settings) { s.Breaker.Failures = -1 }, "breaker: "},
		"no such region":             {func(s *backend.Settings) { s.Region = "XX" }, `region is "XX"`},
		"nothing to ask":             {func(s *backend.Settings) { *s = backend.Settings{URL: s.URL} }, "nothing to ask"},
		"an unknown field": {func(s *backend.Settings) { s.ByPhone.Path = "/{{.Value}}" },
			"by_phone: path: {{.Value}} is unknown here; use {{.Phone}}"},
		"one in a branch not taken": {func(s *backend.Settings) { s.ByPhone.Path = `/{{if eq .Phone "x"}}{{.Nope}}{{end}}` },
			"{{.Nope}} is unknown here"},
		"everything":              {func(s *backend.Settings) { s.ByPhone.Path = "/{{.}}" }, "{{.}} cannot be used here"},
		"everything, by variable": {func(s *backend.Settings) { s.ByPhone.Path = "/{{$}}" }, "is unknown here"},
		"a loop": {func(s *backend.Settings) { s.ByPhone.Path = "/{{range .Phone}}x{{end}}" },
			"cannot be used here; use values and {{if}} only"},
		"a definition": {func(s *backend.Settings) { s.ByPhone.Path = `/{{define "a"}}b{{end}}` },
			"a template must not define others"},
		"escaping by hand": {func(s *backend.Settings) { s.ByPhone.Path = "/{{urlquery .Phone}}" },
			"urlquery cannot be used here: values are escaped automatically"},
		"no template": {func(s *backend.Settings) { s.ByPhone.Path = "/{{.Phone" },
			"by_phone: path: template:1: unclosed action"},
		"no slash": {func(s *backend.Settings) { s.ByPhone.Path = "customers" },
			"path: it must begin with a slash"},
		"a query in the path": {func(s *backend.Settings) { s.ByPhone.Path = "/c?phone={{.Phone}}" },
			"put parameters into query"},
		"another host in the path": {func(s *backend.Settings) { s.ByPhone.Path = "@elsewhere/{{.Phone}}" },
			"path: it must begin with a slash"},
		"dots in the path": {func(s *backend.Settings) { s.ByPhone.Path = "/a/../{{.Phone}}" },
			"the path cannot be used in a URL"},
		"a method": {func(s *backend.Settings) { s.ByPhone.Method = "TRACE" },
			`method: "TRACE" is none of`},
		"a GET with a body": {func(s *backend.Settings) { s.ByPhone.Method, s.ByPhone.Body = "GET", "{}" },
			"a GET has no body"},
		"XML": {func(s *backend.Settings) { s.ByPhone.ContentType = "text/xml" },
			"content_type: values can be escaped for"},
		"the answer in the path": {func(s *backend.Settings) { s.Check["*"].Path = "/{{.Answer}}" },
			"check.*: path: {{.Answer}} is a secret"},
		"the answer in a query": {
			func(s *backend.Settings) { s.Check["*"].Query = map[string]string{"a": `{{print "x" .Answer}}`} },
			"check.*: query.a: {{.Answer}} is a secret",
		},
		"the answer, by variable": {func(s *backend.Settings) { s.Check["*"].Path = `/{{$.Answer}}` },
			"may stand only in the body"},
		"no answer": {func(s *backend.Settings) { s.Check["*"].Body = `{}` },
			"body: {{.Answer}} is missing"},
		"no body": {func(s *backend.Settings) { s.Check["*"].Body = `` }, "body: {{.Answer}} is missing"},
		"no answer for some kinds": {func(s *backend.Settings) {
			s.Check["*"].Body = `{{if eq .Kind "pin"}}{"a": "{{.Answer}}"}{{else}}{}{{end}}`
		}, "{{.Answer}} is missing"},
		"a value without quotes": {
			func(s *backend.Settings) { s.Check["*"].Body = `{"c": {{.Customer}}, "a": "{{.Answer}}"}` },
			"put values between quotes",
		},
		"half a body": {func(s *backend.Settings) { s.Check["*"].Body = `{"a": "{{.Answer}}"` },
			"the body is not JSON"},
		"no verdict": {func(s *backend.Settings) { s.Check["*"].OK = "" },
			"it must say what a right answer is"},
		"a verdict that is always": {func(s *backend.Settings) { s.Check["*"].OK = "!true" }, "says yes to an empty answer"},
		"values without a path": {func(s *backend.Settings) {
			s.Check["*"].OK, s.Check["*"].OKValues = "",
				[]string{"x"}
		}, "ok_values needs ok"},
		"a failure that is a yes": {func(s *backend.Settings) { s.Check["*"].OKStatus = []int{401} }, "401 is not a 2xx"},
		"an outage that is a no": {func(s *backend.Settings) { s.Check["*"].WrongStatus = []int{503} },
			"503 cannot be an answer"},
		"an outage that is nobody": {func(s *backend.Settings) { s.ByPhone.UnknownStatus = []int{500} },
			"500 cannot mean that"},
		"TOTP": {func(s *backend.Settings) { s.Check["totp"] = s.Check["*"] },
			"check.totp: time-based codes are always checked locally"},
		"no kind": {func(s *backend.Settings) { s.Check["P I N"] = s.Check["*"] },
			"check.P I N: it is not a kind of secret"},
		"no request": {func(s *backend.Settings) { s.Check["pin"] = nil }, "check.pin: it has no request"},
		"a customer out of nothing": {func(s *backend.Settings) { s.Customer.ID = `!"C-1"` },
			"finds something in an empty customer"},
		"a failure without its path": {func(s *backend.Settings) { s.ByPhone.FailedValues = []string{"ERROR"} },
			"by_phone: failed_values needs failed"},
		"a failure out of nothing": {func(s *backend.Settings) { s.Check["*"].Failed = "!true" },
			"check.*: failed: \"!true\" finds a failure in an empty answer"},
		"a text that every page has": {func(s *backend.Settings) { s.ByID.NoText = []string{" "} },
			"by_id: no_text: an empty text is in every page"},
		"a text of every wrong page": {func(s *backend.Settings) { s.Check["*"].NoText = []string{""} },
			"check.*: no_text"},
		"half a layout": {func(s *backend.Settings) { s.Phones.SinceLayout = "DD.MM." },
			"phones: since_layout: it must have YYYY, MM and DD once each"},
		"words in a layout": {func(s *backend.Settings) { s.Phones.SinceLayout = "am DD.MM.YYYY" },
			"only blanks, dots, slashes and dashes"},
		"no header for a key": {func(s *backend.Settings) { s.AddPhone.IdempotencyHeader = "Idempotency Key" },
			"add_phone: idempotency_header"},
		"HTTP's header for a key": {func(s *backend.Settings) { s.AddPhone.IdempotencyHeader = "content-length" },
			"is not the name of a header that can be set"},
		"enrolled out of nothing": {func(s *backend.Settings) { s.Customer.Has = map[string]string{"pin": "!true"} },
			"has.pin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := crmSettings(t, "https://crm.example")
			c.change(&s)
			_, err := backend.New(s, nobody{}, endpoint.Options{Env: environment})
			require.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "geheim")
			assert.NotContains(t, err.Error(), canaryToken)
		})
	}
}

func TestEverythingThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	s := crmSettings(t, "crm.example")
	s.ByPhone.Path, s.Check["*"].Body, s.Headers["X"] = "x", "{{.No}}", "${NO_SUCH}"
	_, err := backend.New(s, nil, endpoint.Options{Env: environment})
	for _, says := range []string{"url: ", "by_phone: path: ", "check.*: body: ", "NO_SUCH", "local directory"} {
		require.ErrorContains(t, err, says)
	}
}

func TestPlainHTTPIsSaidToBeReadable(t *testing.T) {
	t.Parallel()
	var log logbook
	directory(t, crmSettings(t, "http://crm.example"), nobody{}, slog.New(slog.NewTextHandler(&log, nil)))
	assert.Contains(t, log.String(), "secrets are sent in clear")
}
