package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/stub"
	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// backendTimeout is long enough for the comfort prompt to come before it and for a machine that does much else, and
// shorter than the limit of a look-up, 8 s.
const backendTimeout = 5 * time.Second

// crmFront is a CRM in which something is wrong with some of the requests: those for a telephone number, an account, or
// the check of a customer.
type crmFront struct {
	good *stub.CRM
	bad  map[string]*stub.CRM
	url  string

	mu     sync.Mutex
	checks int
}

func newCRMFront(t *testing.T, customers ...stub.Customer) *crmFront {
	t.Helper()
	f := &crmFront{good: stub.NewCRM("s3cret", customers), bad: map[string]*stub.CRM{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *crmFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/check") {
		f.mu.Lock()
		f.checks++
		f.mu.Unlock()
	}
	for _, about := range []string{r.URL.Query().Get("phone"), r.URL.Query().Get("value"), r.URL.Path} {
		if bad := f.bad[about]; bad != nil {
			bad.ServeHTTP(w, r)
			return
		}
	}
	f.good.ServeHTTP(w, r)
}

func (f *crmFront) checked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.checks
}

// spoil lets requests about something go wrong. It must come before the first call.
func (f *crmFront) spoil(about string, fault stub.Fault) {
	f.bad[about] = stub.NewCRM("", nil)
	f.bad[about].Break(fault)
}

// finding and checking are the settings for the two halves of what a CRM can do.
func (f *crmFront) finding(more string) string {
	return fmt.Sprintf(`backend:
  url: %s
  headers: {Authorization: Bearer s3cret}
  timeout: %s
  customer: {id: id, name: name, language: language, enrolled: secrets}
  by_phone: {path: /customers, query: {phone: "{{.Phone}}"}, customers: customers}
  by_identifier: {path: /customers, query: {kind: "{{.Kind}}", value: "{{.Value}}"}, customers: customers}
  by_id: {path: "/customers/{{.Customer}}"}
%s`, f.url, backendTimeout, more)
}

const checking = `  check: {"*": {path: "/customers/{{.Customer}}/check",
    body: '{"kind": "{{.Kind}}", "answer": "{{.Answer}}"}', ok: valid}}` + "\n"

func crmCustomer(id, phone, account, pin string) stub.Customer {
	return stub.Customer{
		ID: id, Name: "Customer " + id, Language: "en", Phones: []stub.Phone{{Number: phone}},
		Identifiers: map[string]string{"account": account},
		Secrets:     map[string]string{"pin": pin},
	}
}

// The line of a first start is the one that these tests call: the caller's number, else the account; then the PIN.
const anyNumber = "5000"

func TestCustomersWhoAreInTheBackendAlone(t *testing.T) {
	t.Parallel()
	f := newCRMFront(t, crmCustomer("X-1", "+15551230001", "100042", "246813"))
	s := newSite(t, 1, "id\n", f.finding(checking))
	n := s.nodes[0]
	r := n.call(sim.CallOptions{From: "+15551230001", To: anyNumber, Caller: keys("ask-pin", "246813")})
	assert.Equal(t, "verified", r.Variables["cs_status"])
	assert.Equal(t, "X-1", r.Variables["cs_customer"])
	assert.Equal(t, "Customer X-1", data[event.Verified](s.journey(r))[0].Name)
	r = n.call(sim.CallOptions{
		From: "anonymous", To: anyNumber, Caller: keys("ask-account", "100042", "ask-pin", "246813"),
	})
	assert.Equal(t, "account,pin", r.Variables["cs_methods"])
	assert.Equal(t, 2, f.checked())

	r = n.call(sim.CallOptions{
		From: "anonymous", To: anyNumber, Caller: keys("ask-account", "100042", "ask-pin", "246814"),
	})
	assert.Equal(t, "wrong_answer", r.Variables["cs_reason"])
	assert.Equal(t, "identified", r.Variables["cs_status"])
	assert.Equal(t, 5, f.checked())
	assert.Equal(t, 3, s.attempts("X-1", "--dry-run").Failures)
	r = n.call(sim.CallOptions{From: "anonymous", To: anyNumber, Caller: keys("ask-account", "100099")})
	assert.Equal(t, "not_found", r.Variables["cs_reason"])
}

