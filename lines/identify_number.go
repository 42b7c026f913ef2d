package lines

import (
	"cmp"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// NumberQuestion asks for a number that identifies the caller. Name is the identifier's kind; "phone" is looked up as a
// telephone number.
type NumberQuestion struct {
	Name        string   `yaml:"name" required:"true"`
	Prompt      string   `yaml:"prompt"`
	Digits      Digits   `yaml:"digits" bounds:"1..32"`
	Letters     bool     `yaml:"letters"`
	Check       string   `yaml:"check" enum:"none,luhn,mod97,mod11,mod11-2,mod37-2,mod37-36,luhn36"`
	Reasks      int      `yaml:"reasks" bounds:"0..10"`
	AllowUnsafe bool     `yaml:"allow_unsafe"`
	OptOut      Key      `yaml:"opt_out" enum:"*,none"`
	ReadBack    ReadBack `yaml:"read_back" enum:"false,true,unattested"`
	TellUnknown bool     `yaml:"tell_unknown"`
	Speech      bool     `yaml:"speech"`
	Pace
}

const (
	// maxUnsafeless is how often an identifier may be asked again without allow_unsafe (docs/policy.md#identifier).
	maxUnsafeless = 3
	// Digits of telephone numbers, with or without country code.
	minPhone, maxPhone = 5, 17
)

func (*NumberQuestion) key() string               { return "number" }
func (n *NumberQuestion) ownName() (string, bool) { return n.Name, true }
func (n *NumberQuestion) prompt() string          { return cmp.Or(n.Prompt, usualPrompt(n.Name)) }
func (n *NumberQuestion) isPhone() bool           { return n.Name == string(event.MethodPhone) }

func (n *NumberQuestion) prompts() []string {
	if n.Letters {
		return []string{n.prompt(), "letters"}
	}
	return []string{n.prompt()}
}

func (n *NumberQuestion) setDefaults() {
	*n = NumberQuestion{Check: "none", Reasks: 3, OptOut: "*", ReadBack: "false", Speech: true}
}

func (n *NumberQuestion) check(c *checker, at place) {
	if n.Name == "" {
		return
	}
	c.name(at, n.Name, session.MayIdentify)
	if !n.isPhone() && n.Digits == (Digits{}) {
		c.wrong(at.setting("digits"), "is missing: how many digits does it have? 8, or 6-10")
	}
	if n.isPhone() && n.Check != "none" {
		c.wrong(at.setting("check"), "a telephone number has no check digit")
	}
	n.checkLetters(c, at)
	if n.Reasks > maxUnsafeless && !n.AllowUnsafe {
		c.wrong(at.setting("reasks"), "%d is more than %d, which is what keeps callers from trying numbers out: "+
			"if it must be, set allow_unsafe: true", n.Reasks, maxUnsafeless)
	}
	c.knownPrompt(at.setting("prompt"), n.prompt())
}

func (n *NumberQuestion) warn(w *warner, at place) {
	if n.isPhone() && w.d.Region == "" {
		w.say(at.entry(), "without a region only numbers with their country code are understood: set region")
	}
	if n.TellUnknown && w.d.conceals() {
		w.say(at.setting("tell_unknown"), "anybody who calls can find out which numbers exist")
	}
	if n.Reasks > maxUnsafeless {
		w.say(at.setting("reasks"), "asked %d times, callers can guess numbers", n.Reasks+1)
	}
	n.warnOfLetters(w, at)
}

func (n *NumberQuestion) addTo(l *session.Line, c compiler) {
	digits := n.Digits
	if digits == (Digits{}) {
		digits = Digits{minPhone, maxPhone}
	}
	limits := unlessOneDigit(c.limits(n.Reasks, n.Pace), digits.Min)
	if n.OptOut == "none" {
		limits.OptOut = 0
	}
	l.Identify = append(l.Identify, steps.Number{
		Directory: c.parts.Directory, Kind: n.Name, Prompt: n.prompt(), Again: c.again(n.prompt()),
		Min: digits.Min, Max: digits.Max, Limits: limits, Letters: n.Letters, Check: n.keyedCheck(),
		ReadBack: map[ReadBack]steps.ReadBack{
			"false": steps.ReadBackNever, "true": steps.ReadBackAlways, "unattested": steps.ReadBackUnattested,
		}[n.ReadBack],
		Conceal: c.def.conceals() && !n.TellUnknown, Speech: c.speech(n.Speech),
	})
}

// conceals says that callers cannot hear whether a number exists: everybody can be asked the first question.
func (d *Definition) conceals() bool {
	for _, q := range d.Verify.all() {
		return q.conceals()
	}
	return false
}
