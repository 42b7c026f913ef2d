package backend_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
)

// reply is what a backend answers to everything.
type reply struct {
	status  int
	headers map[string]string
	body    string
}

func (r reply) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	_, _ = io.Copy(io.Discard, asked.Body)
	for name, value := range r.headers {
		w.Header().Set(name, value)
	}
	if r.status == 0 {
		r.status = 200
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// What an operation says.
const (
	yes    = "yes" // found, right, done
	no     = "no"  // nobody, wrong, no number
	outage = "unavailable"
)

// operations are all that a backend can be asked, by the names of their settings, and sms.
var operations = []string{"by_phone", "by_identifier", "by_id", "check", "phones", "add_phone", "sms"}

// systems are a CRM and a gateway that answer everything alike.
type systems struct {
	*backend.Directory
	gateway *sms.Gateway
	log     *logbook
}

// answering starts a server and returns what asks it.
func answering(t *testing.T, h http.Handler, change func(*backend.Settings, *sms.Settings)) systems {
	t.Helper()
	return systemsAt(t, serve(t, h), change)
}

// systemsAt asks a server with the settings of README.md's first example.
func systemsAt(t *testing.T, url string, change func(*backend.Settings, *sms.Settings)) systems {
	t.Helper()
	log := &logbook{}
	s := crmSettings(t, url)
	g := sms.Settings{URL: s.URL, Timeout: mostTime}
	s.Breaker.Failures = 1000
	if change != nil {
		change(&s, &g)
	}
	d := directory(t, s, local(t), log.Logger())
	d.RetryWithin(patience) // also on a busy machine
	return systems{d, gateway(t, g), log}
}

// ask runs an operation about C-1 and +4930123456 and returns what it says.
func (s systems) ask(t *testing.T, operation string) string {
	t.Helper()
	told := func(is bool, err error) string {
		switch {
		case err != nil:
			require.ErrorIs(t, err, endpoint.ErrUnavailable, operation)
			assert.False(t, is, operation)
			return outage
		case is:
			return yes
		default:
			return no
		}
	}
	ctx := deadline(t)
	switch operation {
	case "by_phone":
		all, err := s.ByPhone(ctx, "+4930123456")
		return told(len(all) > 0, err)
	case "by_identifier":
		_, is, err := s.ByIdentifier(ctx, "account", "100042")
		return told(is, err)
	case "by_id":
		_, is, err := s.ByID(ctx, "C-1")
		return told(is, err)
	case "check":
		return told(s.Check(ctx, "C-1", "pin", secret(canaryPIN)))
	case "phones":
		all, err := s.Phones(ctx, "C-1")
		return told(len(all) > 0, err)
	case "add_phone":
		err := s.AddPhone(ctx, "C-1", "+4930123456")
		return told(err == nil, err)
	default:
		err := s.gateway.Send(ctx, message("en"))
		return told(err == nil, err)
	}
}

// lookups are the operations for which a status may mean that there is nobody, or no number.
var lookups = []string{"by_phone", "by_identifier", "by_id", "phones"}

func TestAPageOfAProxySaysNothing(t *testing.T) {
	t.Parallel()
	html, text := map[string]string{"Content-Type": "text/html"}, map[string]string{"Content-Type": "text/plain"}
	for name, page := range map[string]reply{
		"nginx":                {404, html, "<html>\r\n<head><title>404 Not Found</title></head></html>"},
		"traefik":              {404, text, "404 page not found\n"},
		"kubernetes":           {404, text, "default backend - 404"},
		"a number alone":       {404, text, "404"},
		"a word in JSON":       {404, text, `"Not Found"`},
		"XML":                  {404, nil, `<?xml version="1.0"?><Error><Code>NoSuchBucket</Code></Error>`},
		"express":              {404, html, "<!DOCTYPE html><pre>Cannot GET /customers</pre>"},
		"no JSON to the end":   {404, nil, `{"error": "no such cust`},
		"422 of a firewall":    {422, html, "<html>Request rejected</html>"},
		"410 of a parked name": {410, html, "<h1>Gone</h1>"},
		"200 of a portal":      {200, html, "<!-- v2 -->\n<!DOCTYPE html><html>Please log in</html>"},
		"203 of a filter":      {203, html, "<HTML><body>Blocked</body></HTML>"},
		"401":                  {401, nil, `{"error": "token expired"}`},
		"403":                  {403, nil, ""},
		"a redirect":           {302, map[string]string{"Location": "/login"}, ""},
		"502":                  {502, html, "<html>Bad Gateway</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, page, func(s *backend.Settings, _ *sms.Settings) {
				s.Check["*"].UnknownStatus = []int{404, 410} // as far as the settings can trust a status
			})
			for _, operation := range operations {
				assert.Equal(t, outage, s.ask(t, operation), operation)
			}
		})
	}
}

