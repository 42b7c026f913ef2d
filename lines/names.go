package lines

import (
	"cmp"

	"countersign/prompts"
	"countersign/session/event"
)

func (n *NumberQuestion) prompt() string { return cmp.Or(n.Prompt, promptName(n.Name)) }
func (f *Fact) prompt() string           { return cmp.Or(f.Prompt, "ask-fact") }

// prompt is what asks a question.
func (q Question) prompt() string {
	a := q.asked()
	switch {
	case q.Fact != nil:
		return q.Fact.prompt()
	case a.kind == string(event.MethodSMSCode):
		return "ask-code"
	}
	return promptName(a.kind)
}

func catalogueNames() []string {
	var names []string
	for _, p := range prompts.All() {
		names = append(names, p.Name)
	}
	return names
}
