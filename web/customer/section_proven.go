package customer

import (
	"net/http"
	"time"

	"countersign/session"
)

// provenPart is what the visitor has proven, and until when.
type provenPart struct {
	Way   Way
	Level session.Level
	Until time.Time
	// Name is the customer's, as on file.
	Name string
}

func (p *Page) provenSection(r *http.Request, v Visit) (any, bool, error) {
	c, _, err := p.Find(r.Context(), v.Customer)
	return provenPart{v.Way, v.Level(p.Now()), v.Until, c.Name}, true, err
}