func TestAStatusSaysNo(t *testing.T) {
	t.Parallel()
	page := reply{404, map[string]string{"Content-Type": "text/plain"}, "no such customer: C-1"}
	for name, c := range map[string]struct {
		reply
		change func(*backend.Settings, *sms.Settings)
		says   map[string]string // by operation; "" is for the rest of lookups
	}{
		"404 with JSON": {reply: reply{404, nil, `{"error": {"code": 404, "message": "no such customer"}}`},
			says: map[string]string{"": no, "check": outage, "add_phone": outage, "sms": outage}},
		"404 of JSON:API": {reply: reply{404, nil, `{"errors": [{"status": "404", "message": "gone"}]}`},
			says: map[string]string{"": no, "check": outage}},
		"404 without a body": {reply: reply{status: 404}, says: map[string]string{"": no, "check": outage}},
		"404 with null":      {reply: reply{404, nil, "null\n"}, says: map[string]string{"": no, "check": outage}},
		"204":                {reply: reply{status: 204}, says: map[string]string{"": no, "check": outage, "sms": yes}},
		"422 with JSON": {reply: reply{422, nil, `{"valid": false}`},
			says: map[string]string{"": outage, "check": no}},
		"422 without a body": {reply: reply{status: 422}, says: map[string]string{"": outage, "check": no}},
		"404 where the settings say so": {reply: reply{404, nil, `{}`},
			change: func(s *backend.Settings, _ *sms.Settings) { s.Check["*"].UnknownStatus = []int{404} },
			says:   map[string]string{"": no, "check": no}},
		"a gateway's JSON that the settings know": {
			reply: reply{404, nil, `{"message": "no Route matched with those values"}`},
			change: func(s *backend.Settings, _ *sms.Settings) {
				known := endpoint.Outage{Failed: "message", FailedValues: []string{"no Route matched with those values"}}
				s.ByPhone.Outage, s.ByIdentifier.Outage, s.ByID.Outage, s.Phones.Outage = known, known, known, known
				s.Check["*"].Outage, s.Check["*"].UnknownStatus = known, []int{404}
			},
			says: map[string]string{"": outage, "check": outage},
		},
		"a text that the settings know": {
			reply: page,
			change: func(s *backend.Settings, _ *sms.Settings) {
				known := []string{"no such customer"}
				s.ByPhone.NoText, s.ByIdentifier.NoText, s.ByID.NoText, s.Phones.NoText = known, known, known, known
				s.Check["*"].NoText, s.Check["*"].UnknownStatus = known, []int{404}
			},
			says: map[string]string{"": no, "check": no},
		},
		"the same text, unknown": {reply: page, says: map[string]string{"": outage, "check": outage}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, c.reply, c.change)
			for _, operation := range lookups {
				assert.Equal(t, c.says[""], s.ask(t, operation), operation)
			}
			for operation, says := range c.says {
				if operation != "" {
					assert.Equal(t, says, s.ask(t, operation), operation)
				}
			}
		})
	}
}

// inData puts the answers of the first example below data, as GraphQL does.
func inData(s *backend.Settings, _ *sms.Settings) {
	s.ByPhone.Customers, s.ByIdentifier.Customers, s.ByID.Customers = "data.customers", "data.customers", "data.customers"
	s.Check["*"].OK, s.Phones.Phones = "data.valid", "data.phones"
}

func failedIn(o endpoint.Outage) func(*backend.Settings, *sms.Settings) {
	return func(s *backend.Settings, g *sms.Settings) {
		s.ByPhone.Outage, s.ByIdentifier.Outage, s.ByID.Outage, s.Phones.Outage = o, o, o, o
		s.ByID.Customers = "customers"
		s.Check["*"].Outage, s.AddPhone.Outage, g.Outage = o, o, o
	}
}

