package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"countersign/backend/endpoint"
	"countersign/session"
)

// numbers reads a list of telephone numbers. A number that is listed twice is on file since the later time: a code must
// not go to one that was put there again just now.
func (p *phones) numbers(body []byte, region string) (all []session.Phone, left notes, err error) {
	if !json.Valid(body) {
		return nil, nil, endpoint.ErrNotJSON
	}
	v := endpoint.At(body, p.Phones.Phones)
	if !v.Exists() && !endpoint.Silent(body) {
		return nil, nil, fmt.Errorf("there is no %q in the answer (phones)", p.Phones.Phones)
	}
	if v.Type == gjson.True || v.Type == gjson.Number {
		return nil, nil, fmt.Errorf("%q in the answer is not an array (phones)", p.Phones.Phones)
	}
	listed, wrong := 0, 0
	endpoint.Each(v, func(one gjson.Result) bool {
		listed++
		number, err := p.number(one, region)
		if errors.Is(err, errNoText) {
			wrong++
		}
		if err != nil {
			left.add("a telephone number: %v", err)
			return true
		}
		same := func(other session.Phone) bool { return other.E164 == number.E164 }
		if i := slices.IndexFunc(all, same); i < 0 {
			all = append(all, number)
		} else if number.Since.After(all[i].Since) {
			all[i].Since = number.Since
		}
		return len(all) < maxPhones
	})
	if listed > 0 && wrong == listed {
		return nil, nil, fmt.Errorf("no telephone number in the answer can be read: %w", errNoText)
	}
	return all, left, nil
}

var errNoText = errors.New("it is neither a string nor a number (number)")

// number reads one telephone number. Its errors show nothing of it.
func (p *phones) number(v gjson.Result, region string) (n session.Phone, err error) {
	number := endpoint.Within(v, p.Number)
	text := number.Str
	switch number.Type {
	case gjson.String:
	case gjson.Number:
		whole := false
		if text, whole = endpoint.Whole(number); !whole {
			return n, errors.New("it is not a whole number (number)")
		}
	case gjson.Null:
		return n, errors.New("it is missing (number)")
	default:
		return n, errNoText
	}
	switch n.E164, err = session.E164(text, region); {
	case errors.Is(err, session.ErrTwoReadings): // the error shows both
		return n, errors.New(`it can be two numbers; write it with "+" (number)`)
	case err != nil:
		return n, fmt.Errorf("%w (number)", err)
	}
	if p.Since == "" {
		return n, nil
	}
	if n.Since, err = p.since.read(endpoint.Within(v, p.Since)); err != nil {
		return n, fmt.Errorf("%w (since)", err)
	}
	return n, nil
}
