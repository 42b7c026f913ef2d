package steps_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// post are the ways of a company, which share one log of what went where.
type post struct {
	*phoneCompany
	log    []string
	broken map[event.Way]error
	audio  []map[string]string
	// counted are the sends taken, notCounted those given back.
	counted, notCounted []session.Sending
}

// onWay is the sender of one way.
type onWay struct {
	*post
	way event.Way
}

func (w onWay) Send(ctx context.Context, m session.Message) error {
	if err := w.broken[w.way]; err != nil {
		return err
	}
	w.log = append(w.log, string(w.way)+" "+m.To)
	w.audio = append(w.audio, m.Audio)
	return w.phoneCompany.Send(ctx, m)
}

func (w *post) MaySend(ctx context.Context, s session.Sending) (bool, time.Time) {
	ok, again := w.phoneCompany.MaySend(ctx, s)
	if ok {
		w.counted = append(w.counted, s)
	}
	return ok, again
}

func (w *post) NotSent(_ context.Context, s session.Sending) { w.notCounted = append(w.notCounted, s) }

func newPost() *post { return &post{phoneCompany: &phoneCompany{}, broken: map[event.Way]error{}} }

func (w *post) code(d steps.Directory, ways ...event.Way) steps.SMSCode {
	c := smsCode(d, w.phoneCompany)
	c.Sends, c.Ways = w, nil
	for _, way := range ways {
		c.Ways = append(c.Ways, steps.CodeWay{Way: way, Sender: onWay{w, way}})
	}
	return c
}

// reachable is a bank where Ada has a mobile and an address on file.
func reachable() *directory {
	d := enrolled()
	d.emails = map[string][]session.Email{"C-1": {
		{Address: "new@example.org", Since: time.Now().Add(-time.Hour)}, {Address: "ada@example.org"},
	}}
	return d
}

// codesSent are the events of codes, as "way state".
func codesSent(j *sessiontest.Journal) (all []string) {
	for _, e := range sessiontest.Find[event.CodeSent](j) {
		all = append(all, string(e.Way)+" "+string(e.State)+" "+e.Last2)
	}
	return all
}

const mobile, address = "sms +4917139200001", "email ada@example.org"

func TestACodeGoesTheNextWay(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	both := []event.Way{event.WaySMS, event.WayEmail}
	for _, c := range []struct {
		name    string
		ways    []event.Way
		broken  []event.Way
		answers []string
		reason  string
		sent    []string
		events  []string
		heard   string
	}{
		{"only if it must", both, nil, []string{"{}#"}, "ok", []string{mobile}, []string{"sms sent 01"}, "code-sent"},
		{
			"in the line's order", []event.Way{event.WayEmail, event.WaySMS}, nil, []string{"{}#"}, "ok", []string{address},
			[]string{"email sent "}, "code-mailed",
		},
		{
			"when one is down, at no cost", both, both[:1], []string{"{}#"}, "ok", []string{address},
			[]string{"sms not_sent 01", "email sent "}, "code-mailed",
		},
		{
			"when the caller did not get it", both, nil, []string{"0#", "{}#"}, "ok", []string{mobile, address},
			[]string{"sms sent 01", "email sent "}, "code-mailed",
		},
		{
			"and from the last to the first", both, nil, []string{"0#", "0#", "{}#"}, "ok", []string{mobile, address, mobile},
			[]string{"sms sent 01", "email sent ", "sms sent 01"}, "code-sent",
		},
		{
			"three times in all", both, nil, []string{"0#", "0#", "0#", "{}#"}, "ok", []string{mobile, address, mobile},
			[]string{"sms sent 01", "email sent ", "sms sent 01"}, "no-match-1",
		},
		{
			"when all are down, to a person", both, both, nil, "unavailable", nil,
			[]string{"sms not_sent 01", "email not_sent "}, "failure",
		},
		{
			"when the second is down, the first again", both, both[1:], []string{"0#", "{}#"}, "ok", []string{mobile, mobile},
			[]string{"sms sent 01", "email not_sent ", "sms sent 01"}, "code-sent-again",
		},
	} {
		d, p := reachable(), newPost()
		for _, way := range c.broken {
			p.broken[way] = down
		}
		ch, j, v := dial(t, verifying(d, 2, possession(p.code(d, c.ways...))), "+15551230001", reads(p.phoneCompany,
			c.answers...)...)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
		assert.Equal(t, c.sent, p.log, c.name)
		assert.Equal(t, c.events, codesSent(j), c.name)
		assert.Contains(t, ch.Heard(), c.heard, c.name)
		for _, code := range p.phoneCompany.sent {
			assert.Equal(t, p.phoneCompany.sent[0], code, "%s: a call has one code", c.name)
		}
		assert.Len(t, p.notCounted, len(p.counted)-len(p.log), c.name)
		for _, s := range p.counted {
			assert.Equal(t, "C-1", s.Customer, c.name)
		}
	}
}

