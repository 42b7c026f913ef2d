package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/stub"
	"countersign/freeswitch/sim"
	"countersign/ops/unlock"
	"countersign/session/event"
)

// oracle is a company's CRM that judges PINs and counts how many it was given for each customer. Nobody finds out about
// a PIN without asking it.
type oracle struct {
	url string

	mu     sync.Mutex
	judged map[string]int
}

func newOracle(t *testing.T, pins map[string]string) *oracle {
	t.Helper()
	return newOracleAt(t, "127.0.0.1:0", pins)
}

// newOracleAt is one that other machines reach.
func newOracleAt(t *testing.T, address string, pins map[string]string) *oracle {
	t.Helper()
	var customers []stub.Customer
	for id, pin := range pins {
		customers = append(customers, stub.Customer{ID: id, Secrets: map[string]string{"pin": pin}})
	}
	o := &oracle{judged: map[string]int{}}
	crm := stub.NewCRM("", customers)
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, check := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/customers/"), "/check"); check {
			o.mu.Lock()
			o.judged[id]++
			o.mu.Unlock()
		}
		crm.ServeHTTP(w, r)
	}))
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// settings have the oracle check PINs. Everything else is done locally.
func (o *oracle) settings() string {
	return fmt.Sprintf(`backend:
  url: %s
  timeout: 8s
  customer: {always: [pin]}
  check: {pin: {path: "/customers/{{.Customer}}/check", 
    body: '{"kind": "{{.Kind}}", "answer": "{{.Answer}}"}', ok: valid}}
`, o.url)
}

func (o *oracle) of(customer string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.judged[customer]
}

// noWaiting locks for good after ten wrong answers, without the shorter locks before: a test cannot wait for their end.
// Its callers are all strangers, and share no budget.
const noWaiting = "guard: {lock_after: 10, total: 10, sends_apart: 1s, anonymous: 10000}\n"

// most is how many wrong answers of a customer may be judged: ten. Should NATS have been slow, each node has counted
// for itself for a moment, which is the limit that session/guard/DESIGN.md gives for that time.
func (s *site) most() int {
	for _, n := range s.nodes {
		if strings.Contains(n.log(), "guard store unavailable") {
			s.t.Log("NATS took longer than 250 ms: each node had its own ten tries meanwhile")
			return 10 * len(s.nodes)
		}
	}
	return 10
}

// judged is how many answers of a step were judged, by what the events say: the last answer of a step that met a lock
// was not.
func judged(step string, journey []event.Event) (n int) {
	for _, f := range data[event.StepFinished](journey) {
		if f.Step != step {
			continue
		}
		for _, a := range f.Attempts {
			if (a.Result == event.AttemptRejected || a.Result == event.AttemptAccepted) && !a.Unchecked {
				n++
			}
		}
	}
	return n
}

// guesser keys an account and then one PIN after the other, from a number that nobody has seen before. No hash key
// follows a PIN: the last digit ends it, and a hash key that comes a moment late has the caller hear again what was
// not right.
func guesser(to, account string, n int, pins ...string) sim.CallOptions {
	answers := []sim.Answer{{Prompt: "ask-account", Keys: account + "#"}}
	for i, pin := range pins {
		prompt := "ask-pin"
		if i > 0 {
			prompt = "ask-pin-again"
		}
		answers = append(answers, sim.Answer{Prompt: prompt, Keys: pin})
	}
	return sim.CallOptions{From: fmt.Sprintf("+1555%07d", n), To: to, Caller: sim.Script(sim.Pace{}, answers...)}
}

