package staff_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session/event"
	"countersign/web/people"
	"countersign/web/staff"
)

func TestTheAgentReadsWhatTheLineAllows(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(options *staff.Options) {
		options.Allows = func(line string, level int) map[string]string {
			if line == "retail" && level == 2 {
				return map[string]string{"en-GB": "Orders up to 500 €.", "de": "Bestellungen bis 500 €."}
			}
			if line == "orders" {
				return map[string]string{"fr": "Tout."}
			}
			return nil
		}
	})
	o.hire("agent", func(p *people.Person) { p.Agents = []string{"1001"} })
	b := o.as("agent")
	desk := func(language string) string {
		b.header.Set("Accept-Language", language)
		return b.get("/desk").text
	}
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"))...)
	assert.Contains(t, desk("en"), "<strong>Orders up to 500 €.</strong>")
	assert.Contains(t, desk("de"), "<strong>Bestellungen bis 500 €.</strong>")
	o.happened("call-1", "retail", event.AgentDone{Agent: "1001", End: event.AgentEndCaller})
	o.happened("call-2", "orders", append(verifiedCall(), offered("1001"))...)
	assert.Contains(t, desk("de"), "<strong>Tout.</strong>", "the company's own words, in whatever language")
	o.happened("call-2", "orders", event.AgentDone{Agent: "1001", End: event.AgentEndCaller})
	o.happened("call-3", "cards", append(verifiedCall(), offered("1001"))...)
	assert.Contains(t, desk("en"), "You need not ask anything.", "a line without words of its own")
}
