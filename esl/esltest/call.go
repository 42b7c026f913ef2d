package esltest

// Open answers the first write of a call: connect, two filters, myevents, and the applications before the first prompt. Lines of the channel
// data can be changed.
func (p *Peer) Open(vars ...string) {
	p.t.Helper()
	p.Expect("connect")
	p.Send(ChannelData(vars...))
	p.Expect("filter Event-Name CHANNEL_EXECUTE_COMPLETE")
	p.Send(Reply("+OK filter added. [Event-Name]=[CHANNEL_EXECUTE_COMPLETE]"))
	p.Expect("filter Event-Name CHANNEL_HANGUP")
	p.Send(Reply("+OK filter added. [Event-Name]=[CHANNEL_HANGUP]"))
	p.Expect("myevents")
	p.Send(Reply("+OK Events Enabled"))
	for _, app := range []string{"multiset", "answer"} {
		p.Do(app)
	}
}

// Do expects an application and lets it succeed: reply and completion, with lines changed.
func (p *Peer) Do(app string, vars ...string) Command {
	p.t.Helper()
	c := p.Expect(app)
	p.Send(OK())
	p.Send(Completion(c, vars...))
	return c
}

// Digits expects a digit prompt and answers it as FreeSWITCH does after these digits and this terminator ("" for none; nothing for silence),
// together with the multiset that follows and unsets them.
func (p *Peer) Digits(digits, terminator string) Command {
	p.t.Helper()
	c := p.Expect("play_and_get_digits")
	p.Send(OK())
	result := "success"
	if terminator == "" {
		result = "timeout"
	}
	p.Send(Completion(c, "variable_read_result", result, "variable_cs_digits", digits, "variable_read_terminator_used", terminator))
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
		p.Send(Completion(c))
		if c.App == "transfer" {
			return multiset, exports, c.Arg
		}
		exports = append(exports, c.Arg)
	}
}