func TestOneAccountAndManyPINsOnTwoNodesGetTenTries(t *testing.T) {
	t.Parallel()
	o := newOracle(t, map[string]string{"C-1": "246813", "C-2": "975310", "C-3": "314159"})
	s := newSite(t, 2, adaAndBob+"C-3,Eve,,100044,,\n", noWaiting+o.settings())
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	ordinary := s.nodes[0].call(guesser("5200", "100043", 1, "100001", "100002", "100003"))
	require.Equal(t, "wrong_answer", ordinary.Variables["cs_reason"])

	// Six callers at a time, on both nodes, each with three PINs on a call, and they do not stop at the lock.
	const callers, each = 6, 5
	var calls [callers][]sim.Result
	var calling sync.WaitGroup
	for i := range calls {
		calling.Go(func() {
			for k := range each {
				n := 100 * (each*i + k)
				calls[i] = append(calls[i], s.nodes[(i+k)%2].call(guesser("5200", "100042", n+1000, pin(n), pin(n+1), pin(n+2))))
			}
		})
	}
	calling.Wait()
	keyed, byEvents, locked := 0, 0, 0
	for _, r := range slices.Concat(calls[:]...) {
		keyed += 3
		journey := s.journey(r)
		byEvents += judged("pin", journey)
		assert.Equal(t, "identified", r.Variables["cs_status"])
		if r.Variables["cs_reason"] == "locked" {
			locked++
			assert.Equal(t, "locked XML default", r.Destination)
		} else {
			assert.Equal(t, "agents XML default", r.Destination)
		}
		// it tells that time passes, not why somebody fails
		said := slices.DeleteFunc(heard(r), func(name string) bool { return name == "one-moment" })
		assert.Subset(t, heard(ordinary), said, "nothing is said that is not said to anybody who fails")
		assert.Equal(t, "failure", said[len(said)-1])
	}
	t.Logf("%d PINs were keyed on %d calls, %d of them met the lock; %d PINs were judged", keyed, callers*each, locked,
		o.of("C-1"))
	tries := o.of("C-1")
	assert.GreaterOrEqual(t, tries, 10)
	assert.LessOrEqual(t, tries, s.most())
	assert.Equal(t, tries, byEvents, "the events tell the truth")
	require.NotEmpty(t, s.events(func(e event.Event) bool {
		l, ok := e.Data.(event.Locked)
		return ok && l.Customer == "C-1" && l.Began
	}))

	right := func(n *node, account, pin string) sim.Result { return n.call(guesser("5200", account, 5000, pin)) }
	for _, n := range s.nodes {
		r := right(n, "100042", "246813")
		assert.Equal(t, "locked", r.Variables["cs_reason"], "the right PIN too")
		assert.Equal(t, "identified", r.Variables["cs_status"])
	}
	assert.Equal(t, tries, o.of("C-1"))
	u := s.attempts("C-1")
	assert.Equal(t, unlock.Result{
		Customer: "C-1", Failures: 10, Locked: true, Unlocked: true,
	}, u, "until somebody unlocks")
	for _, n := range s.nodes {
		assert.Equal(t, "verified", right(n, "100042", "246813").Variables["cs_status"])
	}
	assert.Equal(t, "identified", right(s.nodes[1], "100042", "246814").Variables["cs_status"])

	// Who proves who they are in between begins anew: 18 wrong answers in all.
	for range 2 {
		for i := range 3 {
			r := s.nodes[i%2].call(guesser("5200", "100044", 6000+i, "100001", "100002", "100003"))
			assert.Equal(t, "wrong_answer", r.Variables["cs_reason"])
		}
		assert.Equal(t, 9, s.attempts("C-3", "--dry-run").Failures)
		assert.Equal(t, "verified", right(s.nodes[1], "100044", "314159").Variables["cs_status"])
		assert.Zero(t, s.attempts("C-3", "--dry-run").Failures)
	}
}

func pin(n int) string { return fmt.Sprintf("%06d", 300000+n) }

// accounts makes customers, … with accounts 200000, 200001, …
func accounts(n int, pin func(i int) string) string {
	csv := "id,account,pin\n"
	for i := range n {
		csv += fmt.Sprintf("A-%d,%d,%s\n", i, 200000+i, pin(i))
	}
	return csv
}

func account(i int) string { return fmt.Sprint(200000 + i) }

