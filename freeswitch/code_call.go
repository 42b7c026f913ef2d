package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"countersign/internal/retry"
	"countersign/session"
	"countersign/session/event"
)

// CodeCallSettings say how a call that speaks a one-time code is placed. Without Dial none is.
type CodeCallSettings struct {
	// Dial is FreeSWITCH's dial string with {number} for the number with its "+", or {digits} for it without, such as
	// sofia/gateway/trunk/{digits}.
	Dial string
	// Caller is the number that the telephone shows.
	Caller string
	// Ring is how long it rings, 10 s to 60 s. Default 30 s.
	Ring time.Duration
	// Countries (ISO 3166) are those that may be called. Empty allows all, with a warning at the start.
	Countries []string
}

const defaultRing = 30 * time.Second

// Check returns everything that is wrong; each error begins with the setting's name.
func (s CodeCallSettings) Check() (errs []error) {
	if s.Dial == "" {
		return nil
	}
	rest := strings.NewReplacer("{number}", "", "{digits}", "").Replace(s.Dial)
	if rest == s.Dial {
		errs = append(errs, fmt.Errorf("dial is %q: it must have {number} or {digits} in it, such as "+
			"sofia/gateway/trunk/{digits}", s.Dial))
	}
	if !isDialString(rest) {
		errs = append(errs, errDialString)
	}
	if strings.Trim(s.Caller, "+0123456789") != "" {
		errs = append(errs, fmt.Errorf("caller is %q: it must be a telephone number", s.Caller))
	}
	if s.Ring != 0 && (s.Ring < 10*time.Second || s.Ring > time.Minute) {
		errs = append(errs, fmt.Errorf("ring is %s: it must be from 10s to 60s", s.Ring))
	}
	for _, c := range s.Countries {
		if !session.IsRegion(c) {
			errs = append(errs, fmt.Errorf("countries: %q is not an ISO 3166 code of two capital letters, such as DE", c))
		}
	}
	return errs
}

var errDialString = errors.New("dial: it is one destination, without blanks, quotes, commas, bars, $ and brackets")

// isDialString says whether a text is safe in a dial string, and one destination.
func isDialString(text string) bool {
	return !strings.ContainsAny(text, " '\"\\{}[]<>$|,") && !strings.ContainsFunc(text, isControl)
}

// DigitAudio makes audio of a code's digits, in a file that FreeSWITCH can play; done removes it. Nothing about the
// file but its content tells the digits.
type DigitAudio interface {
	SpeakDigits(language string, digits session.Secret) (file string, done func(), err error)
}

// CodeCallOptions are what CodeCalls need. Log is optional.
type CodeCallOptions struct {
	CodeCallSettings
	// Servers are FreeSWITCH machines that may place the call: the first that answers does.
	Servers []Server
	Audio   DigitAudio
	Log     *slog.Logger
}

// CodeCalls place calls that speak a one-time code. A person has to press a key first, so that no answering machine
// gets the code; then they hear it twice. The code is audio in a file with a random name, made when the key was
// pressed: FreeSWITCH's log, events, variables and call records have nothing of it. It is a steps.Sender, and safe for
// concurrent use.
type CodeCalls struct {
	o    CodeCallOptions
	ctx  context.Context
	stop context.CancelFunc
	all  sync.WaitGroup
}

// NewCodeCalls makes CodeCalls. It does not connect yet.
func NewCodeCalls(o CodeCallOptions) (*CodeCalls, error) {
	errs := o.Check()
	if o.Dial == "" {
		errs = append(errs, errors.New("dial is missing"))
	}
	if len(o.Servers) == 0 {
		errs = append(errs, errors.New("dial: name the FreeSWITCH that places the calls under freeswitch"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("code_calls: %w", err)
	}
	if o.Ring == 0 {
		o.Ring = defaultRing
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.Countries) == 0 {
		o.Log.Warn("codes are spoken to every country: code_calls.countries is empty")
	}
	c := &CodeCalls{o: o}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c, nil
}

// Close ends all calls and waits until they have.
func (c *CodeCalls) Close() {
	c.stop()
	c.all.Wait()
}

const (
	// failsWithin is how long Send waits for a call that fails at once: no such trunk, no route, busy. It is shorter than
	// what the caller takes for silence.
	failsWithin = 800 * time.Millisecond
	// pollEach is how often FreeSWITCH is asked how far the call is: this connection has no events, which others' digits
	// would come with.
	pollEach = 250 * time.Millisecond
	// asks is how often a key is asked for, keyWithin how long it is waited for after the prompt.
	asks      = 2
	keyWithin = 6 * time.Second
	// answeredMost bounds an answered call, whatever happens to us.
	answeredMost = 90 * time.Second
)

// errNobody says that nobody on the telephone wanted the code.
var errNobody = errors.New("nobody pressed a key")

// Send implements steps.Sender: the telephone rings, or will. What becomes of the call is told to m.Report. An error
// says that no call could be placed, or that it failed at once; it has neither the code nor the number.
func (c *CodeCalls) Send(ctx context.Context, m session.Message) error {
	if number, err := session.E164(m.To, ""); err != nil || number != m.To {
		return errors.New("call with a code: the number is not a telephone number")
	}
	server, err := reach(ctx, c.o.Servers)
	if err != nil {
		return fmt.Errorf("call with a code: %w", err)
	}
	if c.ctx.Err() != nil {
		server.Close()
		return fmt.Errorf("call with a code: %w", session.ErrDraining)
	}
	call := &codeCall{
		CodeCalls: c, server: server, id: uuid.NewString(), message: m,
		code: session.NewSecret(slices.Clone(m.Code.Reveal())),
	}
	call.report(event.CodeSentOff) // and more will be told
	done := make(chan error, 1)
	c.all.Go(func() { done <- call.run() })
	early := time.NewTimer(failsWithin)
	defer early.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("call with a code: %w", err)
		}
		return nil
	case <-early.C:
	case <-ctx.Done():
	}
	c.all.Go(func() {
		if err := <-done; err != nil {
			c.o.Log.Info("a call with a code did not reach a person", "why", err)
			call.report(event.CodeNotDelivered)
		}
	})
	return nil
}

