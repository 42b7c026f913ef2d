package esltest

import (
	"strings"

	"github.com/stretchr/testify/require"
)

// Open answers the first write of a call: connect, the filters, myevents, and the applications before the first prompt.
// Lines of the channel data can be changed.
func (p *Peer) Open(vars ...string) {
	p.t.Helper()
	p.Expect("connect")
	p.Send(ChannelData(vars...))
	for range 6 {
		name := p.Next().Name
		require.True(p.t, strings.HasPrefix(name, "filter "), name)
		p.Send(Reply("+OK filter added."))
	}
	p.Expect("myevents")
	p.Send(Reply("+OK Events Enabled"))
	for _, app := range []string{"multiset", "answer"} {
		p.Do(app)
	}
	p.Expect("execute_extension") // the holder, in which all else runs
	p.Send(OK())
}

// Press sends the completion of a holder's link for each key.
func (p *Peer) Press(keys string) {
	p.t.Helper()
	for _, key := range keys {
		p.Send(Completion(Command{App: "read"}, "variable_cs_key", string(key)))
	}
}

// Do expects an application and lets it succeed: reply and, unless it is filtered out, completion, with lines changed.
func (p *Peer) Do(app string, vars ...string) Command {
	p.t.Helper()
	c := p.Expect(app)
	p.Send(OK())
	if !Filtered(app) {
		p.Send(Completion(c, vars...))
	}
	return c
}

// Filtered says whether the service filters out the completions of an application.
func Filtered(app string) bool {
	switch app {
	case "multiset", "sched_cancel", "sched_transfer", "export":
		return true
	}
	return false
}

// Digits expects a digit prompt and answers it as FreeSWITCH does after these digits and this terminator ("" for none;
// nothing for silence), together with the multiset that follows and unsets them.
func (p *Peer) Digits(digits, terminator string) Command {
	p.t.Helper()
	c := p.Expect("play_and_get_digits")
	p.Send(OK())
	result := "success"
	if terminator == "" {
		result = "timeout"
	}
	p.Send(Completion(
		c, "variable_read_result", result, "variable_cs_digits", digits, "variable_read_terminator_used", terminator,
	))
	p.Do("multiset")
	return c
}

// HandOver expects the commands that send the call on, and returns the variables, the exports and the destination.
func (p *Peer) HandOver() (multiset string, exports []string, destination string) {
	p.t.Helper()
	p.Do("sched_cancel")
	multiset = p.Do("multiset").Arg
	for {
		c := p.Next()
		p.Send(OK())
		if !Filtered(c.App) {
			p.Send(Completion(c))
		}
		if c.App == "transfer" {
			return multiset, exports, c.Arg
		}
		exports = append(exports, c.Arg)
	}
}

// Speech expects a Listen, prompt and all, and answers it as FreeSWITCH does after the engine has ended with this
// result ("" for none) and response ("DONE", "ASR INIT ERROR"): the completions of the two actions inside, and then
// that of execute_extension. It returns what was to be listened for.
func (p *Peer) Speech(result, response string) Command {
	p.t.Helper()
	p.Do("playback", "Application-Response", "FILE PLAYED")
	c := p.Expect("execute_extension")
	p.Send(OK())
	p.Listened(c, result, response)
	return c
}

// Listened sends FreeSWITCH's events at the end of a Listen.
func (p *Peer) Listened(c Command, result, response string) {
	p.t.Helper()
	p.Send(Completion(
		Command{App: "play_and_detect_speech"}, "variable_detect_speech_result", result, "Application-Response", response,
	))
	p.Send(Completion(Command{App: "unset", Arg: "detect_speech_result"}))
	p.Send(Completion(c))
}

// NLSML is the result of a speech engine that understood these words (mod_pocketsphinx, recorded). confidence is in its
// own dialect.
func NLSML(words, confidence string) string {
	return "<?xml version=\"1.0\"?>\n<result grammar=\"words\">\n" +
		"  <interpretation grammar=\"words\" confidence=\"" + confidence + "\">\n" +
		"    <input mode=\"speech\">" + words + "</input>\n  </interpretation>\n</result>\n"
}