func TestOnePINAndManyAccountsFromOneNumberEndAfterFour(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, accounts(20, func(int) string { return "864209" }), "")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	tried := 0
	for i := range 10 {
		o := guesser("5200", account(i), 0, "753198")
		o.From = "+15556660000"
		r := s.nodes[i%2].call(o)
		journey := s.journey(r)
		tried += judged("pin", journey)
		if i < 4 {
			continue
		}
		assert.Equal(t, "velocity", r.Variables["cs_reason"])
		assert.Equal(t, "locked XML default", r.Destination)
		assert.Equal(t, []string{"failure"}, heard(r)[len(heard(r))-1:])
		assert.NotContains(t, heard(r), "ask-account")
		on := data[event.Locked](journey)
		require.Len(t, on, 1)
		assert.Equal(t, event.LockOnCaller, on[0].On)
		assert.NotNil(t, on[0].Until)
	}
	assert.Equal(t, 4, tried, "one PIN at four accounts")

	// A company's switchboard shows one number for everybody who works there.
	for i := range 16 {
		o := guesser("5200", account(i), 0, "864209")
		o.From = "+15557770000"
		assert.Equal(t, "verified", s.nodes[i%2].call(o).Variables["cs_status"], i)
	}
}

func TestRotatingNumbersOverManyAccountsRaiseOneAlarm(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, accounts(30, func(int) string { return "864209" }), "guard: {anonymous: 10000}\n")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"), bankLine("quiet", "5300", "pin: {digits: 6}"))
	var calling sync.WaitGroup
	for i, n := range s.nodes {
		calling.Go(func() {
			for k := range 15 { // too few for one machine alone
				assert.Equal(t, "wrong_answer",
					n.call(guesser("5200", account(15*i+k), 100*i+k, "753198", "753199", "753197")).Variables["cs_reason"])
			}
			assert.Equal(t, "verified", n.call(guesser("5300", account(i), 100*i, "864209")).Variables["cs_status"])
		})
	}
	calling.Wait()
	alarms := s.await(1, is[event.Alarm]("bank"))
	a := alarms[0].Data.(event.Alarm)
	first := s.events(is[event.CallStarted]("bank"))[0]
	t.Logf("%d of %d calls failed; the alarm came %s after the first", a.Failures, a.Calls,
		alarms[0].Time.Sub(first.Time).Round(time.Millisecond))
	assert.Equal(t, event.AlarmFailureRate, a.Kind)
	assert.GreaterOrEqual(t, a.Calls, 20)
	assert.Equal(t, a.Calls, a.Failures)
	// Each node looks every 5 s, and another one would come then.
	assert.Never(t, func() bool {
		return len(s.events(func(e event.Event) bool { return e.Fact() == event.FactAlarm })) > 1
	}, 6*time.Second, 100*time.Millisecond)
}

func TestTheChanceOfGuessing(t *testing.T) {
	t.Parallel()
	// Guessers who know that the PIN is one of a hundred get it in one of ten accounts; of all 10,000, in one of a
	// thousand.
	const customers, known, callsEach, perCall = 30, 100, 5, 3
	random := rand.New(rand.NewPCG(3, 4))
	pins, csv := map[string]string{}, accounts(customers, func(int) string { return "" })
	for i := range customers {
		pins[fmt.Sprint("A-", i)] = fmt.Sprint(4700 + random.IntN(known))
	}
	o := newOracle(t, pins)
	s := newSite(t, 2, csv, noWaiting+o.settings())
	s.apply(bankLine("bank", "5200", "pin: {digits: 4}"))
	var calling sync.WaitGroup
	var mu sync.Mutex
	keyed, guessed, calls := 0, 0, 0
	for w := range 4 {
		calling.Go(func() {
			for i := w; i < customers; i += 4 {
				for k := range callsEach {
					var try []string
					for p := range perCall {
						try = append(try, fmt.Sprint(4700+perCall*k+p))
					}
					r := s.nodes[(i+k)%2].call(guesser("5200", account(i), 1000+10*i+k, try...))
					mu.Lock()
					calls++
					keyed += perCall
					if r.Variables["cs_status"] == "verified" {
						guessed++
					}
					mu.Unlock()
					if r.Variables["cs_status"] == "verified" {
						break
					}
				}
			}
		})
	}
	calling.Wait()
	most, total, inTen, inMost := 0, 0, 0, 0
	for id, p := range pins {
		n := o.of(id)
		total += n
		most = max(most, n)
		switch {
		case p < "4710":
			inTen++
		case p < fmt.Sprint(4700+s.most()):
			inMost++
		default:
			assert.GreaterOrEqual(t, n, 10, id)
		}
	}
	t.Logf("%d calls keyed %d PINs at %d accounts: %d were judged, at most %d at one account; %d of %d PINs guessed out "+
		"of %d, so %.2f %% out of 10,000",
		calls, keyed, customers, total, most, guessed, customers, known, 100*float64(most)/10_000)
	assert.LessOrEqual(t, most, s.most())
	assert.GreaterOrEqual(t, guessed, inTen, "those that the first ten tries hit")
	assert.LessOrEqual(t, guessed, inTen+inMost, "and no others")
}

