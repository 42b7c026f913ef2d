package lines

import (
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
)

// promptName is the prompt that asks for a method, or for what a company named, unless the line names another.
func promptName(name string) string {
	m, ours := session.MethodOf(event.Method(name))
	if !ours {
		m = session.Method{Name: event.Method(name)}
	}
	return m.Prompt()
}

func inCatalogue(name string) bool {
	for _, p := range prompts.All() {
		if p.Name == name {
			return true
		}
	}
	return false
}

func catalogueNames() []string {
	var names []string
	for _, p := range prompts.All() {
		names = append(names, p.Name)
	}
	return names
}
