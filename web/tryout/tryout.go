// Package tryout lets somebody call a draft of a line before it is published, with a telephone in the browser, which the
// simulated FreeSWITCH is, or on their own. The service's own steps ask, and the customer is made up, so that nobody can
// find out anything about a real one. Nothing is locked or sent. Nothing of a call in the browser is written down; the
// events of one on a telephone are marked as a test.
package tryout

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/esl"
	"countersign/freeswitch/sim"
	"countersign/lines"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
)

// Bounds of tried calls.
const (
	// life bounds a call.
	life = 5 * time.Minute
	// most calls are tried at once, one by each person.
	most = 20
	// kept is how many entries of a transcript are kept.
	kept = 500
)

// Errors of Telephones.
var (
	// ErrOver: there is no such call any more.
	ErrOver = errors.New("this call is over")
	// ErrBusy: too many people try calls now.
	ErrBusy = errors.New("too many calls are tried now")
)

// Known is the number of the made-up customer: who calls from it is identified where the line uses the caller's number.
const Known = "+12125550100"

// Options are what Telephones need.
type Options struct {
	// Prompts are those of the service.
	Prompts session.Prompts
	// Region applies to lines without their own.
	Region func() string
	// Places rings telephones; nil: none can be rung.
	Places Places
	// Journal gets the events of calls on telephones, Node is in their source.
	Journal session.Journal
	Node    string
	// Speed is how fast time passes in the call; default 1, as for people.
	Speed float64
	Log   *slog.Logger
}

// Telephones are the calls that people try.
type Telephones struct {
	o Options

	mu       sync.Mutex
	calls    map[string]*call // by who tries it
	expected map[string]*call // by the channel on which it comes
	all      sync.WaitGroup
}

// New makes Telephones.
func New(o Options) *Telephones {
	return &Telephones{o: o, calls: map[string]*call{}, expected: map[string]*call{}}
}

// Said is an entry of the transcript.
type Said struct {
	// Kind is rings, prompt, keyed, message, failed or end.
	Kind string
	// Text is the telephone that rings, what is heard, pressed or sent, or why the call failed; at the end, where the call
	// goes.
	Text string
	// Language and Prompt are those of a prompt, if it has a name.
	Language, Prompt string
	// Status and Reason are those at the end.
	Status event.Status
	Reason event.Reason
}

// View is a call as its caller sees it.
type View struct {
	ID   string
	Said []Said
	// Telephone is the one that rings; "" in the browser.
	Telephone string
	// Asked: something is asked for, and keys are waited for.
	Asked bool
	Over  bool
}

// call is one that somebody tries.
type call struct {
	id     string
	hangUp context.CancelFunc
	keys   chan rune // of the browser

	// Of a call on a telephone: its channel, the draft, whether it is from the customer's number, and what is closed when it
	// comes and when it is over.
	channel     string
	line        *session.Line
	known       bool
	comes, over chan struct{}
	to          string // its destination

	mu   sync.Mutex
	view View
}

func newCall() *call {
	c := &call{id: rand.Text(), keys: make(chan rune, 64)}
	c.view.ID = c.id
	return c
}

// Ring calls a draft from the browser, in place of the call that the person tries already. known calls from the customer's number.
func (t *Telephones) Ring(person, text string, known bool) (id string, err error) {
	def, err := lines.Parse("line", []byte(text))
	if err != nil {
		return "", err
	}
	c := newCall()
	line, err := compile(def, t.o.Region(), c)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("try a call: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), life)
	c.hangUp = cancel
	if err := t.add(person, c); err != nil {
		cancel()
		return "", errors.Join(err, listener.Close())
	}
	t.all.Go(func() {
		defer cancel()
		c.run(ctx, listener, line, t.o, known)
	})
	return c.id, nil
}

// add takes the place of the person's call before.
func (t *Telephones) add(person string, c *call) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before := t.calls[person]; before != nil {
		before.hangUp()
	}
	for who, other := range t.calls {
		if who != person && other.look().Over {
			delete(t.calls, who)
		}
	}
	if _, again := t.calls[person]; !again && len(t.calls) >= most {
		return ErrBusy
	}
	t.calls[person] = c
	return nil
}

