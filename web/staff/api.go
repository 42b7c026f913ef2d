package staff

import (
	"net/http"
	"strings"
)

// Paragraphs are a text of the description.
func (page) Paragraphs(text string) []string { return strings.Split(text, "\n\n") }

// api shows the API to people who write programs. It is English: so is the API.
func (p *Pages) api(w http.ResponseWriter, r *http.Request) error {
	described, err := p.described()
	if err != nil {
		return err
	}
	return p.show(w, r, "api", described)
}
