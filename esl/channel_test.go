package esl_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACallIsReadFromTheAnswerToConnect(t *testing.T) {
	t.Parallel()
	o, h := handle(t, func(context.Context, session.Channel) error { return nil })
	_, addr := serve(t, esl.Options{NewCallID: func() string { return "call-1" }}, h)
	esltest.Dial(t, addr).Open(
		"Caller-Privacy-Hide-Number", "true", "variable_cs_line", "retail", "Caller-Caller-ID-Number", "+49 30/123%",
	)
	require.NoError(t, o.wait())
	assert.Equal(t, "call-1", o.call.ID)
	assert.Equal(t, esltest.Channel, o.call.Channel)
	assert.Equal(t, "+49 30/123%", o.call.Caller)
	assert.Equal(t, "6001", o.call.Dialled)
	assert.Equal(t, "retail", o.call.Line)
	assert.True(t, o.call.Withheld)
	assert.False(t, o.call.Started.IsZero())
}

func TestCollectClassifiesByTheTruthTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                       string
		digits, result, terminator string
		class                      session.Class
		want                       string
	}{
		{"nothing", "", "failure", "", session.NoInput, ""},
		{"nothing, reported as a timeout", "", "timeout", "", session.NoInput, ""},
		{"only the hash key", "", "failure", "#", session.NoMatch, ""},
		{"too few digits, then silence", "12", "failure", "", session.NoMatch, ""},
		{"too few digits, then the hash key", "12", "failure", "#", session.NoMatch, ""},
		{"enough digits, then silence", "1234", "timeout", "", session.Input, "1234"},
		{"the most digits", "123456", "success", "", session.Input, "123456"},
		{"digits and the hash key", "12345", "success", "#", session.Input, "12345"},
		{"the opt-out key at once", "", "failure", "*", session.OptedOut, ""},
		{"the opt-out key in the middle of the entry", "12", "failure", "*", session.OptedOut, ""},
		{"the opt-out key after enough digits", "1234", "success", "*", session.OptedOut, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got session.Entry
			o, h := handle(t, func(ctx context.Context, ch session.Channel) (err error) {
				got, err = ch.Collect(ctx, pin())
				return err
			})
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			cmd := p.Expect("play_and_get_digits")
			p.Send(esltest.OK())
			p.Send(esltest.Completion(
				cmd, "variable_read_result", c.result, "variable_cs_digits", c.digits, "variable_read_terminator_used",
				c.terminator,
			))
			require.NoError(t, o.wait())
			assert.Equal(t, c.class, got.Class)
			assert.Equal(t, c.want, string(got.Digits.Reveal()))
			assert.Equal(t, "4 6 1 5000 #* /p/ask-pin.wav silence_stream://10 cs_digits '' 3000", cmd.Arg)
		})
	}
}

func TestCollectUnsetsTheDigitsInTheSameWrite(t *testing.T) {
	t.Parallel()
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
		_, err := ch.Collect(ctx, pin())
		return err
	})
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	// Nothing has been answered yet, and all of it is here.
	collect := p.Expect("play_and_get_digits")
	assert.Equal(t, "^^|cs_digits=|read_terminator_used=", p.Expect("multiset").Arg)
	for range 2 {
		p.Send(esltest.OK())
	}
	p.Send(esltest.Completion(collect, "variable_read_result", "success", "variable_cs_digits", "2468"))
	require.NoError(t, o.wait())
}

func TestAPromptThatCannotBePlayedIsAnErrorNotSilence(t *testing.T) {
	t.Parallel()
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
		_, err := ch.Collect(ctx, pin())
		return errors.Join(err, ch.Play(ctx, []string{"/p/a.wav", "/p/b c.wav"}))
	})
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	p.Do("play_and_get_digits")
	p.Do("multiset")
	c := p.Do("playback", "Application-Response", "FILE NOT FOUND")
	assert.Equal(t, "/p/a.wav!/p/b c.wav", c.Arg)
	require.ErrorIs(t, o.wait(), esl.ErrUnplayable)
	assert.Equal(t, 2, strings.Count(o.err.Error(), esl.ErrUnplayable.Error()))
	assert.ErrorContains(t, o.err, "/p/ask-pin.wav")
}