func TestACodeIsMailedOnlyToAnAddressThatHasBeenOnFileForAWeek(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		emails []session.Email
		to     []string
	}{
		"none":        {nil, nil},
		"yesterday's": {[]session.Email{{Address: "ada@example.org", Since: time.Now().Add(-24 * time.Hour)}}, nil},
		"an old one": {
			[]session.Email{{Address: "ada@example.org", Since: time.Now().Add(-8 * 24 * time.Hour)}}, []string{address},
		},
	} {
		d, p := enrolled(), newPost()
		d.emails = map[string][]session.Email{"C-1": c.emails}
		_, _, v := dial(
			t, verifying(d, 2, possession(p.code(d, event.WayEmail))), "+15551230001", reads(p.phoneCompany, "{}#")...,
		)
		assert.Equal(t, c.to, p.log, name)
		if c.to == nil {
			assert.Equal(t, "not_enrolled", v["cs_reason"], name)
		}
	}
}

func TestACodeGoesToAnotherOfTheCallersNumbers(t *testing.T) {
	t.Parallel()
	many := []session.Phone{
		{E164: "+4917139200001"}, {E164: "+4917139200002"}, {E164: "+493023125001"},
		{E164: "+4917139200003", Since: time.Now().Add(-time.Hour)}, {E164: "+4917139200047"},
	}
	menu := []string{
		"code-other-number", "digit-0", "digit-2", "code-other-press", "digit-1",
		"code-other-number", "digit-4", "digit-7", "code-other-press", "digit-2",
	}
	for _, c := range []struct {
		name    string
		answers []string
		reason  string
		sent    []string
		then    []string // heard after the menu
	}{
		{
			"which is named by its last two digits", []string{"1#", "2", "{}#"}, "ok", []string{mobile, "sms +4917139200047"},
			[]string{"code-sent-to", "digit-4", "digit-7", "ask-code-again"},
		},
		{"a choice that there is not", []string{"1#", "3", "{}#"}, "ok", []string{mobile}, []string{"ask-code-again"}},
		{"no choice", []string{"1#", "", "{}#"}, "ok", []string{mobile}, []string{"ask-code-again"}},
		{
			"and back to the first", []string{"1#", "2", "0#", "{}#"}, "ok", []string{mobile, "sms +4917139200047", mobile},
			[]string{"code-sent-to", "digit-4", "digit-7", "ask-code-again"},
		},
	} {
		d, p := enrolled(), newPost()
		d.phones["C-1"] = many
		ch, _, v := dial(
			t, verifying(d, 2, possession(p.code(d, event.WaySMS))), "+15551230001", reads(p.phoneCompany, c.answers...)...,
		)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
		assert.Equal(t, c.sent, p.log, c.name)
		heard := ch.Heard()
		assert.Equal(t, []string{"greeting", "code-sent", "code-other", "ask-code"}, heard[:4], c.name)
		assert.Equal(t, menu, heard[4:14], c.name)
		assert.Equal(t, c.then, heard[14:14+len(c.then)], c.name)
		for _, code := range p.phoneCompany.sent {
			assert.Equal(t, p.phoneCompany.sent[0], code, "%s: a call has one code", c.name)
		}
	}

	d, p := enrolled(), newPost()
	ch, _, v := dial(t, verifying(d, 2, possession(p.code(d, event.WaySMS))), "+15551230001", reads(p.phoneCompany, "1#",
		"{}#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.NotContains(t, ch.Heard(), "code-other", "there is no other")
	assert.Contains(t, ch.Heard(), "no-match-1")

	d.phones["C-1"], p.most = many, 1
	p.phoneCompany.sent = nil
	ch, _, v = dial(t, verifying(d, 2, possession(p.code(d, event.WaySMS))), "+15551230001", reads(p.phoneCompany, "1#",
		"1", "{}#")...)
	assert.Equal(t, "verified", v["cs_status"], "the limit keeps the second, and the first one counts")
	assert.Contains(t, ch.Heard(), "code-reminder-1")
}

// noEmails is a directory that cannot look up addresses.
type noEmails struct{ *directory }

func (noEmails) Emails(context.Context, string) ([]session.Email, error) {
	return nil, errors.New("down")
}

func TestAnOutageOfOneWayIsNoneOfTheOthers(t *testing.T) {
	t.Parallel()
	d, p := noEmails{reachable()}, newPost()
	ways := []event.Way{event.WayEmail, event.WaySMS}
	_, _, v := dial(t, verifying(d, 2, possession(p.code(d, ways...))), "+15551230001", reads(p.phoneCompany, "{}#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []string{mobile}, p.log)
	_, _, v = dial(t, verifying(d, 2, possession(p.code(d, event.WayEmail))), "+15551230001")
	assert.Equal(t, "unavailable", v["cs_reason"], "and not «nothing on file»")
}

func TestAllWrongEntriesCountWhicheverWayTheCodeWent(t *testing.T) {
	t.Parallel()
	d, p := reachable(), newPost()
	_, j, v := dial(
		t, verifying(d, 2, possession(p.code(d, event.WaySMS, event.WayEmail))), "+15551230001",
		reads(p.phoneCompany, "000000#", "0#", "000001#", "0#", "000002#", "{}#")...,
	)
	require.NotEmpty(t, p.phoneCompany.sent)
	assert.Equal(t, "wrong_answer", v["cs_reason"])
	assert.Equal(t, []event.AttemptResult{
		event.AttemptRejected, event.AttemptServed, event.AttemptRejected, event.AttemptServed, event.AttemptRejected,
	}, attempts(j, "sms_code"))
}

func TestACallWithACodeGoesToATelephoneThatIsNotCalling(t *testing.T) {
	t.Parallel()
	const calling, fixed, premium, voip = "+15551230001", "+493023125001", "+499001123456", "+445612345678"
	phones := func(all ...string) (p []session.Phone) {
		for _, e164 := range all {
			p = append(p, session.Phone{E164: e164})
		}
		return p
	}
	call, sms := []event.Way{event.WayCall}, []event.Way{event.WaySMS, event.WayCall}
	for _, c := range []struct {
		name    string
		ways    []event.Way
		phones  []session.Phone
		hidden  bool
		answers []string
		sent    []string
	}{
		{"the only one is calling", call, phones(calling), false, nil, nil},
		{"it is calling, and hides that", call, phones(calling), true, nil, nil},
		{"another mobile", call, phones(calling, "+4917139200001"), false, []string{"{}#"}, []string{"call +4917139200001"}},
		{"a fixed line", call, phones(fixed), false, []string{"{}#"}, []string{"call " + fixed}},
		{"numbers that cost, or are on no telephone", call, phones(premium, voip), false, nil, nil},
		{
			"another than the message went to", sms, phones("+4917139200001", fixed), false, []string{"0#", "{}#"},
			[]string{"sms +4917139200001", "call " + fixed},
		},
		{
			"the same if there is no other", sms, phones("+4917139200001"), false, []string{"0#", "{}#"},
			[]string{"sms +4917139200001", "call +4917139200001"},
		},
		{
			"chosen, and no mobile, so called", sms, phones("+4917139200001", fixed), false, []string{"1#", "1", "{}#"},
			[]string{"sms +4917139200001", "call " + fixed},
		},
		{"a message may go to the one that is calling", sms, phones(calling), false, []string{"{}#"}, []string{"sms " +
			calling}},
	} {
		d, p := enrolled(), newPost()
		d.phones["C-1"] = c.phones
		l := verifying(d, 2, possession(p.code(d, c.ways...)))
		d.byAccount["100042"] = d.byPhone[calling][0]
		answers := c.answers
		if c.hidden {
			answers = append([]string{"100042#"}, answers...)
		}
		_, _, v := place(
			t, l, session.Call{ID: "call-1", Caller: calling, Withheld: c.hidden, Started: time.Now()},
			reads(p.phoneCompany, answers...)...,
		)
		assert.Equal(t, c.sent, p.log, c.name)
		if c.sent == nil {
			assert.Equal(t, "not_enrolled", v["cs_reason"], c.name)
			continue
		}
		assert.Equal(t, "verified", v["cs_status"], c.name)
	}
}

func TestACallerHearsWhichTelephoneIsCalled(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), newPost()
	ch, _, v := dial(
		t, verifying(d, 2, possession(p.code(d, event.WayCall))), "+15551230001", reads(p.phoneCompany, "{}#")...,
	)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []string{"greeting", "code-called", "digit-0", "digit-1", "ask-code"}, ch.Heard()[:5])
	require.Len(t, p.audio, 1)
	assert.Equal(t, map[string]string{"code-call": "code-call", "code-call-code": "code-call-code",
		"code-call-end": "code-call-end"}, p.audio[0])
}

// news are steps.Receipts that say something after they were asked a number of times.
type news struct {
	asked, after int
	state        event.CodeState
	reference    string
}

func (n *news) Reference() string { return "ref-1" }

func (n *news) State(_ context.Context, reference string) (event.CodeState, bool) {
	n.reference = reference
	n.asked++
	return n.state, n.asked > n.after
}

func TestAReceiptIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	both := []event.Way{event.WaySMS, event.WayEmail}
	quiet := func(slices int) []string { return make([]string, slices) }
	for _, c := range []struct {
		name    string
		ways    []event.Way
		news    *news
		answers []string
		events  []string
		heard   []string // from the first ask-code on
		waits   []time.Duration
	}{
		{
			"it did not arrive: another way", both, &news{after: 2, state: event.CodeNotDelivered},
			append(quiet(3), "0#", "{}#"), []string{"sms sent 01", "sms not_delivered 01", "email sent "},
			[]string{"ask-code", "code-not-delivered", "ask-code-again", "code-mailed", "ask-code-again"}, nil,
		},
		{
			"it did not arrive, and there is no other way", both[:1], &news{state: event.CodeNotDelivered},
			append(quiet(1), "0#", "{}#"), []string{"sms sent 01", "sms not_delivered 01", "sms sent 01",
				"sms not_delivered 01"},
			[]string{"ask-code", "code-reminder-2", "ask-code-again", "code-sent-again", "ask-code-again"}, nil,
		},
		{
			"it arrived: a shorter wait, without a word", both[:1], &news{after: 1, state: event.CodeDelivered},
			append(quiet(2), "{}#"), []string{"sms sent 01", "sms delivered 01"}, []string{"ask-code"},
			[]time.Duration{2 * time.Second, 2 * time.Second, 10 * time.Second},
		},
		{
			"the caller is faster", both, &news{state: event.CodeDelivered}, []string{"{}#"},
			[]string{"sms sent 01", "sms delivered 01"}, []string{"ask-code"}, nil,
		},
		{
			"none comes: the usual wait", both, &news{after: 1000}, append(quiet(10), "{}#"), []string{"sms sent 01"},
			[]string{"ask-code", "code-reminder-1", "ask-code-again"}, nil,
		},
	} {
		d, p := reachable(), newPost()
		step := p.code(d, c.ways...)
		step.Receipts = c.news
		ch, j, v := dial(t, verifying(d, 2, possession(step)), "+15551230001", reads(p.phoneCompany, c.answers...)...)
		assert.Equal(t, "verified", v["cs_status"], c.name)
		assert.Equal(t, c.events, codesSent(j), c.name)
		heard := ch.Heard()
		at := slices.Index(heard, "ask-code")
		assert.Equal(t, c.heard, slices.DeleteFunc(heard[at:], func(p string) bool { return p == "confirmation" }), c.name)
		assert.Equal(t, "ref-1", c.news.reference)
		for i, wait := range c.waits {
			assert.Equal(t, wait, ch.Collects()[i].FirstDigit, "%s: %d", c.name, i)
		}
		for _, a := range attempts(j, "sms_code") {
			assert.NotEqual(t, event.AttemptNoMatch, a, c.name)
		}
	}
}

func TestACodeThatReplacesALostOneNeedNotWait(t *testing.T) {
	t.Parallel()
	d, p := reachable(), newPost()
	step := p.code(d, event.WaySMS, event.WayEmail)
	step.Receipts = &news{state: event.CodeNotDelivered}
	dial(t, verifying(d, 2, possession(step)), "+15551230001", reads(p.phoneCompany, "", "0#", "{}#")...)
	require.Len(t, p.counted, 2)
	assert.False(t, p.counted[0].Replaces)
	assert.True(t, p.counted[1].Replaces)
}

func TestACodeGoesTheNextWayAtOnceWhenNobodyKnowsWhetherItWasSent(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"the gateway takes too long": fmt.Errorf("ask the gateway: %w", context.DeadlineExceeded),
		"the request is broken off":  fmt.Errorf("ask the gateway: %w", context.Canceled),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, p := reachable(), newPost()
			p.broken[event.WaySMS] = failure
			step := p.code(d, event.WaySMS, event.WayEmail)
			_, j, v := dial(t, verifying(d, 2, possession(step)), "+15551230001", reads(p.phoneCompany, "{}#")...)
			assert.Equal(t, "verified", v["cs_status"])
			assert.Equal(t, []string{"sms not_sent 01", "email sent "}, codesSent(j))
			require.Len(t, p.counted, 2)
			assert.True(t, p.counted[1].Replaces)
			assert.Empty(t, p.notCounted, "a code that may have come counts")
		})
	}
}

