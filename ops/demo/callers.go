package demo

import (
	"math/rand/v2"

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

// callers are the usual kinds of callers of a contact centre. Numbers and secrets are those of sample_customers.csv.
var callers = []caller{
	{
		who: "known number, right PIN", from: "+15551230001",
		answers: script("ask-pin", "246813#"),
	},
	{
		who: "known number, right PIN", from: "+442079460003",
		answers: script("ask-pin", "314159#"),
	},
	{
		who: "known number, PIN without #", from: "+15551230004",
		answers: script("ask-pin", "271828"),
	},
	{
		who: "unknown number, account and PIN", from: "+15557770001",
		answers: script("ask-account", "100043#", "ask-pin", "975310#"),
	},
	{
		who: "withheld number, account and PIN", from: "+15551230008", withheld: true,
		answers: script("ask-account", "100049#", "ask-pin", "161803#"),
	},
	{
		who: "in a hurry: account and PIN typed ahead", from: "+15557770002",
		answers: script("ask-account", "100050#662607#"),
	},
	{
		who: "shared number, account and PIN", from: "+15551230099",
		answers: script("ask-account", "100052#", "ask-pin", "602214#"),
	},
	{
		who: "one slip, then the right PIN", from: "+15551230007",
		answers: script("ask-pin", "577216#", "ask-pin-again", "577215#"),
	},
	{
		who: "wrong PIN three times", from: "+15551230010",
		answers: script("ask-pin", "111222#", "ask-pin-again", "222333#", "ask-pin-again", "333444#", "ask-account", "*"),
	},
	{
		who: "does not have the account number", from: "+15557770003",
		answers: script("ask-account", "*"),
	},
	{who: "says nothing", from: "anonymous"},
	{
		who: "passphrase not understood, code by SMS", from: "+15557770004", to: "5100", texts: "+15551230002",
		answers: append(script("have-account", "1", "ask-phone", "15551230002#"),
			says("ask-passphrase", "magnet bottle"), says("ask-passphrase-again", "magnet bottle")),
	},
	{
		who: "passphrase, greeted by name", from: "+15557770005", to: "5100",
		answers: append(script("have-account", "1", "ask-phone", "15551230004#"),
			says("ask-passphrase", "cinnamon harvest lantern")),
	},
	{
		who: "has no account", from: "+15557770006", to: "5100",
		answers: script("have-account", "2"),
	},
	{
		who: "auf Deutsch, PIN und Code per SMS", from: "anonymous", to: "5200", texts: "+491713920015",
		answers: script("language-2", "1", "ask-account", "100056#", "read-back-confirm", "1", "ask-pin", "650274#"),
	},
	{
		who: "hangs up while keying", from: "+493012345005",
		answers: []sim.Answer{{Prompt: "ask-pin", Keys: "141", HangUp: true}},
	},
}

// KindsOfCallers is the number of kinds of callers. Each calls once in a round.
func KindsOfCallers() int { return len(callers) }

// says is a spoken answer.
func says(prompt, words string) sim.Answer { return sim.Answer{Prompt: prompt, Says: words} }

// script pairs prompts and keys.
func script(promptsAndKeys ...string) (answers []sim.Answer) {
	for i := 0; i < len(promptsAndKeys); i += 2 {
		answers = append(answers, sim.Answer{Prompt: promptsAndKeys[i], Keys: promptsAndKeys[i+1]})
	}
	return answers
}

// pick returns the nth caller. Each round has every kind once, shuffled.
func pick(n int) caller {
	round := rand.New(rand.NewPCG(uint64(n/len(callers)), 1)).Perm(len(callers))
	return callers[round[n%len(callers)]]
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
