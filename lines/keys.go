package lines

import (
	"slices"

	"countersign/session/event"
	"countersign/steps"
)

// Keys are the keys by which callers ask for something in place of an answer.
type Keys struct {
	OptOut Key       `yaml:"opt_out" enum:"*,none"`
	Repeat RepeatKey `yaml:"repeat" enum:"auto,none,*,0,6,7,8,9"`
	Clear  Key       `yaml:"clear" enum:"*,none"`
}

func (k *Keys) setDefaults() { *k = Keys{OptOut: "*", Repeat: "auto", Clear: "none"} }

func (k Keys) wishes() steps.Wishes {
	if k.Repeat == "auto" {
		w := steps.DefaultWishes()
		w.Clear = k.Clear.code()
		return w
	}
	return steps.Wishes{Repeat: Key(k.Repeat).code(), Clear: k.Clear.code()}
}

// keys checks that no key means two things.
func (c *checker) keys() {
	k := c.def.Keys
	if k.Repeat == "*" && k.OptOut == "*" {
		c.wrong("keys.repeat", "the star key is «I don't have it»: set opt_out: none beside it, or take 9, "+
			"which callers key with the hash key behind it")
	}
	sendsCode := slices.ContainsFunc(c.def.Verify.kinds(), func(key string) bool { return key == string(event.MethodSMSCode) })
	if k.Repeat == "0" && sendsCode {
		c.wrong("keys.repeat", "0 and the hash key are «I did not get the code»: take 6 to 9")
	}
}

// kinds are the keys of all questions, those that an else names too.
func (v *Verify) kinds() (keys []string) {
	for _, q := range v.all() {
		keys = append(keys, q.key())
		if q.orElse() == "" {
			continue
		}
		if other, _, ok := v.find(q.orElse()); ok {
			keys = append(keys, other.key())
		}
	}
	return keys
}

// warnings says what callers are told that is not so.
func (k Keys) warnings(w *warner) {
	if k.OptOut == "none" {
		w.say("keys.opt_out", "our prompts name the star key for «I don't have it» and for a person: "+
			"replace them (ask-…, no-input-2, no-match-2, not-right-2)")
	}
}

// unlessOneDigit switches off the key to hear a question again whose answer can be one digit.
func unlessOneDigit(l steps.Limits, least int) steps.Limits {
	if least == 1 && l.Repeat != '*' {
		l.Repeat = 0
	}
	return l
}