// brokenOff is a sender whose caller hangs up while it sends.
type brokenOff struct {
	onWay
	hangUp func()
}

func (s brokenOff) Send(ctx context.Context, m session.Message) error {
	s.hangUp()
	if err := ctx.Err(); err != nil { // as an HTTP client would
		return err
	}
	return s.onWay.Send(ctx, m)
}

func TestACodeCountsWhoseCallerHangsUpWhileItIsSent(t *testing.T) {
	t.Parallel()
	d, p := reachable(), newPost()
	ch, j := &sessiontest.Channel{Moves: keys("100042#")}, &sessiontest.Journal{}
	step := p.code(d, event.WaySMS, event.WayEmail)
	step.Ways[0].Sender = brokenOff{
		onWay{p, event.WaySMS}, func() { ch.End(&session.HangupError{Cause: "NORMAL_CLEARING"}) },
	}
	l := verifying(d, 2, possession(step))
	o := session.Options{
		Journal: j, Prompts: sessiontest.Prompts{},
		Line: func(session.Call) *session.Line { return l },
	}
	call := session.Call{ID: "call-1", Channel: "u", Started: time.Now()}
	session.NewRunner(o).Run(ch.Start(t.Context()), call, ch)
	assert.Equal(t, []string{mobile}, p.log)
	assert.Equal(t, []string{"sms sent 01"}, codesSent(j))
	assert.Len(t, p.counted, 1)
	assert.Empty(t, p.notCounted)
}

