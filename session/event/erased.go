package event

import (
	"encoding/json"
	"time"
)

// ErasedCustomer replaces the id of an erased customer in the journal, so that counts stay right.
const ErasedCustomer = "erased"

// Erased says whether a customer was erased after a time. A customer who is imported again later is a new one. nil
// means no customer was.
type Erased func(customer string, at time.Time) bool

// In says whether an event names a customer who was erased after it.
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