func TestCodesBySMSCannotBeGuessedOrOrderedWithoutEnd(t *testing.T) {
	t.Parallel()
	messages := stub.NewMessages("")
	gateway := httptest.NewServer(messages)
	t.Cleanup(gateway.Close)
	customers := "id,phones,account\nC-1,+15551230001;+15551230002,100042\nC-2,+15551230003,100043\n"
	s := newSite(t, 2, customers, noWaiting+"sms: {url: \""+gateway.URL+"/messages\"}\n")
	s.apply(bankLine("codes", "5100", "sms_code: {}"))
	guess := func(n *node, from string) sim.Result {
		return n.call(sim.CallOptions{From: from, To: "5100", Caller: keys("ask-account", "100042", "ask-code", "000000")})
	}
	// Three wrong codes on each call; a message to one number every second, so calls are repeated until one goes out.
	for i := range 3 {
		require.Eventually(t, func() bool {
			r := guess(s.nodes[i%2], "+15550001111")
			if r.Variables["cs_reason"] == "send_limit" {
				return false
			}
			assert.Equal(t, "wrong_answer", r.Variables["cs_reason"])
			return assert.Equal(t, 3, judged("sms_code", s.journey(r)))
		}, patience, 20*time.Millisecond)
	}
	assert.Len(t, messages.To("+15551230001"), 3)
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
		for _, n := range s.nodes {
			r := guess(n, "+15550001111")
			assert.Equal(t, "send_limit", r.Variables["cs_reason"])
			assert.Equal(t, "agents XML default", r.Destination)
		}
	}
	assert.Len(t, messages.To("+15551230001"), 3, "3 in 10 minutes, on both nodes together")
	assert.Equal(t, 9, s.attempts("C-1", "--dry-run").Failures)

	// Nor does one come to the customer's other telephone: it is one limit.
	r := guess(s.nodes[1], "+15551230002")
	assert.Equal(t, "send_limit", r.Variables["cs_reason"])
	assert.Empty(t, messages.To("+15551230002"))

	// Who reads the message is verified.
	reader := sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		switch {
		case p.Has("ask-account"):
			return sim.Pace{}.Type(p, "100043#")
		case p.Has("ask-code"):
			return sim.Pace{}.Type(p, sixDigits.FindString(messages.To("+15551230003")[0].Text)+"#")
		}
		return nil
	})
	r = s.nodes[0].call(sim.CallOptions{From: "+15551230003", To: "5100", Caller: reader})
	assert.Equal(t, "verified", r.Variables["cs_status"])
}