// telling is a sender that knows what becomes of its codes.
type telling struct {
	onWay
	tells []event.CodeState
}

func (s telling) Send(ctx context.Context, m session.Message) error {
	err := s.onWay.Send(ctx, m)
	for _, state := range s.tells {
		m.Report(state)
	}
	return err
}

func TestACallThatReachesNobodyIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	d, p := reachable(), newPost()
	step := p.code(d, event.WayCall, event.WayEmail)
	step.Ways[0].Sender = telling{onWay{p, event.WayCall}, []event.CodeState{event.CodeSentOff, event.CodeNotDelivered}}
	ch, j, v := dial(t, verifying(d, 2, possession(step)), "+15551230001", reads(p.phoneCompany, "", "0#", "{}#")...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, []string{"call sent 01", "call not_delivered 01", "email sent "}, codesSent(j))
	assert.Contains(t, ch.Heard(), "code-not-delivered")

	// One that only rings is waited for, longer than for a message.
	p = newPost()
	step = p.code(d, event.WayCall)
	step.Ways[0].Sender = telling{onWay{p, event.WayCall}, []event.CodeState{event.CodeSentOff}}
	ch, _, v = dial(t, verifying(d, 2, possession(step)), "+15551230001", reads(p.phoneCompany, append(make([]string,
		14), "{}#")...)...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.NotContains(t, ch.Heard(), "code-reminder-1", "14 of 15 slices of 2 s")
}
