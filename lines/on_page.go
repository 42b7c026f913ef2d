package lines

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/session"
)

// PageChoice is what a verified caller can do next on their own page: the call goes to a destination, or the browser to a page
// of the company's, with a token.
type PageChoice struct {
	// Title is what the button says, by language.
	Title map[string]string   `yaml:"title" required:"true" items:"1..20"`
	To    session.Destination `yaml:"to"`
	URL   string              `yaml:"url"`
}

// maxTitle bounds a title in characters: it stands on a button of a telephone.
const maxTitle = 60

// onPage checks what callers can choose on their page.
func (c *checker) onPage() {
	for i, choice := range c.def.OnPage {
		path := fmt.Sprintf("on_page[%d]", i)
		for _, l := range slices.Sorted(maps.Keys(choice.Title)) {
			text, path := choice.Title[l], join(join(path, "title"), shorten(l))
			switch {
			case !languagePattern.MatchString(l):
				c.wrong(path, "%q is not a language: write its tag, such as en", shorten(l))
			case strings.TrimSpace(text) == "", utf8.RuneCountInString(text) > maxTitle, strings.ContainsFunc(text, unicode.IsControl):
				c.wrong(path, "want one line of text, up to %d characters", maxTitle)
			}
		}
		to := choice.To != (session.Destination{})
		switch u, err := url.Parse(choice.URL); {
		case to == (choice.URL != ""):
			c.wrong(path, "want either to, where the call goes, or url, where the browser goes")
		case choice.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"")):
			c.wrong(join(path, "url"), "%q is not a URL: want one such as https://www.bank.example/orders", shorten(choice.URL))
		}
	}
	if len(c.def.OnPage) > 0 && c.def.Verify == nil {
		c.wrong("on_page", "are for verified callers, but this line verifies nobody")
	}
}

// pageChoices are the choices of the line.
func (d *Definition) pageChoices() (all []session.PageChoice) {
	for _, c := range d.OnPage {
		all = append(all, session.PageChoice(c))
	}
	return all
}