// run is the call: the service's side and the telephone.
func (c *call) run(ctx context.Context, listener net.Listener, line *session.Line, o Options, known bool) {
	runner := session.NewRunner(session.Options{
		Journal: forgets{}, Prompts: o.Prompts, Line: func(session.Call) *session.Line { return line },
		Customer: customer{line: line}.ByID,
	})
	server := esl.NewServer(runner.Run, esl.Options{MaxCalls: 1})
	serving, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = server.Serve(serving, listener) })
	defer all.Wait()
	defer stop()
	phone, err := sim.New(sim.Options{Address: listener.Addr().String(), Speed: cmp.Or(o.Speed, 1)})
	if err != nil {
		o.Log.Error("a tried call has no telephone", "err", err)
		c.end(sim.Result{})
		return
	}
	from := "anonymous"
	if known {
		from = Known
	}
	result, err := phone.Call(ctx, sim.CallOptions{From: from, To: "5000", Keypad: c.keys, Caller: sim.CallerFunc(c.hear)})
	if err != nil && ctx.Err() == nil {
		o.Log.Error("a tried call failed", "line", line.Name, "err", err)
	}
	c.end(result)
}

// hear writes down what the browser's telephone hears.
func (c *call) hear(p sim.Prompt) []sim.Act {
	c.hears(p.Files, p.Digits || p.Speech)
	return nil
}

// hears writes down what is heard, and whether something is asked for.
func (c *call) hears(files []string, asked bool) {
	for _, file := range files {
		said := Said{Kind: "prompt"}
		if file == prompts.Tone {
			said.Text = "♪"
		} else if text, ok := prompts.Words(file); ok {
			said.Text = text
		} else {
			said.Text = file[strings.LastIndex(file, "/")+1:]
		}
		said.Language, said.Prompt = namesOf(file)
		c.say(said)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.view.Asked = asked
}

// namesOf are the language and the prompt of a file of the catalogue.
func namesOf(file string) (language, prompt string) {
	parts := strings.Split(file, "/")
	if len(parts) < 2 {
		return "", ""
	}
	prompt, isWAV := strings.CutSuffix(parts[len(parts)-1], ".wav")
	if language = parts[len(parts)-2]; !isWAV || prompts.DocOf(prompt) == "" {
		return "", ""
	}
	return language, prompt
}

func (c *call) say(s Said) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.view.Said) < kept {
		c.view.Said = append(c.view.Said, s)
	}
}

func (c *call) end(r sim.Result) {
	c.goesTo(r.Destination)
	c.endsWith(event.Status(r.Variables["cs_status"]), event.Reason(r.Variables["cs_reason"]))
}

func (c *call) goesTo(destination string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = destination
}

func (c *call) endsWith(status event.Status, reason event.Reason) {
	c.mu.Lock()
	to := c.to
	c.mu.Unlock()
	c.last(Said{Kind: "end", Text: to, Status: status, Reason: reason})
}

// fail ends a call that was not reached, or was given up.
func (c *call) fail(why string) { c.last(Said{Kind: "failed", Text: why}) }

func (c *call) last(s Said) {
	c.say(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.view.Over, c.view.Asked = true, false
}

func (c *call) look() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.view
	v.Said = slices.Clone(v.Said)
	return v
}

func (t *Telephones) find(person, id string) (*call, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls[person]
	if c == nil || c.id != id {
		return nil, ErrOver
	}
	return c, nil
}

// Look is the call as it is now.
func (t *Telephones) Look(person, id string) (View, error) {
	c, err := t.find(person, id)
	if err != nil {
		return View{}, err
	}
	return c.look(), nil
}

// Press presses keys.
func (t *Telephones) Press(person, id, keys string) error {
	c, err := t.find(person, id)
	if err != nil {
		return err
	}
	if v := c.look(); v.Over || v.Telephone != "" {
		return ErrOver
	}
	pressed := ""
	for _, k := range keys {
		if !strings.ContainsRune("0123456789*#", k) {
			continue
		}
		select {
		case c.keys <- k:
			pressed += string(k)
		default: // nobody keys that fast
		}
	}
	if pressed != "" {
		c.say(Said{Kind: "keyed", Text: pressed})
	}
	return nil
}

// HangUp ends a call.
func (t *Telephones) HangUp(person, id string) error {
	c, err := t.find(person, id)
	if err != nil {
		return err
	}
	c.hangUp()
	return nil
}

// Close ends all calls, and waits for them.
func (t *Telephones) Close() {
	t.mu.Lock()
	for _, c := range t.calls {
		c.hangUp()
	}
	t.mu.Unlock()
	t.all.Wait()
}
