package sms

import "time"

// RetryWithin says how quickly a try must have failed for there to be another.
func (g *Gateway) RetryWithin(within time.Duration) { g.endpoint.RetryWithin = within }