func TestAnErrorWithStatus200(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   string
		change func(*backend.Settings, *sms.Settings)
	}{
		"GraphQL": {`{"data": {"customers": null, "valid": null, "phones": null}, "errors": [{"message": "timed out",
			"path": ["customers"]}]}`, inData},
		"GraphQL without data":  {`{"errors": [{"message": "syntax"}]}`, inData},
		"GraphQL, data is null": {`{"data": null, "errors": [{"message": "down"}], "extensions": {}}`, inData},
		"GraphQL, a part": {`{"data": {"customers": [{"id": "C-1"}, null], "valid": true, "phones": [{"number":
			"+4930123456", "since": "2020-02-03"}]}, "errors": [{"message": "down", "path": ["customers", 1]}]}`, inData},
		"JSON-RPC 2.0": {`{"jsonrpc": "2.0", "id": "C-1", "error": {"code": -32603, "message": "internal error"}}`, nil},
		"JSON-RPC 1.0": {`{"id": 1, "result": null, "error": "down", "customers": [], "valid": false, "phones": []}`,
			func(s *backend.Settings, _ *sms.Settings) { s.ByID.Customers = "customers" }},
		"a batch of JSON-RPC": {`[{"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}}]`,
			func(s *backend.Settings, _ *sms.Settings) {
				s.ByPhone.Customers, s.ByIdentifier.Customers, s.ByID.Customers = "0.result", "0.result", "0.result"
				s.Phones.Phones, s.Check["*"].OK = "0.result", "0.result"
			}},
		"success is false": {`{"success": false, "customers": [], "valid": false, "phones": []}`,
			failedIn(endpoint.Outage{Failed: "success", FailedValues: []string{"false"}})},
		"a status": {`{"status": "ERROR", "customers": null, "valid": false, "phones": null}`,
			failedIn(endpoint.Outage{Failed: "status", FailedValues: []string{"ERROR", "TIMEOUT"}})},
		"a code": {`{"result": {"code": 500}, "customers": [], "valid": false, "phones": []}`,
			failedIn(endpoint.Outage{Failed: "result.code", FailedValues: []string{"500", "503"}})},
		"a fault, as of SOAP": {`{"Fault": {"faultcode": "Server"}, "customers": [], "valid": false, "phones": []}`,
			failedIn(endpoint.Outage{Failed: "Fault"})},
		"a message": {`{"problem": "database down", "customers": [], "valid": false, "phones": []}`,
			failedIn(endpoint.Outage{Failed: "problem"})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, reply{body: c.body}, c.change)
			for _, operation := range operations {
				assert.Equal(t, outage, s.ask(t, operation), operation)
			}
		})
	}
}

func TestWhatIsCalledErrorAndIsNone(t *testing.T) {
	t.Parallel()
	const good = `"customers": [{"id": "C-1", "error": {"code": 7}, "errors": [{"message": "address"}], "success": false}],
		"valid": true, "phones": [{"number": "+4930123456", "since": "2020-02-03", "error": true}]`
	byIDIn := func(s *backend.Settings, _ *sms.Settings) { s.ByID.Customers = "customers" }
	for name, c := range map[string]struct {
		body   string
		change func(*backend.Settings, *sms.Settings)
	}{
		"no errors in a list":      {`{` + good + `, "errors": []}`, byIDIn},
		"null for errors":          {`{` + good + `, "errors": null, "error": null}`, byIDIn},
		"false, 0 and nothing":     {`{` + good + `, "error": false, "errors": 0}`, byIDIn},
		"an empty object and text": {`{` + good + `, "error": {}, "errors": ""}`, byIDIn},
		"JSON-RPC that worked":     {`{"jsonrpc": "2.0", "id": 1, "error": null, ` + good + `}`, byIDIn},
		"error means something else here": {`{` + good + `, "error": {"code": "NONE"}}`,
			failedIn(endpoint.Outage{Failed: "error.code", FailedValues: []string{"DOWN"}})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, reply{body: c.body}, c.change)
			for _, operation := range operations {
				assert.Equal(t, yes, s.ask(t, operation), operation)
			}
		})
	}
	t.Run("a customer's own fields", func(t *testing.T) {
		t.Parallel()
		s := answering(t, reply{body: `{"id": "C-1", "error": {"code": 1}, "errors": [{"message": "address"}]}`}, nil)
		assert.Equal(t, yes, s.ask(t, "by_id"))
	})
	t.Run("why an answer is wrong", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{
			`{"valid": false, "error": "wrong_pin"}`, `{"valid": false, "error": {"code": "WRONG", "message": "m"}}`,
			`{"valid": false, "errors": [{"message": "the PIN is wrong"}]}`, `{"valid": false, "errors": ["wrong"]}`,
		} {
			assert.Equal(t, no, answering(t, reply{body: body}, nil).ask(t, "check"), body)
		}
	})
}

func TestTheRightAnswerCountsAsSoonAsTheBackendIsBack(t *testing.T) {
	t.Parallel()
	away := make(chan bool, 1)
	away <- true
	s := answering(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		is := <-away
		away <- is
		if is {
			reply{404, nil, "<html>404 page not found</html>"}.ServeHTTP(w, r)
			return
		}
		reply{body: `{"valid": true}`}.ServeHTTP(w, r)
	}), nil)
	for range 20 {
		assert.Equal(t, outage, s.ask(t, "check"))
	}
	<-away
	away <- false
	assert.Equal(t, yes, s.ask(t, "check"), "a page does not open the breaker")
}

func TestWhateverIsAnsweredTheBackendIsReached(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]reply{
		"a page":    {404, nil, "<html>nothing here</html>"},
		"an error":  {200, nil, `{"errors": [{"message": "no query"}], "error": {"code": 1}}`},
		"brotli":    {200, map[string]string{"Content-Encoding": "br"}, "\x0b\x02\x80{}\x03"},
		"a charset": {200, map[string]string{"Content-Type": "text/html; charset=x-unknown"}, "\xfc"},
		"nothing":   {204, nil, ""},
	} {
		require.NoError(t, answering(t, page, nil).Reach(deadline(t)), name)
	}
	require.Error(t, answering(t, reply{status: 503}, nil).Reach(deadline(t)))
}
