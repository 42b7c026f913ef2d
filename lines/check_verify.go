package lines

import (
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
	for at, q := range v.all() {
		name := q.name()
		q.check(c, at)
		c.pace(at, q.Kind)
		if c.identifies(name) {
			c.wrong(at.settings(), "%s says who the caller is in identify, so it proves nothing: take another fact",
				name)
		}
		if seen[name] && name != "" {
			c.wrong(at.settings(), "%s is asked twice: remove one", name)
			continue
		}
		c.orElse(at, q, seen)
		seen[name] = true
	}
	c.reachable()
}

// orElse follows the else of a question. A circle is reported at its first question; before holds the questions already
// checked.
func (c *checker) orElse(at place, asked Question, before map[string]bool) {
	path, name := at.setting("else"), asked.name()
	var way []string
	for next := asked.orElse(); next != ""; {
		q, index, ok := c.def.Verify.find(next)
		if !ok {
			c.wrong(path, "there is no question %q%s", shorten(next), didYouMean(next, c.questionNames()))
			return
		}
		way = append(way, next)
		if next == name {
			c.wrong(path, "goes in a circle: %s → %s", name, strings.Join(way, " → "))
			return
		}
		if index < 0 || before[next] || slices.Contains(way[:len(way)-1], next) {
			return // one with the usual settings has none; what is wrong further on is said there
		}
		next = q.orElse()
	}
}

func (c *checker) questionNames() []string {
	names := standIns()
	for _, q := range c.def.Verify.all() {
		if !slices.Contains(names, q.name()) {
			names = append(names, q.name())
		}
	}
	return names
}

// reachable checks that right answers to all questions reach the level (docs/policy.md#levels-and-factors).
func (c *checker) reachable() {
	v := c.def.Verify
	count, read := map[session.Factor]int{}, 0
	for _, q := range v.all() {
		count[q.factor()]++
		read++
	}
	knowledge, possession := count[session.Knowledge] > 0, count[session.Possession] > 0
	path := "verify.level"
	if !c.given(path) {
		path = "verify"
	}
	if len(v.Questions) == 0 || read < len(v.Questions) {
		return // said already
	}
	switch session.Level(v.Level) {
	case session.Verified:
		if !knowledge && !possession && count[session.Weak] < 2 {
			c.wrong(path, "level 2 cannot be reached: it takes a PIN, passphrase, sms_code, totp or app_link, "+
				"or two weak answers (birth_date, fact)")
		}
	case session.Strong:
		if !knowledge || !possession {
			c.wrong(path, "level 3 cannot be reached: it takes something the customer knows (pin, passphrase) "+
				"and something they have (sms_code, totp, app_link)")
		}
	}
}

// identifies says whether callers identify by a number of that name.
func (c *checker) identifies(name string) bool {
	for _, way := range c.def.ways() {
		if n, is := way.(*NumberQuestion); is && name != "" && n.Name == name {
			return true
		}
	}
	return false
}
