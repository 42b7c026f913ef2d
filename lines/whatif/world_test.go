package whatif_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/require"
)

// world is a random line, its customers and random events of a call. Its calls go through the real runner.
type world struct {
	t    testing.TB
	rand *rand.Rand
	text string
	def  *lines.Definition
	line *session.Line

	mu      sync.Mutex
	now     time.Time
	trouble float64 // the probability of a failure
	calls   map[string]session.Known

	// Of the current call.
	channel          *sessiontest.Channel
	asked            session.Collect // the digits that the caller is asked for
	journal          *sessiontest.Journal
	code             string
	lockAfter, tries int
	standing         session.Standing
}

var errDown = errors.New("down")

// noon is in the opening hours.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, seed uint64) *world {
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 1)), calls: map[string]session.Known{}}
	for range 1000 {
		w.text = w.lineText()
		if def, err := lines.Parse("line", []byte(w.text)); err == nil {
			w.def = def
			w.line, err = lines.Compile(def, 3, lines.Parts{Directory: w, Sends: w, Senders: lines.EveryWay(w), Once: w,
				Region: "DE"})
			require.NoError(t, err)
			return w
		}
	}
	require.FailNow(t, "no line could be made", w.text)
	return nil
}

func (w *world) chance(p float64) bool { return w.rand.Float64() < p }

func (w *world) one(of ...string) string { return of[w.rand.IntN(len(of))] }

// some takes some of them, in any order.
func (w *world) some(of ...string) (taken []string) {
	for _, i := range w.rand.Perm(len(of))[:w.rand.IntN(len(of)+1)] {
		taken = append(taken, of[i])
	}
	return taken
}

func (w *world) lineText() string {
	var b strings.Builder
	fmt.Fprintf(&b,
		"format: 1\nline: retail\nlanguages: [%s]\nlanguage_menu: %t\nremember_number: %t\nsend_token: %t\nidentify:\n",
		w.one("en", "de, en", "en, de"), w.chance(.3), w.chance(.3), w.chance(.3))
	reasks := func() int { return w.rand.IntN(4) }
	for _, id := range append([]string{"number: {name: tracking, digits: 3}"}, w.some(
		"ani: {attestation: "+w.one("any", "A")+"}", "choice: {name: have_account, key: \""+w.one("1", "7")+"\"}",
		fmt.Sprintf(
			"number: {name: account, digits: 6-10, check: %s, reasks: %d, read_back: %s}",
			w.one("none", "luhn", "mod97", "mod11"), reasks(), w.one("\"true\"", "\"false\"", "unattested"),
		),
		fmt.Sprintf("number: {name: phone, reasks: %d, read_back: %s}", reasks(), w.one("\"true\"", "\"false\"")),
		fmt.Sprintf(
			"number: {name: policy, prompt: ask-account, digits: 4-6, letters: true, check: %s, reasks: %d, read_back: %s}",
			w.one("none", "mod11-2", "mod37-36"), reasks(), w.one("\"true\"", "\"false\""),
		),
	)...) {
		fmt.Fprintf(&b, "  - %s\n", id)
	}
	orElse := func(kinds ...string) string {
		if w.chance(.6) {
			return ""
		}
		return ", else: " + w.one(kinds...)
	}
	questions := w.some(
		fmt.Sprintf(
			"pin: {digits: %s, reasks: %d%s}", w.one("4-6", "4", "6"), reasks(), orElse("sms_code", "totp", "birth_date"),
		),
		fmt.Sprintf("birth_date: {reasks: %d%s}", reasks(), orElse("sms_code", "totp")),
		fmt.Sprintf(
			"fact: {name: postcode, prompt: ask-pin, digits: 4-5, reasks: %d%s}", reasks(), orElse("sms_code", "pin"),
		),
		fmt.Sprintf(
			"passphrase: {engine: pocketsphinx, grammar: words, tries: %d%s}", 1+w.rand.IntN(3),
			orElse("sms_code", "totp", "pin"),
		),
		fmt.Sprintf(
			"sms_code: {digits: %d, lifetime: %s, tries: %d, ways: %s%s}", 6+w.rand.IntN(3), w.one("60s", "5m"),
			1+w.rand.IntN(5), w.one("[sms]", "[sms, email]", "[email]", "[call, sms]"), orElse("totp"),
		),
		fmt.Sprintf("totp: {tries: %d}", 1+w.rand.IntN(5)),
	)
	if len(questions) > 0 {
		fmt.Fprintf(&b, "verify:\n  level: %s\n  questions:\n", w.one("2", "3"))
		for _, q := range questions {
			fmt.Fprintf(&b, "    - %s\n", q)
		}
	}
	b.WriteString("routes:\n  identified: agents XML default\n")
	for _, row := range w.some("verified", "unidentified", "failed", "opted_out", "locked", "unavailable") {
		fmt.Fprintf(&b, "  %s: %s XML default\n", row, row)
	}
	if !strings.Contains(b.String(), "  verified: ") && w.chance(.3) {
		b.WriteString("  verified: hangup\n")
	}
	if w.chance(.2) {
		fmt.Fprintf(
			&b, "hours: {tz: UTC, open: \"Mo-Fr %s\", closed: closed XML default}\n",
			w.one("08:00-18:00", "13:00-18:00", "08:00-12:01"),
		)
	}
	return b.String()
}