func TestATimeBasedCodeCountsOnceOnBothNodes(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	s := newSite(t, 2, "id,account,totp_secret\nC-1,100042,"+secret+"\nC-2,100043,"+secret+"\n", noWaiting)
	s.apply(bankLine("codes", "5100", "totp: {tries: 1}"))
	now := time.Now()
	code := func(at time.Time) string {
		c, err := totp.GenerateCode(secret, at)
		require.NoError(t, err)
		return c
	}
	call := func(n *node, account, code string) (status, reason string) {
		r := n.call(sim.CallOptions{From: "+15550001111", To: "5100", Caller: keys("ask-account", account, "ask-totp", code)})
		return r.Variables["cs_status"], r.Variables["cs_reason"]
	}
	// The code of the next 30 s counts already; both are used once, and refused everywhere afterwards.
	for i, c := range []string{code(now), code(now.Add(30 * time.Second))} {
		status, reason := call(s.nodes[i], "100042", c)
		assert.Equal(t, "verified", status, reason)
		for _, n := range s.nodes {
			status, reason = call(n, "100042", c)
			assert.Equal(t, "identified", status)
			assert.Equal(t, "wrong_answer", reason)
		}
	}
	assert.Equal(t, 2, s.attempts("C-1", "--dry-run").Failures, "a replay is an attempt")

	// Of two who key the same code at the same moment, one is verified.
	var both sync.WaitGroup
	now = time.Now()
	var statuses [2]string
	for i, n := range s.nodes {
		both.Go(func() { statuses[i], _ = call(n, "100043", code(now)) })
	}
	both.Wait()
	assert.ElementsMatch(t, []string{"verified", "identified"}, statuses)
}

func TestATokenOfOneNodeCountsOnceOnTheOther(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"), bankLine("other", "5300", "pin: {digits: 6}"))
	issue := func(n *node, line string) string {
		status, text := n.ask("POST", "/v1/tokens", `{"customer": "C-1", "methods": ["password"], "line": "`+line+`"}`)
		require.Equal(t, http.StatusOK, status, text)
		var issued struct{ Token string }
		require.NoError(t, json.Unmarshal([]byte(text), &issued))
		return issued.Token
	}
	bring := func(n *node, to, token string, caller sim.Caller) sim.Result {
		return n.call(sim.CallOptions{
			From: "+15550001111", To: to, Caller: caller,
			Variables: []sim.Variable{{Name: "sip_h_X-Countersign-Token", Value: token}},
		})
	}
	refused := func(r sim.Result) event.Refusal {
		all := data[event.TokenRefused](s.journey(r))
		require.Len(t, all, 1)
		return all[0].Reason
	}
	token := issue(s.nodes[0], "bank")
	r := bring(s.nodes[1], "5200", token, sim.Silent())
	assert.Equal(t, "verified", r.Variables["cs_status"])
	assert.Equal(t, "C-1", r.Variables["cs_customer"])
	assert.Contains(t, r.Variables["cs_methods"], "token")
	assert.NotContains(t, heard(r), "ask-account")
	assert.NotContains(t, heard(r), "ask-pin")

	// Used again it counts for nothing, and the caller is asked as anybody is.
	for _, n := range s.nodes {
		r = bring(n, "5200", token, keys("ask-account", "100043", "ask-pin", "975310"))
		assert.Equal(t, event.RefusedReplayed, refused(r))
		assert.Equal(t, "C-2", r.Variables["cs_customer"])
		assert.Equal(t, "account,pin", r.Variables["cs_methods"])
	}
	assert.Equal(t, event.RefusedForeign, refused(bring(s.nodes[0], "5300", issue(s.nodes[1], "bank"), sim.Silent())))
	assert.Equal(t, event.RefusedMalformed, refused(bring(s.nodes[0], "5200", "no.token.atall", sim.Silent())))

	// Of two calls that bring the same token at the same moment, one is let in.
	token = issue(s.nodes[1], "*")
	var both sync.WaitGroup
	var results [2]sim.Result
	for i, n := range s.nodes {
		both.Go(func() { results[i] = bring(n, "5200", token, sim.Silent()) })
	}
	both.Wait()
	assert.ElementsMatch(t, []string{"verified", "none"}, []string{
		results[0].Variables["cs_status"], results[1].Variables["cs_status"],
	})
	status, _ := s.nodes[0].ask("POST", "/v1/introspect", `{"token": "`+token+`"}`)
	assert.Equal(t, http.StatusOK, status)
}