func TestFoundInTheBackendAndCheckedHere(t *testing.T) {
	t.Parallel()
	f := newCRMFront(t, crmCustomer("X-1", "+15551230001", "100042", "999999"))
	s := newSite(t, 1, "id,pin\nX-1,246813\n", f.finding(""))
	n := s.nodes[0]
	r := n.call(sim.CallOptions{From: "+15551230001", To: anyNumber, Caller: keys("ask-pin", "246813")})
	assert.Equal(t, "verified", r.Variables["cs_status"])
	assert.Equal(t, "ani,pin", r.Variables["cs_methods"])
	r = n.call(sim.CallOptions{
		From: "anonymous", To: anyNumber, Caller: keys("ask-account", "100042", "ask-pin", "999999"),
	})
	assert.Equal(t, "wrong_answer", r.Variables["cs_reason"], "what the CRM has for a PIN does not count")
	assert.Zero(t, f.checked())
}

// spoilt is a request that goes wrong for one customer, and how far their call gets.
type spoilt struct {
	fault, at, status string
	number            int
}

func (s spoilt) customer() string { return fmt.Sprint("X-", s.number) }
func (s spoilt) phone() string    { return fmt.Sprintf("+1555123%04d", s.number) }

func TestWhateverIsWrongWithTheBackendThereIsAPerson(t *testing.T) {
	t.Parallel()
	faults := map[string]stub.Fault{
		"hang": {Kind: stub.FaultHang}, "drip": {Kind: stub.FaultDrip}, "garbage": {Kind: stub.FaultGarbage},
		"wrong-types": {Kind: stub.FaultWrongTypes},
		"two-gb":      {Kind: stub.FaultHuge}, "500": {Kind: stub.FaultStatus, Status: 500}, "reset": {Kind: stub.FaultReset},
		"truncated": {Kind: stub.FaultTruncated},
		"redirect":  {Kind: stub.FaultRedirect}, "not-http": {Kind: stub.FaultNotHTTP},
	}
	slow := map[string]bool{"hang": true, "drip": true}
	var all []spoilt
	var customers []stub.Customer
	for name := range faults {
		for at, status := range map[string]string{"by_phone": "none", "by_identifier": "none", "check": "identified"} {
			one := spoilt{name, at, status, len(all)}
			all = append(all, one)
			customers = append(customers, crmCustomer(one.customer(), one.phone(), account(one.number), "246813"))
		}
	}
	f := newCRMFront(t, customers...)
	for _, one := range all {
		about := map[string]string{
			"by_phone": one.phone(), "by_identifier": account(one.number), "check": "/customers/" + one.customer() + "/check",
		}
		f.spoil(about[one.at], faults[one.fault])
	}
	s := newSite(t, 1, "id\n", f.finding("  breaker: {failures: 1000}\n"+checking))
	n := s.nodes[0]
	var mu sync.Mutex
	longest := map[string]time.Duration{}
	for _, one := range all {
		t.Run(one.fault+" "+one.at, func(t *testing.T) {
			t.Parallel()
			from := one.phone()
			if one.at == "by_identifier" {
				from = "anonymous"
			}
			r := n.call(sim.CallOptions{From: from, To: anyNumber,
				Caller: keys("ask-account", account(one.number), "ask-pin", "246813")})
			assert.Equal(t, "unavailable", r.Variables["cs_reason"])
			assert.Equal(t, one.status, r.Variables["cs_status"])
			assert.Equal(t, "agents XML default", r.Destination)
			journey := s.journey(r)
			if slow[one.fault] {
				assert.Contains(t, heard(r), "one-moment", "who waits for a second hears that it takes a moment")
				assert.Regexp(t, "call="+r.Variables["cs_call"]+".*no answer within "+backendTimeout.String(), n.log(),
					"the limit that the settings have")
			}
			if slices.Contains(heard(r), "one-moment") {
				assert.True(t, slices.ContainsFunc(data[event.StepFinished](journey), func(f event.StepFinished) bool {
					return f.Milliseconds >= 1000
				}), "nobody else hears it")
			}
			mu.Lock()
			longest[one.fault] = max(longest[one.fault], r.Times.Total.Round(time.Millisecond))
			mu.Unlock()
			for _, step := range data[event.StepFinished](journey) {
				for _, a := range step.Attempts {
					assert.NotEqual(t, event.AttemptRejected, a.Result, "it is never the caller's failure")
				}
			}
			if one.at == "check" {
				assert.Zero(t, s.attempts(one.customer(), "--dry-run").Failures, "nor an attempt")
			}
		})
	}
	t.Cleanup(func() { t.Logf("longest calls: %v", longest) })
}

