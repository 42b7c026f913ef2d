package event

import (
	"encoding/json"
	"time"
)

// ErasedCustomer stands in the journal where the id of a customer was that is erased, so that counts stay what they are.
const ErasedCustomer = "erased"

// Erased says whether a customer was erased after a time. Whoever came back since then as a new customer is not who called before. nil says it of nobody.
type Erased func(customer string, at time.Time) bool

// In says whether an event names somebody who was erased after it.
func (e Erased) In(body []byte, at time.Time) (customer string, erased bool) {
	var named struct {
		Data struct {
			Customer string `json:"customer"`
		} `json:"data"`
	}
	if e == nil || json.Unmarshal(body, &named) != nil || named.Data.Customer == "" {
		return "", false
	}
	return named.Data.Customer, e(named.Data.Customer, at)
}