func TestRestartsWhileNATSIsAwayGiveNoFreshGuesses(t *testing.T) {
	t.Parallel()
	o := newOracle(t, map[string]string{"C-1": "246813", "C-2": "975310"})
	s := newSite(t, 1, adaAndBob, o.settings())
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	n, guesses := s.nodes[0], 0
	guess := func(account string) string {
		guesses++
		return n.call(guesser("5200", account, 8000+guesses, pin(1), pin(2), pin(3))).Variables["cs_reason"]
	}
	guess("100042")
	assert.Equal(t, "locked", guess("100042"))
	s.nats.Shutdown()
	require.Eventually(t, func() bool {
		status, _ := n.ask("GET", "/readyz", "")
		return status == http.StatusServiceUnavailable
	}, patience, 10*time.Millisecond)
	for range 3 {
		n.kill()
		n.start()
		assert.Equal(t, "locked", guess("100042"), "from before the outage")
		guess("100043")
	}
	assert.Equal(t, 5, o.of("C-1"))
	assert.Equal(t, 5, o.of("C-2"))
	s.natsReturns()
	require.Eventually(t, func() bool {
		return s.attempts("C-2", "--dry-run").Failures == 5
	}, patience, 50*time.Millisecond)
	assert.Equal(t, 5, s.attempts("C-1", "--dry-run").Failures)
	assert.Equal(t, "locked", guess("100043"))
}

func TestWhoKnowsThePINHasTenGuessesAtTheCode(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, "id,account,pin,totp_secret\nC-1,100042,246813,JBSWY3DPEHPK3PXP\n",
		"guard: {lock_after: 10, total: 10, anonymous: 10000}\n")
	strong := strings.Replace(bankLine("strong", "5300", "pin: {digits: 6}, totp: {tries: 5}"), "verify: {",
		"verify: {level: 3, ", 1)
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"), strong)
	judgedCodes, last := 0, ""
	for i := range 12 { // calls, with a success by the PIN alone in between: 60 codes
		var answers []sim.Answer
		answers = append(answers, sim.Answer{Prompt: "ask-account", Keys: "100042#"},
			sim.Answer{Prompt: "ask-pin", Keys: "246813#"}, sim.Answer{Prompt: "ask-totp", Keys: "000000#"},
			sim.Answer{Prompt: "ask-totp-again", Keys: "000000#", Again: true})
		r := s.nodes[i%2].call(sim.CallOptions{
			From: fmt.Sprintf("+1555%07d", 9000+i), To: "5300", Caller: sim.Script(sim.Pace{}, answers...),
		})
		judgedCodes += judged("totp", s.journey(r))
		last = r.Variables["cs_reason"]
		s.nodes[i%2].call(guesser("5200", "100042", 9100+i, "246813"))
	}
	assert.Equal(t, 10, judgedCodes)
	assert.Equal(t, "locked", last)
	u := s.attempts("C-1", "--dry-run")
	assert.True(t, u.Locked)
	assert.Nil(t, u.Until)
}

