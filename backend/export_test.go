package backend

import "time"

// RetryWithin says how quickly a try must have failed for there to be another.
func (d *Directory) RetryWithin(within time.Duration) { d.Endpoint.RetryWithin = within }