// play makes a random call, which may come back once or twice. It returns the events of each time.
func (w *world) play(id string) (recorded [][]event.Event) {
	call := session.Call{ID: id, Channel: "leg " + id, Dialled: "5000", Line: "retail"}
	call.Caller = w.one("+15551230001", "+15551230002", "+15551230003", "+4930123456", "030123456", "101", "anonymous", "")
	call.Withheld = w.chance(.1)
	call.Trust = session.Trust(w.rand.IntN(3))
	w.now = noon.Add(time.Duration(w.rand.IntN(200)) * time.Second)
	for range 3 {
		if w.chance(.1) {
			call.Token = session.NewSecret([]byte("token"))
		}
		call.Started = w.now
		recorded = append(recorded, w.run(call))
		if w.chance(.7) {
			break
		}
		call.Earlier, call.ID = call.ID, call.ID+"x"
		if call.NeedLevel = session.Unknown; w.chance(.6) {
			call.NeedLevel = session.Level(2 + w.rand.IntN(2))
			call.Return = session.Destination{Extension: "back", Dialplan: "XML", Context: "default"}
		}
		if w.chance(.1) {
			call.Earlier = "nobody knows"
		}
	}
	return recorded
}

func (w *world) run(call session.Call) []event.Event {
	w.channel, w.journal = &sessiontest.Channel{}, &sessiontest.Journal{}
	if w.chance(.1) {
		w.channel.HangupAtPlay = 1 + w.rand.IntN(3)
	}
	if w.chance(w.trouble) {
		w.channel.TransferError = errDown
	}
	for range 100 {
		w.channel.Moves = append(w.channel.Moves, w.move())
	}
	w.lockAfter, w.tries, w.code, w.standing = 0, 0, "", session.Standing{}
	if w.chance(.2) {
		w.lockAfter = 1 + w.rand.IntN(5)
	}
	if w.chance(.1) {
		w.standing = session.Standing{Locked: true, Caller: w.chance(.5), Until: w.now.Add(time.Hour)}
	}
	o := session.Options{
		Journal: w.journal, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return w.line },
		Guard: guard{w}, Calls: w, Tokens: w, Customer: w.ByID,
		Now: w.tick, MaxActions: 60,
	}
	if w.chance(w.trouble) {
		o.MaxActions = 1 + w.rand.IntN(15)
	}
	ctx := w.channel.Start(w.t.Context())
	session.NewRunner(o).Run(ctx, call, overheard{w.channel, w})
	w.channel.End(nil)
	return w.journal.Events()
}

// overheard records what the caller is asked.
type overheard struct {
	*sessiontest.Channel
	w *world
}

func (o overheard) Collect(ctx context.Context, q session.Collect) (session.Entry, error) {
	o.w.asked = q
	return o.Channel.Collect(ctx, q)
}

func (w *world) tick() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(37_123 * time.Nanosecond)
	return w.now
}

// move is how a caller answers a question.
func (w *world) move() sessiontest.Move {
	switch {
	case w.chance(.02):
		return sessiontest.Move{Hangup: true}
	case w.chance(w.trouble):
		return sessiontest.Move{
			Break: []error{
				errDown, session.ErrLineLost, session.ErrTakenAway, session.ErrDraining, session.ErrTooLong, session.ErrNoSpeech,
			}[w.rand.IntN(6)],
		}
	case w.chance(.05):
		return sessiontest.Move{Keys: "*"}
	}
	m := sessiontest.Move{
		KeysNow: w.keys, Says: w.one("white horse", "white horse", "black sheep", "?!", ""),
		Confidence: []float64{1, 1, .9, .5, -1}[w.rand.IntN(5)],
	}
	return m
}

