package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// IsNo reports nil if an answer whose status means "no" can be believed: its body is empty, a JSON object, a JSON array
// or null, or has one of the texts. Anything else is somebody else's page: a proxy says 404 while the application
// behind it is away.
func (r *Reply) IsNo(texts []string) error {
	body := bytes.TrimSpace(r.Body)
	switch {
	case len(body) == 0:
		return nil
	case (body[0] == '{' || body[0] == '[' || string(body) == "null") && json.Valid(body):
		return nil
	case slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(body, []byte(text)) }):
		return nil
	}
	return fmt.Errorf("status %d with a page that is not JSON, perhaps a proxy's; "+
		"if it is the backend's own, name words of it in no_text", r.Status)
}

// isPage reports whether a body is a page for people, as proxies, portals and logins show it.
func isPage(body []byte) bool {
	for body = bytes.TrimSpace(body); bytes.HasPrefix(body, []byte("<!--")); {
		_, after, found := bytes.Cut(body, []byte("-->"))
		if !found {
			return true
		}
		body = bytes.TrimSpace(after)
	}
	begin := strings.ToLower(string(body[:min(len(body), len("<!doctype html"))]))
	return slices.ContainsFunc([]string{"<!doctype html", "<html", "<head", "<body", "<title", "<h1", "<script", "<meta"},
		func(tag string) bool { return strings.HasPrefix(begin, tag) })
}

// CheckTexts validates no_text.
func CheckTexts(texts []string) error {
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("no_text: an empty text is in every page")
		}
	}
	return nil
}
