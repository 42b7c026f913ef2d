package lines

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"countersign/internal/timezones"
	"countersign/prompts"
	"countersign/session"

	"golang.org/x/text/language"
)

var (
	linePattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	promptPattern   = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	languagePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)
)

// queueName is what a queue of mod_callcenter can be called.
var queueName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$`)

// maxPopURL bounds the length of a pop_url.
const maxPopURL = 2000

// checker finds problems of a Definition that involve several values. It adds none where the decoder found one.
type checker struct {
	def      *Definition
	source   source
	prompt   func(name string) bool
	bad      map[string]bool
	problems Problems
}

func (c *checker) wrong(path, format string, a ...any) {
	for p := range c.bad {
		if p == path || strings.HasPrefix(path, p+".") || strings.HasPrefix(path, p+"[") {
			return
		}
	}
	c.problems = append(c.problems, c.source.problem(path, format, a...))
}

// given says whether a setting is in the file.
func (c *checker) given(path string) bool { _, ok := c.source.at[path]; return ok }

func (c *checker) check() {
	d := c.def
	if c.given("format") && d.Format != Format {
		c.wrong("format", "%d: this program reads format %d", d.Format, Format)
	}
	if c.given("line") && !linePattern.MatchString(d.Line) {
		c.wrong("line", "%q: want up to 63 small letters, digits, _ and -, and a letter or digit first",
			shorten(d.Line))
	}
	c.numbers()
	if d.Region != "" && !session.IsRegion(d.Region) {
		c.wrong("region", "%q is not a country: want an ISO 3166 code of two letters, such as DE or US", shorten(d.Region))
	}
	c.languages()
	c.tellWait()
	c.popURL()
	c.allows()
	c.onPage()
	c.words()
	c.timers(d.Timers, func(key string) string { return join("timers", key) })
	c.keys()
	c.routes()
	c.hours()
	c.identify()
	c.verify()
	c.speech()
}

func (c *checker) numbers() {
	seen := map[string]int{}
	for i, n := range c.def.Numbers {
		key := numberKey(n, c.def.Region)
		if first, ok := seen[key]; ok && n != "" {
			c.wrong(fmt.Sprintf("numbers[%d]", i), "%s is the same number as %s before it", n, c.def.Numbers[first])
			continue
		}
		seen[key] = i
	}
}

func (c *checker) languages() {
	d := c.def
	for i, l := range d.Languages {
		path := fmt.Sprintf("languages[%d]", i)
		if _, err := language.Parse(l); err != nil || !languagePattern.MatchString(l) {
			c.wrong(path, "%q is not a language: write its tag, such as en or pt-BR", shorten(l))
		}
		if slices.Contains(d.Languages[:i], l) {
			c.wrong(path, "%s appears twice: remove one", l)
		}
	}
	if !d.LanguageMenu {
		return
	}
	if len(d.Languages) > prompts.MaxLanguages {
		c.wrong("language_menu", "a menu has at most %d languages: there are no prompts for more", prompts.MaxLanguages)
		return
	}
	for i := range d.Languages {
		c.knownPrompt("languages", fmt.Sprintf("language-%d", i+1))
	}
}

func (c *checker) tellWait() {
	if c.def.TellWait != "" && !queueName.MatchString(c.def.TellWait) {
		c.wrong("tell_wait", "%q is no name of a queue, such as support@default", shorten(c.def.TellWait))
	}
}

func (c *checker) popURL() {
	for _, text := range CheckPopURL(c.def.PopURL) {
		c.wrong("pop_url", "%s", text)
	}
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}?`)

// CheckPopURL returns what is wrong with the template of a screen pop, which browsers open. An empty one is none.
func CheckPopURL(s string) (wrong []string) {
	if s == "" {
		return nil
	}
	for _, m := range placeholder.FindAllString(s, -1) {
		if !slices.Contains([]string{"{customer}", "{call}", "{line}", "{status}"}, m) {
			wrong = append(wrong,
				fmt.Sprintf("%s is not a placeholder: use {customer}, {call}, {line} and {status}", shorten(m)))
		}
	}
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(s))
	isAddress := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
	if !isAddress || utf8.RuneCountInString(s) > maxPopURL {
		wrong = append(wrong,
			fmt.Sprintf("%q is not a URL: want one such as https://crm.example/customer/{customer}", shorten(s)))
	}
	return wrong
}

// speaks says whether the line speaks a language, perhaps in a region.
func (d *Definition) speaks(l string) bool {
	return slices.ContainsFunc(d.Languages, func(spoken string) bool {
		return spoken == l || strings.HasPrefix(spoken, l+"-")
	})
}

