package steps_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"countersign/backend/endpoint"
	"countersign/session"
	"countersign/session/applink"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/session/shared"
	"countersign/steps"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pages are the customers' pages, and the messages with their links.
type pages struct {
	*applink.Book
	sent   []string
	digits string
	err    error
}

func newPages() *pages { return &pages{Book: applink.New(shared.NewMemory(), time.Now)} }

func (p *pages) Ask(
	ctx context.Context, to, language string, q applink.Question, within time.Duration,
) (session.Secret, error) {
	if p.err != nil {
		return session.Secret{}, p.err
	}
	digits, err := p.Book.Ask(ctx, q, within)
	p.digits = string(digits.Reveal())
	p.sent = append(p.sent, to+" "+language)
	return digits, err
}

func (p *pages) Changed(ctx context.Context, since applink.Question) bool {
	q, err := p.Look(ctx, since.Customer, since.Call)
	return err != nil || q.State != since.State || q.Wrong != since.Wrong
}

// does makes the customer act on the page of a call, one act in each silence.
func (p *pages) does(acts ...func() error) (m []sessiontest.Move) {
	for _, act := range acts {
		m = append(m, sessiontest.Move{KeysNow: func() string {
			_ = act()
			return ""
		}})
	}
	return m
}

const asksCall = "call-1"

func (p *pages) shows() error {
	_, err := p.Show(context.Background(), "C-1", asksCall)
	return err
}

func (p *pages) enters(digits func() string) func() error {
	return func() error {
		_, err := p.Enter(context.Background(), "C-1", asksCall, digits())
		return err
	}
}

func (p *pages) right() string { return p.digits }
func (p *pages) wrong() string { return string('0'+(p.digits[0]-'0'+1)%10) + p.digits[1:] }

func (p *pages) confirms(passkey bool) func() error {
	return func() error {
		_, err := p.Confirm(context.Background(), "C-1", asksCall, passkey)
		return err
	}
}

func (p *pages) denies() error {
	_, err := p.Deny(context.Background(), "C-1", asksCall)
	return err
}

func (p *pages) step(d steps.Directory, sends steps.Sends) steps.AppLink {
	return steps.AppLink{
		Directory: d, Sends: sends, Links: p, Prompt: "ask-app-link", Again: "ask-app-link-again",
		Limits: steps.DefaultLimits(0),
	}
}

func TestACustomerConfirmsOnTheirPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		passkey bool
		level   session.Level
		status  string
		methods string
	}{
		"with a passkey, which is level 3":        {true, 3, "verified", "ani,passkey"},
		"with the digits alone, which is level 2": {false, 2, "verified", "ani,app_link"},
		"with the digits alone, and 3 is needed":  {false, 3, "identified", "ani,app_link"},
	} {
		d, p := enrolled(), newPages()
		ch, j, v := dial(t, verifying(d, c.level, possession(p.step(d, newPost()))), "+15551230001",
			p.does(p.shows, p.enters(p.right), p.confirms(c.passkey))...)
		assert.Equal(t, c.status, v["cs_status"], "%s: %v", name, v)
		assert.Equal(t, c.methods, v["cs_methods"], name)
		assert.Equal(t, []string{"+4917139200001 en"}, p.sent)
		heard := ch.Heard()
		want := []string{"greeting", "ask-app-link", "digit-" + p.digits[:1], "digit-" + p.digits[1:]}
		assert.Equal(t, want, heard[:4], name)
		assert.NotContains(t, heard, "ask-app-link-again", "%s: who is at it hears nothing again", name)
		shown := sessiontest.Find[event.ProofShown](j)
		require.Len(t, shown, 1, name)
		confirmed := sessiontest.Find[event.ProofConfirmed](j)
		require.Len(t, confirmed, 1, name)
		assert.Equal(t, c.passkey, confirmed[0].Passkey, name)
		assert.Equal(t, results("accepted"), attempts(j, "app_link"), name)
		assert.Equal(t, []string{"sms sent 01"}, codesSent(j), name)
		for _, q := range ch.Collects() {
			assert.True(t, q.Secret, "%s: not in a recording", name)
		}
	}
}