// keys are the keys that a caller presses now.
func (w *world) keys() string {
	w.mu.Lock()
	w.now = w.now.Add(time.Duration(w.rand.Int64N(int64(40 * time.Second))))
	w.mu.Unlock()
	all := sessiontest.Find[event.StepStarted](w.journal)
	q := w.asked
	digits := func(n int) string {
		return fmt.Sprintf("%0*d", n, w.rand.Int64N(1_000_000_000))[:n]
	}
	some := q.Min + w.rand.IntN(q.Max-q.Min+1)
	keys := digits(some)
	switch all[len(all)-1].Step {
	case "account":
		for range 200 { // a caller who knows the number
			if steps.Luhn(keys) && steps.Mod11(keys) || w.chance(.01) {
				break
			}
			keys = digits(some)
		}
		if w.chance(.5) {
			keys = "0000012513"[10-some:] // right by each way of checking
		}
	case "policy":
		for !steps.Mod11Radix2Keyed(keys) && !w.chance(.05) {
			keys = digits(some)
		}
	case "phone":
		keys = w.one("015551230001", "0015551230001", "15551230001", "030123456", "123456")
	case "birth_date":
		keys = w.one("10121985", "101285", "11111984", "31119999", "1210198")
	case "sms_code":
		keys = w.one(cmp.Or(w.code, keys), keys, "0#")
	case "have_account":
		keys = w.one("1", "7", "1", "3")
	case "language", "remember_number":
		keys = w.one("1", "2", "3")
	}
	if q.Max == 1 && q.Min == 1 && len(keys) > 1 { // read back
		keys = w.one("1", "2", "3", "", "*")
	}
	switch {
	case w.chance(.1):
		return ""
	case w.chance(.05):
		return keys[:len(keys)/2] + "#"
	case w.chance(.03):
		return keys[:len(keys)/2] + "*"
	case w.chance(.03):
		return "#"
	}
	return keys + w.one("", "#", "#", "#"+digits(3))
}

// breaks fails by chance, or lets the caller hang up at this moment.
func (w *world) breaks() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.chance(w.trouble):
		return errDown
	case w.chance(w.trouble / 2):
		w.channel.End(&session.HangupError{Cause: "NORMAL_CLEARING"})
	case w.chance(w.trouble / 10):
		w.channel.End(session.ErrDraining)
	}
	return nil
}

// customer is a customer on file, enrolled by the bits of n.
func customer(n int) session.Customer {
	c := session.Customer{ID: fmt.Sprintf("C-%d", n), Name: "Ada", Language: []string{"", "de", "en"}[n%3]}
	for i, kind := range []string{"pin", "birth_date", "passphrase", "totp", "postcode"} {
		if (n>>i)&1 == 0 {
			c.Enrolled = append(c.Enrolled, kind)
		}
	}
	return c
}

func even(digits string) bool { return digits != "" && (digits[len(digits)-1]-'0')%2 == 0 }

func sum(s string) (n int) {
	for _, c := range []byte(s) {
		n += int(c)
	}
	return n
}

func (w *world) ByPhone(_ context.Context, e164 string) ([]session.Customer, error) {
	switch err := w.breaks(); {
	case err != nil:
		return nil, err
	case strings.HasSuffix(e164, "1"):
		return []session.Customer{customer(sum(e164) % 16)}, nil
	case strings.HasSuffix(e164, "2"):
		return []session.Customer{customer(1), customer(2)}, nil
	}
	return nil, nil
}

func (w *world) ByIdentifier(_ context.Context, _, value string) (session.Customer, bool, error) {
	return customer(sum(value) % 32), sum(value)%3 > 0, w.breaks()
}

func (w *world) ByKeypad(_ context.Context, _, keys string) (found []session.Customer, _ error) {
	switch sum(keys) % 5 {
	case 0:
	case 1:
		found = []session.Customer{customer(sum(keys) % 32)}
	case 2: // two of them have the same telephone, and the record of one cannot be read
		found = []session.Customer{customer(1), customer(2), {}}
	default: // one of them has any of the numbers that are keyed
		for n := range 32 {
			found = append(found, customer(n))
		}
	}
	return found, w.breaks()
}