// own says whether the line has its own words for a prompt in a language.
func (d *Definition) own(prompt, l string) bool {
	base, _, _ := strings.Cut(l, "-")
	_, ok := d.Prompts[prompt][l]
	_, ofBase := d.Prompts[prompt][base]
	return ok || ofBase
}

// words checks the line's own prompts.
func (c *checker) words() {
	for _, name := range slices.Sorted(maps.Keys(c.def.Prompts)) {
		byLanguage, path := c.def.Prompts[name], join("prompts", shorten(name))
		if !promptPattern.MatchString(name) {
			c.wrong(path, "a prompt's name has lower-case letters, digits and hyphens")
		}
		if promptPattern.MatchString(name) && !inCatalogue(name) && !c.asks(name) {
			c.wrong(path, "nothing on this line plays %s: name your own prompt in a question's prompt%s",
				name, didYouMean(name, catalogueNames()))
		}
		if len(byLanguage) == 0 {
			c.wrong(path, "is empty: give a text or a file for a language, such as en: {text: Welcome.}")
		}
		for _, l := range slices.Sorted(maps.Keys(byLanguage)) {
			w, path := byLanguage[l], join(path, shorten(l))
			if !c.def.speaks(l) {
				c.wrong(path, "the line does not speak %q: its languages are %s", shorten(l), listed(c.def.Languages))
			}
			switch {
			case w.Text != "" && w.File != "", w.Text == "" && w.File == "":
				c.wrong(path, "want either text or file")
			default:
				key := "text"
				if w.File != "" {
					key = "file"
				}
				if err := prompts.CheckReplacement(session.Replacement{Text: w.Text, File: w.File}); err != nil {
					c.wrong(join(path, key), "%v", err)
				}
			}
		}
	}
}

// asks says whether a question of the line uses a prompt, the first time or when it asks again.
func (c *checker) asks(prompt string) bool {
	return slices.Contains(c.def.Plays(), strings.TrimSuffix(prompt, "-again"))
}

func (c *checker) knownPrompt(path, name string) {
	switch {
	case !promptPattern.MatchString(name):
		c.wrong(path, "%q is not a prompt: a name has lower-case letters, digits and hyphens", shorten(name))
	case !c.prompt(name):
		known := slices.Collect(maps.Keys(c.def.Prompts))
		c.wrong(path, "there is no prompt %s: use an existing one, or define it under prompts%s",
			name, didYouMean(name, append(known, catalogueNames()...)))
	}
}

func (c *checker) routes() {
	r := c.def.Routes
	for _, row := range []struct {
		key string
		to  session.Destination
	}{
		{"identified", r.Identified}, {"unidentified", r.Unidentified}, {"failed", r.Failed}, {"opted_out", r.OptedOut},
		{"locked", r.Locked}, {"unavailable", r.Unavailable},
	} {
		if row.to == session.Hangup {
			c.wrong("routes."+row.key, "hangup is only for verified and hours.closed: all other calls go to an agent")
		}
	}
}

func (c *checker) hours() {
	h := c.def.Hours
	if h == nil || h.TZ == "" {
		return
	}
	if _, err := timezones.Load(h.TZ); err != nil {
		c.wrong("hours.tz", "%q is not a time zone: want a name such as Europe/Berlin", shorten(h.TZ))
	}
	for i, day := range h.Holidays {
		if slices.Contains(h.Holidays[:i], day) {
			c.wrong(fmt.Sprintf("hours.holidays[%d]", i), "%s appears twice: remove one", day)
		}
	}
}

func (c *checker) identify() {
	seen := map[string]bool{}
	for at, way := range c.def.ways() {
		name := nameOf(way)
		way.check(c, at)
		c.pace(at, way)
		if seen[name] && name != "" {
			c.wrong(at.settings(), "%s is asked twice: remove one, or give it another name", name)
		}
		seen[name] = true
	}
}

// name checks the name of a step. may says which names are allowed.
func (c *checker) name(at place, name string, may func(name string) bool) {
	switch {
	case name == "":
	case !session.IsName(name):
		c.wrong(at.setting("name"), "%q: want up to 32 small letters, digits and _, and a letter first", shorten(name))
	case !may(name):
		c.wrong(at.setting("name"), "%s means something else already: take another name", name)
	}
}

// notEmpty checks a text that must not be empty if it is in the file.
func (c *checker) notEmpty(path, text string) {
	if text == "" && c.given(path) {
		c.wrong(path, "is empty")
	}
}
