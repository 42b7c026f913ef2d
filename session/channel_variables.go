package session

import (
	"strconv"
	"strings"
)

// handover is the result for the next application and the next leg (docs/contracts.md#channel-variables).
func (s *Session) handover(v verdict, to Destination, token string) Handover {
	customer, _ := s.Customer()
	methods := make([]string, len(s.methods))
	for i, m := range s.methods {
		methods[i] = string(m)
	}
	level := strconv.Itoa(int(v.level))
	h := Handover{
		To: to,
		Variables: []Variable{
			{"cs_call", s.call.ID}, {"cs_status", string(v.status())}, {"cs_level", level}, {"cs_reason", string(v.reason)},
			{"cs_methods", strings.Join(methods, ",")}, {"cs_customer", customer.ID},
		},
		Headers: []Variable{
			{"X-Countersign-Call", s.call.ID}, {"X-Countersign-Status", string(v.status())}, {"X-Countersign-Level", level},
			{"X-Countersign-Customer", customer.ID},
		},
	}
	if token != "" {
		h.Headers = append(h.Headers, Variable{"X-Countersign-Token", token})
	}
	return h
}