func (w *world) ByID(_ context.Context, id string) (session.Customer, bool, error) {
	var n int
	_, _ = fmt.Sscanf(id, "C-%d", &n)
	return customer(n), n != 7, w.breaks()
}

func (w *world) Check(_ context.Context, _, kind string, answer session.Secret) (bool, error) {
	right := even(string(answer.Reveal()))
	if kind == "passphrase" {
		right = string(answer.Reveal()) == "white horse"
	}
	return right, w.breaks()
}

func (w *world) CheckTOTP(_ context.Context, _ string, code session.Secret, _ time.Time) (int64, bool, error) {
	return 1, even(string(code.Reveal())), w.breaks()
}

func (w *world) Phones(_ context.Context, id string) ([]session.Phone, error) {
	if sum(id)%5 == 0 {
		return nil, w.breaks()
	}
	return []session.Phone{{E164: "+15551230001"}}, w.breaks()
}

func (w *world) Emails(_ context.Context, id string) ([]session.Email, error) {
	if sum(id)%3 == 0 {
		return nil, w.breaks()
	}
	return []session.Email{{Address: "somebody@example.org"}}, w.breaks()
}

func (w *world) AddPhone(context.Context, string, string) error {
	if w.chance(.2) {
		return errors.ErrUnsupported
	}
	return w.breaks()
}

func (w *world) MaySend(context.Context, session.Sending) (bool, time.Time) {
	return !w.chance(.05), time.Time{}
}
func (w *world) NotSent(context.Context, session.Sending) {}

func (w *world) Send(_ context.Context, m session.Message) error {
	w.code = string(m.Code.Reveal())
	return w.breaks()
}

func (w *world) Use(context.Context, string, time.Duration) (bool, error) {
	return !w.chance(.1), w.breaks()
}

func (w *world) Remember(_ context.Context, k session.Known) error {
	w.calls[k.Call] = k
	return nil
}

func (w *world) Recall(_ context.Context, call string) (session.Known, bool, error) {
	k, ok := w.calls[call]
	return k, ok, nil
}

func (w *world) Redeem(context.Context, session.Secret, string) (session.Proven, error) {
	p := session.Proven{Customer: "C-0", Methods: []event.Method{event.MethodAccount}}
	switch w.rand.IntN(5) {
	case 0:
		return p, errDown
	case 1:
		return p, &session.RefusedError{Reason: event.RefusedExpired}
	case 2:
		p.Customer = "C-7"
	case 3:
		p.Methods, p.Proofs = append(p.Methods, event.MethodPIN), []session.Proof{
			{Factor: session.Knowledge, Method: event.MethodPIN},
		}
	}
	return p, nil
}

func (w *world) Issue(context.Context, session.Known) (string, error) { return "a.token", nil }

// guard locks as the world says.
type guard struct{ w *world }

func (g guard) Caller(context.Context, string) session.Standing {
	if g.w.standing.Caller {
		return g.w.standing
	}
	return session.Standing{}
}

func (g guard) Customer(context.Context, string) session.Standing {
	if g.w.standing.Locked && !g.w.standing.Caller {
		return g.w.standing
	}
	return session.Standing{Locked: g.w.lockAfter > 0 && g.w.tries >= g.w.lockAfter}
}

func (g guard) Try(ctx context.Context, a session.Attempt) session.Standing {
	if g.w.chance(g.w.trouble) {
		return session.Standing{Locked: true, Caller: g.w.chance(.5)}
	}
	if s := g.Customer(ctx, a.Customer); s.Locked {
		return s
	}
	g.w.tries++
	return session.Standing{}
}
func (g guard) GiveBack(context.Context, session.Attempt)                 { g.w.tries-- }
func (g guard) Right(context.Context, session.Attempt)                    { g.w.tries-- }
func (g guard) Named(context.Context, session.Attempt, string, string)    {}
func (g guard) Wrong(context.Context, session.Attempt)                    {}
func (g guard) Anonymous(context.Context, string) session.Standing        { return session.Standing{} }
func (g guard) Unknown(context.Context, session.Attempt) session.Standing { return session.Standing{} }
func (g guard) NotGuessed(context.Context, session.Attempt)               {}
func (g guard) StepFailed(context.Context, string)                        {}
func (g guard) Verified(context.Context, session.Attempt)                 {}
func (g guard) Ended(string, bool)                                        { _ = g.w.breaks() }