func TestSomebodyWhoDidNotCallSaysSo(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), newPages()
	next := possession(smsCode(d, &phoneCompany{}))
	q := possession(p.step(d, newPost()))
	q.Else = &next
	_, j, v := dial(t, verifying(d, 2, q), "+15551230001", p.does(p.shows, p.denies)...)
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, "denied", v["cs_reason"])
	denied := sessiontest.Find[event.ProofDenied](j)
	require.Len(t, denied, 1)
	assert.Equal(t, event.DenialNotCalling, denied[0].Why)
	assert.Empty(t, finished(j, "sms_code"), "whoever calls is asked nothing else")
	assert.Equal(t, results("rejected"), attempts(j, "app_link"), "it counts")
	assert.True(t, event.FoldCall(j.Events()).Denied)
}

func TestWrongDigitsOnThePage(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), newPages()
	_, j, v := dial(t, verifying(d, 2, possession(p.step(d, newPost()))), "+15551230001",
		p.does(p.shows, p.enters(p.wrong), p.enters(p.right), p.confirms(false))...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, results("rejected", "accepted"), attempts(j, "app_link"))

	p = newPages()
	_, j, v = dial(t, verifying(d, 2, possession(p.step(d, newPost()))), "+15551230001",
		p.does(p.enters(p.wrong), p.enters(p.wrong), p.enters(p.wrong), p.enters(p.right), p.confirms(false))...)
	assert.Equal(t, "void", v["cs_reason"])
	denied := sessiontest.Find[event.ProofDenied](j)
	require.Len(t, denied, 1)
	assert.Equal(t, event.DenialWrongDigits, denied[0].Why)
	assert.False(t, event.FoldCall(j.Events()).Denied)
}

func TestAnElseIsAskedOfWhoCannotOpenTheLink(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		moves  []sessiontest.Move
		err    error
		reason event.Reason
	}{
		"nobody answers":    {nil, nil, event.ReasonNoInput},
		"the star key":      {keys("*"), nil, event.ReasonOptedOut},
		"another call asks": {nil, applink.ErrBusy, event.ReasonSendLimit},
		"the gateway is away": {
			nil, errors.Join(endpoint.ErrUnavailable, errors.New("down")), event.ReasonUnavailable,
		},
	} {
		d, p, sms := enrolled(), newPages(), &phoneCompany{}
		p.err = c.err
		next := possession(smsCode(d, sms))
		q := possession(p.step(d, newPost()))
		q.Else = &next
		moves := c.moves
		if name == "nobody answers" {
			moves = make([]sessiontest.Move, 6*20)
		}
		ch, j, v := dial(t, verifying(d, 2, q), "+15551230001", append(moves, reads(sms, "{}#")...)...)
		step := finished(j, "app_link")
		require.Len(t, step, 1, name)
		assert.Equal(t, c.reason, step[0].Reason, name)
		if name == "nobody answers" {
			assert.Equal(t, 5, times(ch.Heard(), "ask-app-link-again"))
			_, err := p.Enter(t.Context(), "C-1", asksCall, p.digits)
			require.ErrorIs(t, err, applink.ErrOver, "the call does not wait any more")
		}
		assert.Equal(t, "verified", v["cs_status"], name)
		assert.Equal(t, "ani,sms_code", v["cs_methods"], name)
	}
}

func TestAnyKeyRepeatsTheDigits(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), newPages()
	looksAndPresses := sessiontest.Move{KeysNow: func() string { _ = p.shows(); return "5" }}
	ch, j, v := dial(t, verifying(d, 2, possession(p.step(d, newPost()))), "+15551230001",
		append([]sessiontest.Move{looksAndPresses}, p.does(p.enters(p.right), p.confirms(false))...)...)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, results("served", "accepted"), attempts(j, "app_link"))
	assert.Equal(t, 1, times(ch.Heard(), "ask-app-link-again"))
}

func TestACallerWhoHangsUpEndsTheQuestion(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), newPages()
	dial(t, verifying(d, 2, possession(p.step(d, newPost()))), "+15551230001",
		append(p.does(p.shows), sessiontest.Move{Hangup: true})...)
	q, err := p.Look(t.Context(), "C-1", asksCall)
	require.NoError(t, err)
	assert.Equal(t, applink.Over, q.State)
}

func TestWhoHasNoPageIsNotAsked(t *testing.T) {
	t.Parallel()
	d, p := enrolled(), newPages()
	without := p.step(d, newPost())
	without.Links = nil
	_, _, v := dial(t, verifying(d, 2, possession(without)), "+15551230001")
	assert.Equal(t, "not_enrolled", v["cs_reason"])
	d.phones = nil
	_, _, v = dial(t, verifying(d, 2, possession(p.step(d, newPost()))), "+15551230001")
	assert.Equal(t, "not_enrolled", v["cs_reason"])
	assert.Empty(t, p.sent)
}