func TestABackendThatIsAwayIsNotAskedForAWhile(t *testing.T) {
	t.Parallel()
	const halfOpen = 3 * time.Second
	f := newCRMFront(t, crmCustomer("X-1", "+15551230001", "100042", "246813"))
	s := newSite(t, 1, "id\n", f.finding(fmt.Sprintf("  breaker: {half_open: %s}\n", halfOpen)+checking))
	n := s.nodes[0]
	call := func() sim.Result {
		return n.call(sim.CallOptions{From: "+15551230001", To: anyNumber, Caller: keys("ask-pin", "246813")})
	}
	require.Equal(t, "verified", call().Variables["cs_status"])
	f.good.Break(stub.Fault{Kind: stub.FaultHang})
	before := f.good.Asked()
	var waiting sync.WaitGroup
	for range 5 {
		waiting.Go(func() { assert.Equal(t, "unavailable", call().Variables["cs_reason"]) })
	}
	waiting.Wait()
	opened := time.Now()
	assert.Equal(t, before+5, f.good.Asked())
	for range 10 {
		r := call()
		assert.Equal(t, "unavailable", r.Variables["cs_reason"])
		assert.Equal(t, "agents XML default", r.Destination)
	}
	tries := int(time.Since(opened)/halfOpen) + 1 // one may look whether it is back
	assert.LessOrEqual(t, f.good.Asked(), before+5+tries)
	f.good.Break(stub.Fault{})
	require.Eventually(t, func() bool {
		return call().Variables["cs_status"] == "verified"
	}, patience, 100*time.Millisecond)
	assert.Zero(t, s.attempts("X-1", "--dry-run").Failures)
}

func TestAPageInPlaceOfAnAnswerLocksNobody(t *testing.T) {
	t.Parallel()
	var deploying atomic.Bool
	crm := newCRMFront(t, crmCustomer("X-1", "+15551230001", "100042", "246813"))
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if deploying.Load() && strings.HasSuffix(r.URL.Path, "/check") {
			http.Error(w, "404 page not found", http.StatusNotFound)
			return
		}
		crm.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	crm.url = front.URL
	s := newSite(t, 1, "id\n", crm.finding(strings.Replace(checking, "ok: valid", "ok: valid, unknown_status: [404]", 1)))
	call := func() sim.Result {
		return s.nodes[0].call(sim.CallOptions{From: "+15551230001", To: anyNumber, Caller: keys("ask-pin", "246813")})
	}
	deploying.Store(true)
	for range 6 { // more than lock a customer
		r := call()
		assert.Equal(t, "unavailable", r.Variables["cs_reason"])
		assert.Equal(t, "agents XML default", r.Destination)
	}
	assert.Zero(t, s.attempts("X-1", "--dry-run").Failures)
	deploying.Store(false)
	assert.Equal(t, "verified", call().Variables["cs_status"])
}

func TestANumberThatAnUnreadableCustomerSharesIdentifiesNobody(t *testing.T) {
	t.Parallel()
	f := newCRMFront(t, crmCustomer("X-1", "+15551230001", "100042", "246813"))
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("phone") {
			_, _ = io.WriteString(w, `{"customers": [{"id": "X-1", "name": "Ada", "secrets": ["pin"]}, {"id": null}]}`)
			return
		}
		f.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	f.url = front.URL
	s := newSite(t, 1, "id\n", f.finding(checking))
	n := s.nodes[0]
	r := n.call(sim.CallOptions{
		From: "+15551230001", To: anyNumber, Caller: keys("ask-account", "100042", "ask-pin", "246813"),
	})
	assert.Equal(t, "account,pin", r.Variables["cs_methods"], "the caller is asked who they are")
	assert.Contains(t, n.log(), "1 of 2 customers", "and the operator is told")
}
