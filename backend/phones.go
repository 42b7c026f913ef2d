package backend

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tidwall/gjson"

	"countersign/backend/endpoint"
	"countersign/session"
)

// numbers reads a list of telephone numbers.
func (p *phones) numbers(body []byte, region string) ([]session.Phone, error) {
	if !json.Valid(body) {
		return nil, endpoint.ErrNotJSON
	}
	v := endpoint.At(body, p.Phones.Phones)
	switch {
	case !v.Exists():
		return nil, fmt.Errorf("there is no %q in the answer (phones)", p.Phones.Phones)
	case v.Type == gjson.Null:
		return nil, nil
	case !v.IsArray():
		return nil, fmt.Errorf("%q in the answer is not an array (phones)", p.Phones.Phones)
	}
	var all []session.Phone
	var failed error
	v.ForEach(func(_, one gjson.Result) bool {
		number := endpoint.Within(one, p.Number)
		if number.Exists() && number.Type != gjson.String && number.Type != gjson.Null {
			failed = fmt.Errorf("a telephone number in the answer is not a string (number)")
			return false
		}
		e164, err := session.E164(number.Str, region)
		if err != nil {
			return true
		}
		var since time.Time
		if p.Since != "" {
			if since = day(endpoint.Within(one, p.Since).Str); since.IsZero() {
				return true
			}
		}
		all = append(all, session.Phone{E164: e164, Since: since})
		return len(all) < maxPhones
	})
	return all, failed
}

// day reads a time, or a day, which counts as its end.
func day(s string) time.Time {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, 1)
	}
	return time.Time{}
}