// codeCall is one call.
type codeCall struct {
	*CodeCalls
	server  *Inbound
	id      string // of its channel
	message session.Message
	code    session.Secret
}

func (c *codeCall) report(s event.CodeState) {
	if c.message.Report != nil {
		c.message.Report(s)
	}
}

// run places the call and returns when it is over: nil if a person heard the code.
func (c *codeCall) run() error {
	defer c.server.Close()
	defer c.code.Wipe()
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.o.Ring+answeredMost, errors.New("it took too long"))
	defer cancel()
	c.all.Go(func() { // ends with ctx
		select {
		case <-c.message.Over:
			cancel()
		case <-ctx.Done():
		}
	})
	defer c.kill()
	if err := c.dial(ctx); err != nil {
		return err
	}
	if err := c.askForKey(ctx); err != nil {
		return err
	}
	return c.speak(ctx)
}

// dial returns when the call is answered.
func (c *codeCall) dial(ctx context.Context) error {
	digits := strings.TrimPrefix(c.message.To, "+")
	number := strings.NewReplacer("{number}", c.message.To, "{digits}", digits).Replace(c.o.Dial)
	variables := []string{
		"origination_uuid=" + c.id, fmt.Sprintf("originate_timeout=%d", int(c.o.Ring.Seconds())), "ignore_early_media=true",
		"sensitive_dtmf=true", "hangup_after_bridge=true", "cs_code_call=true",
		// FreeSWITCH ends it, whatever becomes of us
		fmt.Sprintf("execute_on_answer='sched_hangup +%d NORMAL_CLEARING'", int(answeredMost.Seconds())),
	}
	if c.o.Caller != "" {
		variables = append(variables, "origination_caller_id_number="+c.o.Caller, "origination_caller_id_name="+c.o.Caller)
	}
	command := "api originate {" + strings.Join(variables, ",") + "}" + number + " &park()"
	_, err := c.server.command(ctx, "originate", command, c.o.Ring+apiTimeout)
	return err
}

// askForKey returns when a person has pressed a key.
func (c *codeCall) askForKey(ctx context.Context) error {
	first, err := quoted(c.message.Audio[session.CodeCallPrompts()[0]])
	if err != nil {
		return err
	}
	ask := fmt.Sprintf("1 1 %d %d none %s silence_stream://250 cs_pressed '' %d", asks, keyWithin.Milliseconds(), first,
		keyWithin.Milliseconds())
	if err := c.server.execute(ctx, c.id, "play_and_get_digits", ask); err != nil {
		return err
	}
	for {
		if err := retry.Pause(ctx, pollEach); err != nil {
			return err
		}
		result, err := variable(ctx, c.server, c.id, "read_result")
		if err != nil {
			return err // hung up
		}
		if result == "" {
			continue
		}
		switch pressed, err := variable(ctx, c.server, c.id, "cs_pressed"); {
		case err != nil:
			return err
		case pressed == "":
			return errNobody
		}
		return nil
	}
}

// speak speaks the code twice, and returns when the call is over.
func (c *codeCall) speak(ctx context.Context) error {
	digits, done, err := c.o.Audio.SpeakDigits(c.message.Language, c.code)
	if err != nil {
		return err
	}
	defer done()
	names := session.CodeCallPrompts()
	before, end := c.message.Audio[names[1]], c.message.Audio[names[2]]
	files := []string{before, digits, before, digits, end}
	for _, f := range files {
		if _, err := quoted(f); err != nil {
			return err
		}
	}
	if err := c.server.execute(ctx, c.id, "playback", "file_string://"+strings.Join(files, "!")); err != nil {
		return err
	}
	if err := c.server.execute(ctx, c.id, "hangup", "NORMAL_CLEARING"); err != nil {
		return err
	}
	c.report(event.CodeDelivered)
	for {
		if err := retry.Pause(ctx, pollEach); err != nil {
			return nil // the code was keyed meanwhile, or we stop: kill ends the call
		}
		if there, err := c.server.API(ctx, "uuid_exists "+c.id); err != nil || there != "true" {
			return nil
		}
	}
}

// kill ends the call, over a connection of its own: the other may wait for originate.
func (c *codeCall) kill() { killCall(c.server.server, c.id) }

// quoted is a file as an argument of an application.
func quoted(file string) (string, error) {
	if file == "" || strings.ContainsAny(file, `!'"$\`) || strings.ContainsFunc(file, isControl) {
		return "", fmt.Errorf("a prompt cannot be played: %q", file)
	}
	return "'" + file + "'", nil
}