func TestStrangersCannotTryOnePINOnEveryAccountNorLockEverybodyOut(t *testing.T) {
	t.Parallel()
	const customers = 60
	pins := map[string]string{}
	for i := range customers {
		pins[fmt.Sprint("A-", i)] = "864209"
	}
	o := newOracle(t, pins)
	s := newSite(t, 1, accounts(customers, func(int) string { return "864209" }), o.settings())
	s.apply(bankLine("spray", "5200", "pin: {digits: 6, reasks: 0}"), bankLine("locking", "5300", "pin: {digits: 6}"),
		bankLine("honest", "5400", "pin: {digits: 6}"))
	judged := func() (n int) {
		for id := range pins {
			n += o.of(id)
		}
		return n
	}
	attack := func(to string, from func(i int) sim.CallOptions, pins ...string) (unasked int) {
		var calling sync.WaitGroup
		var mu sync.Mutex
		for worker := range 6 {
			calling.Go(func() {
				for i := worker; i < customers; i += 6 {
					c, o := from(i), guesser(to, account(i), 0, pins...)
					o.From, o.Withheld = c.From, c.Withheld
					if r := s.nodes[0].call(o); !slices.Contains(heard(r), "ask-account") {
						mu.Lock()
						unasked++
						mu.Unlock()
						assert.Equal(t, "velocity", r.Variables["cs_reason"])
						assert.Equal(t, "locked XML default", r.Destination)
					}
				}
			})
		}
		calling.Wait()
		return unasked
	}
	// One PIN on every account, each call from another number, or from none.
	unasked := attack("5200", func(i int) sim.CallOptions {
		if i%2 == 0 {
			return sim.CallOptions{From: fmt.Sprintf("+1556%07d", i)}
		}
		return sim.CallOptions{From: fmt.Sprintf("+1556%07d", i), Withheld: true}
	}, "753198")
	assert.Equal(t, 30, judged())
	assert.GreaterOrEqual(t, unasked, customers-30-6)

	// Wrong PINs until everybody is locked.
	before := judged()
	for range 2 {
		attack("5300", func(i int) sim.CallOptions { return sim.CallOptions{From: fmt.Sprintf("+1557%07d", i)} },
			"753198", "753199", "753190")
	}
	assert.Equal(t, 30, judged()-before)
	locked := 0
	for id := range pins {
		if s.attempts(id, "--dry-run").Locked {
			locked++
		}
	}
	assert.LessOrEqual(t, locked, 30/4, "each has at most one wrong answer from before")

	// Other lines, and customers whose number is known by now, are served.
	first := s.nodes[0].call(guesser("5400", account(customers-1), 1, "864209"))
	require.Equal(t, "verified", first.Variables["cs_status"])
	o2 := guesser("5300", account(customers-1), 1, "864209")
	assert.Equal(t, "verified", s.nodes[0].call(o2).Variables["cs_status"], "verified with this number before")
	assert.Equal(t, "velocity", s.nodes[0].call(guesser("5300", account(customers-2), 2, "864209")).Variables["cs_reason"])
}

func TestKnownUnknownAndLockedAccountsSoundTheSame(t *testing.T) {
	t.Parallel()
	for name, withCRM := range map[string]bool{"our own database": false, "a CRM": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := ""
			o := newOracle(t, map[string]string{"C-1": "246813", "C-2": "975310"})
			if withCRM {
				settings = o.settings()
			}
			customers := "id,name,account,pin\nC-1,Ada,100042,246813\nC-2,Bob,100043,975310\nC-3,Eve,100044,\n"
			s := newSite(t, 1, customers, settings)
			s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
			guess := func(account string, n int) sim.Result {
				return s.nodes[0].call(guesser("5200", account, n, "100001", "100002", "100003"))
			}
			guess("100043", 1)
			guess("100043", 2) // and is locked
			require.True(t, s.attempts("C-2", "--dry-run").Locked)
			ordinary := guess("100042", 3)
			require.Equal(t, "wrong_answer", ordinary.Variables["cs_reason"])
			for i, c := range []struct{ account, reason, customer string }{
				{"100043", "locked", "C-2"}, {"100044", "not_enrolled", "C-3"}, {"899999", "not_found", ""},
			} {
				if withCRM && c.account == "100044" {
					continue // without fields.enrolled every customer of a CRM has a PIN
				}
				r := guess(c.account, 4+i)
				assert.Equal(t, heard(ordinary), heard(r), c.account)
				assert.Equal(t, c.reason, r.Variables["cs_reason"])
				assert.Equal(t, c.customer, r.Variables["cs_customer"])
				assert.Len(t, r.Times.Reactions, len(ordinary.Times.Reactions))
			}
			if withCRM {
				assert.Equal(t, map[string]int{"C-1": 3, "C-2": 5}, o.judged, "the CRM is asked about nobody")
			}
		})
	}
}
