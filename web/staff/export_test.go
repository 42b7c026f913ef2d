package staff

import "time"

// CheckStreamsEach has streams look for whom they are this often.
func (p *Pages) CheckStreamsEach(d time.Duration) { p.alive = d }
