package bench

import "time"

// Step is a rate that was held for a while, and what it cost.
type Step struct {
	// Rate is in calls a second, AtOnce how many ran at its end. PiledUp: there were so many that no more were made.
	Rate    float64 `json:"rate"`
	AtOnce  int     `json:"at_once"`
	PiledUp bool    `json:"piled_up,omitempty"`
	Outcomes
	// Reaction is from a caller's last key to what they hear next.
	Reaction Times `json:"reaction_ms"`
	// Lateness is how late the generator was.
	Lateness Times `json:"generator_late_ms"`

	// What the service's metrics tell; Known says whether they do. ServerMS is processor time of the service a call.
	Known       bool    `json:"known"`
	ServerMS    float64 `json:"server_ms_a_call"`
	GeneratorMS float64 `json:"generator_ms_a_call"`
	// Resident is the service's memory, in bytes, and Running the calls that it held then.
	Resident float64 `json:"resident_bytes"`
	Running  float64 `json:"running"`
	// Behind is the age of the oldest event that NATS had not confirmed, in seconds.
	Behind float64 `json:"events_behind_s"`
	// Refused are calls beyond socket.max_calls, HashRefused PIN checks that waited too long, HashWaiting those that wait.
	Refused     float64 `json:"refused"`
	HashRefused float64 `json:"hash_refused"`
	HashWaiting float64 `json:"hash_waiting"`
	// CommitMS is the mean time of a write transaction, with the wait for the writer.
	CommitMS float64 `json:"commit_ms"`
	// Shares of all cores of this machine. Machine is 0 where the system does not tell, Server if it runs elsewhere.
	ServerShare    float64 `json:"server_share"`
	GeneratorShare float64 `json:"generator_share"`
	MachineShare   float64 `json:"machine_share"`

	// Bent are the limits that the rate broke. None: it held.
	Bent []string `json:"bent,omitempty"`
}

// spent sets what was spent between two moments, in which so many calls were made.
func (s *Step) spent(from, until spent, made int) {
	took := until.at.Sub(from.at)
	if made == 0 || took <= 0 {
		return
	}
	calls := float64(made)
	share := func(d time.Duration) float64 { return d.Seconds() / took.Seconds() / float64(until.cores) }
	s.GeneratorMS = milliseconds(until.generator-from.generator) / calls
	s.GeneratorShare, s.MachineShare = share(until.generator-from.generator), share(until.machine-from.machine)
	if s.Known = from.known && until.known; !s.Known {
		return
	}
	s.ServerMS, s.ServerShare = milliseconds(until.server-from.server)/calls, share(until.server-from.server)
	s.Resident, s.Running, s.Behind = until.resident, until.running, until.behind
	s.Refused, s.HashRefused = until.refused-from.refused, until.hashRefused-from.hashRefused
	s.HashWaiting = until.hashWaiting
	if n := until.transactions - from.transactions; n > 0 {
		s.CommitMS = (until.transactionSeconds - from.transactionSeconds) / n * 1000
	}
}
