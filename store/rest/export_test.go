package rest

import "time"

// RetryWithin says how quickly a try must have failed for there to be another.
func (d *Directory) RetryWithin(within time.Duration) { d.endpoint.retryWithin = within }

// RetryWithin says how quickly a try must have failed for there to be another.
func (g *Gateway) RetryWithin(within time.Duration) { g.endpoint.retryWithin = within }
