package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"countersign/freeswitch/sim"
)

// caller calls the sample bank: from where, and what they key at which prompt.
type caller struct {
	who      string
	from     string
	to       string // the number called; 5000 if empty
	withheld bool
	answers  []sim.Answer
	texts    string // the telephone number whose text messages they read
}

// kind is a usual kind of caller of a contact centre.
type kind struct {
	who string
	// account is that of the sample customer who calls first; empty: nobody that the bank knows.
	account string
	// call is what c does. unknown is a number that no customer has.
	call func(c customer, unknown string) caller
}

// Kinds whose customers are special.
const (
	sharedNumber = "shared number, account and PIN"
	wrongPIN     = "wrong PIN three times"
	inGerman     = "auf Deutsch, PIN und Code per SMS"
)

// kinds are the kinds of callers. Each calls once in a round: in the first round the sample customer, later others.
var kinds = []kind{
	{"known number, right PIN", "100042", func(c customer, _ string) caller {
		return caller{from: c.phone(), answers: script("ask-pin", c["pin"]+"#")}
	}},
	{"known number, right PIN", "100044", func(c customer, _ string) caller {
		return caller{from: c.phone(), answers: script("ask-pin", c["pin"]+"#")}
	}},
	{"known number, PIN without #", "100045", func(c customer, _ string) caller {
		return caller{from: c.phone(), answers: script("ask-pin", c["pin"])}
	}},
	{"unknown number, account and PIN", "100043", func(c customer, unknown string) caller {
		return caller{from: unknown, answers: script("ask-account", c["account"]+"#", "ask-pin", c["pin"]+"#")}
	}},
	{"withheld number, account and PIN", "100049", func(c customer, _ string) caller {
		return caller{
			from: c.phone(), withheld: true, answers: script("ask-account", c["account"]+"#", "ask-pin", c["pin"]+"#"),
		}
	}},
	{"in a hurry: account and PIN typed ahead", "100050", func(c customer, unknown string) caller {
		return caller{from: unknown, answers: script("ask-account", c["account"]+"#"+c["pin"]+"#")}
	}},
	{sharedNumber, "100052", func(c customer, _ string) caller {
		return caller{from: c.phone(), answers: script("ask-account", c["account"]+"#", "ask-pin", c["pin"]+"#")}
	}},
	{"one slip, then the right PIN", "100048", func(c customer, _ string) caller {
		return caller{
			from: c.phone(), answers: script("ask-pin", slip(c["pin"])+"#", "ask-pin-again", c["pin"]+"#"),
		}
	}},
	{wrongPIN, "100051", func(c customer, _ string) caller {
		return caller{
			from:    c.phone(),
			answers: script("ask-pin", "111222#", "ask-pin-again", "222333#", "ask-pin-again", "333444#", "ask-account", "*"),
		}
	}},
	{"does not have the account number", "", func(_ customer, unknown string) caller {
		return caller{from: unknown, answers: script("ask-account", "*")}
	}},
	{"says nothing", "", func(_ customer, unknown string) caller { return caller{from: unknown} }},
	{"passphrase not understood, code by SMS", "100043", func(c customer, unknown string) caller {
		return caller{
			from: unknown, to: "5100", texts: c.phone(),
			answers: append(script("have-account", "1", "ask-phone", keyed(c.phone())+"#"),
				says("ask-passphrase", "magnet bottle"), says("ask-passphrase-again", "magnet bottle")),
		}
	}},
	{"passphrase, greeted by name", "100045", func(c customer, unknown string) caller {
		return caller{
			from: unknown, to: "5100",
			answers: append(script("have-account", "1", "ask-phone", keyed(c.phone())+"#"),
				says("ask-passphrase", c["passphrase"])),
		}
	}},
	{"has no account", "", func(_ customer, unknown string) caller {
		return caller{from: unknown, to: "5100", answers: script("have-account", "2")}
	}},
	{inGerman, "100056", func(c customer, unknown string) caller {
		return caller{
			from: unknown, to: "5200", texts: c.phone(),
			answers: script("language-2", "1", "ask-account", c["account"]+"#", "read-back-confirm", "1",
				"ask-pin", c["pin"]+"#"),
		}
	}},
	{"hangs up while keying", "100046", func(c customer, _ string) caller {
		return caller{
			from: c.phone(), answers: []sim.Answer{{Prompt: "ask-pin", Keys: c["pin"][:3], HangUp: true}},
		}
	}},
}

// KindsOfCallers is the number of kinds of callers. Each calls once in a round.
func KindsOfCallers() int { return len(kinds) }

// phone is the first of the customer's telephones.
func (c customer) phone() string {
	first, _, _ := strings.Cut(c["phones"], ";")
	return first
}

// slip is a PIN with its last digit wrong.
func slip(pin string) string {
	last := pin[len(pin)-1]
	return pin[:len(pin)-1] + string('0'+(last-'0'+1)%10)
}

// says is a spoken answer.
func says(prompt, words string) sim.Answer { return sim.Answer{Prompt: prompt, Says: words} }

// script pairs prompts and keys.
func script(promptsAndKeys ...string) (answers []sim.Answer) {
	for i := 0; i < len(promptsAndKeys); i += 2 {
		answers = append(answers, sim.Answer{Prompt: promptsAndKeys[i], Keys: promptsAndKeys[i+1]})
	}
	return answers
}

// pick returns the nth caller. Each round has every kind once, shuffled. The customers that the demo adds take turns,
// so that their calls stay below the limits on attempts and messages.
func pick(n int, samples map[string]customer) caller {
	round := n / len(kinds)
	at := rand.New(rand.NewPCG(uint64(round), 1)).Perm(len(kinds))[n%len(kinds)]
	k, who := kinds[at], samples[kinds[at].account]
	if round > 0 && k.account != "" {
		turn := (round-1)*len(kinds) + at
		who = another(turn % moreCustomers)
		if k.who == wrongPIN && turn/moreCustomers%2 == 1 { // the right PIN clears the failures of the turn before
			k = kinds[0]
		}
	}
	c := k.call(who, fmt.Sprintf("+1%s55501%02d", strangersAreas[n/100%len(strangersAreas)], n%100))
	c.who = k.who
	return c
}

// person plays the caller's script, and keys the code of a text message when asked for it.
func (c caller) person(sms *smsCatcher) sim.Caller {
	script := sim.Script(sim.Human, c.answers...)
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if acts := script.Hear(p); len(acts) > 0 || c.texts == "" || !p.Has("ask-code") {
			return acts
		}
		return sim.Human.Type(p, sms.code(c.texts)+"#")
	})
}
