package lines

import (
	"fmt"
	"slices"
	"strings"

	"countersign/session"
)

func (c *checker) verify() {
	v := c.def.Verify
	if v == nil {
		return
	}
	seen := map[string]bool{}
	for i, q := range v.Questions {
		a := q.asked()
		if a.kind == "" {
			continue
		}
		path := fmt.Sprintf("verify.questions[%d].%s", i, a.kind)
		if f := q.Fact; f != nil && f.Name != "" {
			c.name(path, f.Name, identifiers...)
			c.knownPrompt(join(path, "prompt"), f.prompt())
		}
		if p := q.Passphrase; p != nil {
			c.passphrase(path, p)
		}
		if c.identifies(a.name) {
			c.wrong(path, "%s says who the caller is in identify, so it proves nothing: take another fact", a.name)
		}
		if seen[a.name] && a.name != "" {
			c.wrong(path, "%s is asked twice: remove one", a.name)
			continue
		}
		c.orElse(path, a, seen)
		seen[a.name] = true
	}
	c.reachable()
}

func (c *checker) passphrase(path string, p *Passphrase) {
	if p.Engine != "" && !session.IsEngine(p.Engine) {
		c.wrong(join(path, "engine"), "%q is no engine: want FreeSWITCH's name of it, such as pocketsphinx", shorten(p.Engine))
	}
	if p.Grammar != "" && !session.IsGrammar(p.Grammar) {
		c.wrong(join(path, "grammar"), "%q is no grammar: want its name or path, of at most 512 letters, digits and _:/.-", shorten(p.Grammar))
	}
	for _, key := range []string{"engine", "grammar"} {
		if text := map[string]string{"engine": p.Engine, "grammar": p.Grammar}[key]; text == "" && c.given(join(path, key)) {
			c.wrong(join(path, key), "is empty")
		}
	}
}

// orElse follows what stands in for a question. A circle is said of the first question in it: before are those that were looked at.
func (c *checker) orElse(path string, a asked, before map[string]bool) {
	path = join(path, "else")
	var way []string
	for next := a.orElse; next != ""; {
		q, at, ok := c.def.Verify.find(next)
		if !ok {
			c.wrong(path, "there is no question %q%s", shorten(next), didYouMean(next, c.questionNames()))
			return
		}
		way = append(way, next)
		if next == a.name {
			c.wrong(path, "goes in a circle: %s → %s", a.name, strings.Join(way, " → "))
			return
		}
		if at < 0 || before[next] || slices.Contains(way[:len(way)-1], next) {
			return // one with the usual settings has none; what is wrong further on is said there
		}
		next = q.asked().orElse
	}
}

func (c *checker) questionNames() []string {
	names := []string{"pin", "birth_date", "sms_code", "totp"}
	for _, q := range c.def.Verify.Questions {
		if n := q.asked().name; !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// reachable says whether right answers to all questions reach the level (design.md, "Levels").
func (c *checker) reachable() {
	v := c.def.Verify
	count := map[session.Factor]int{}
	for _, q := range v.Questions {
		count[q.asked().factor]++
	}
	knowledge, possession := count[session.Knowledge] > 0, count[session.Possession] > 0
	path := "verify.level"
	if !c.given(path) {
		path = "verify"
	}
	if len(v.Questions) == 0 || count[session.NoFactor] > 0 {
		return // said already
	}
	switch session.Level(v.Level) {
	case session.Verified:
		if !knowledge && !possession && count[session.Weak] < 2 {
			c.wrong(path, "level 2 cannot be reached: it takes a PIN, passphrase, sms_code or totp, or two weak answers (birth_date, fact)")
		}
	case session.Strong:
		if !knowledge || !possession {
			c.wrong(path, "level 3 cannot be reached: it takes something the customer knows (pin, passphrase) and something they have (sms_code, totp)")
		}
	}
}

// identifies says whether callers give a number of that name to say who they are.
func (c *checker) identifies(name string) bool {
	return name != "" && slices.ContainsFunc(c.def.Identify, func(i Identifier) bool { return i.Number != nil && i.Number.Name == name })
}
