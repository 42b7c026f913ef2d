package lines

import (
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
)

// usualPrompt is the default prompt for a name, unless a method or the line has another.
func usualPrompt(name string) string { return session.Method{Name: event.Method(name)}.Prompt() }

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