func TestTransferDisarmsAndHandsOnInOneWrite(t *testing.T) {
	t.Parallel()
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error { return ch.Transfer(ctx, handover()) })
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	multiset, exports, to := p.HandOver()
	require.NoError(t, o.wait())
	assert.Equal(t,
		"^^|sensitive_dtmf=|playback_delimiter=|playback_sleep_val=|socket_resume=|cs_token=|sip_h_X-Countersign-Token=|"+
			"nolocal:sip_h_X-Countersign-Token=|"+
			"cs_need_level=|cs_return=|cs_when_hung="+
			"|cs_status=verified|cs_customer=C 1", multiset)
	assert.Equal(
		t, []string{"nolocal:sip_h_X-Countersign-Status=verified", "nolocal:sip_h_X-Countersign-Customer="}, exports,
		"an empty header is removed",
	)
	assert.Equal(t, "menu XML default", to)
	p.Expect("exit")
	p.Send(esltest.Reply("+OK bye"))
	p.Send(esltest.Disconnect())
	p.Close()
}

func TestATokenGoesOnToTheNextLeg(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("eyJhbGciOiJFZERTQSJ9-_", 20) + "." + strings.Repeat("0", 200) + "." + strings.Repeat("A", 86)
	to := handover()
	to.Headers = []session.Variable{{Name: "X-Countersign-Token", Value: token}}
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error { return ch.Transfer(ctx, to) })
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	_, exports, _ := p.HandOver()
	require.NoError(t, o.wait())
	assert.Equal(t, []string{"nolocal:sip_h_X-Countersign-Token=" + token}, exports)
}

func handover() session.Handover {
	return session.Handover{
		To:        session.Destination{Extension: "menu", Dialplan: "XML", Context: "default"},
		Variables: []session.Variable{{Name: "cs_status", Value: "verified"}, {Name: "cs_customer", Value: "C 1"}},
		Headers: []session.Variable{
			{Name: "X-Countersign-Status", Value: "verified"}, {Name: "X-Countersign-Customer", Value: ""},
		},
	}
}

func TestNothingUnsafeGoesToFreeSWITCH(t *testing.T) {
	t.Parallel()
	with := func(change func(*session.Handover)) func(context.Context, session.Channel) error {
		return func(ctx context.Context, ch session.Channel) error {
			h := handover()
			change(&h)
			return ch.Transfer(ctx, h)
		}
	}
	play := func(file string) func(context.Context, session.Channel) error {
		return func(ctx context.Context, ch session.Channel) error { return ch.Play(ctx, []string{file}) }
	}
	for name, f := range map[string]func(context.Context, session.Channel) error{
		"a variable that FreeSWITCH would expand": with(
			func(h *session.Handover) { h.Variables[1].Value = "${system(reboot)}" },
		),
		"the separator of multiset": with(
			func(h *session.Handover) { h.Variables[1].Value = "1|cs_status=verified" },
		),
		"a new line in a value":               with(func(h *session.Handover) { h.Variables[1].Value = "1\n\nsendmsg" }),
		"a quote in a header":                 with(func(h *session.Handover) { h.Headers[0].Value = "a'b" }),
		"a variable name with an equals sign": with(func(h *session.Handover) { h.Variables[0].Name = "a=b" }),
		"a destination of two words":          with(func(h *session.Handover) { h.To.Extension = "menu XML" }),
		"a destination with a variable":       with(func(h *session.Handover) { h.To.Context = "${x}" }),
		"a file with a quote":                 play("/p/it's.wav"),
		"a file with the separator of files":  play("/p/a!b.wav"),
		"a file with a new line":              play("/p/a\nb.wav"),
		"a cause of two words": func(ctx context.Context, ch session.Channel) error {
			return ch.Hangup(ctx, "NORMAL CLEARING")
		},
		"no digits at all": func(ctx context.Context, ch session.Channel) error {
			_, err := ch.Collect(ctx, session.Collect{})
			return err
		},
		"an opt-out key that is no key": func(ctx context.Context, ch session.Channel) error {
			_, err := ch.Collect(ctx, session.Collect{Min: 1, Max: 2, OptOut: ' '})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, h := handle(t, f)
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			require.ErrorIs(t, o.wait(), esl.ErrUnsafeValue)
			p.ExpectClosed()
		})
	}
}

func TestHangupEndsTheCallWithItsCause(t *testing.T) {
	t.Parallel()
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error { return ch.Hangup(ctx, "NORMAL_CLEARING") })
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	p.Expect("hangup")
	p.Send(esltest.OK())
	p.Send(esltest.Hangup("NORMAL_CLEARING"))
	require.NoError(t, o.wait())
	var hangup *session.HangupError
	require.ErrorAs(t, o.cause, &hangup)
	assert.Equal(t, "NORMAL_CLEARING", hangup.Cause)
}
