package whatif

import (
	"cmp"
	"slices"
)

// Summary counts the results of many calls.
type Summary struct {
	// Calls is how many were replayed, the rest how many of them had each verdict.
	Calls   int `json:"calls"`
	Same    int `json:"same"`
	Changed int `json:"changed"`
	Unknown int `json:"unknown"`
	// Changes counts changed calls by their outcomes before and after, Doubts unknown ones by the reason; the most
	// frequent first.
	Changes []Count `json:"changes"`
	Doubts  []Count `json:"doubts"`
}

// Count is a number of calls of one kind.
type Count struct {
	What  string `json:"what"`
	Calls int    `json:"calls"`
}

// Add counts a call.
func (s *Summary) Add(r Result) {
	s.Calls++
	switch r.Verdict {
	case Same:
		s.Same++
	case Changed:
		s.Changed++
		s.Changes = count(s.Changes, r.Before.String()+" → "+r.After.String())
	default:
		s.Unknown++
		why := r.Why
		if r.Step != "" {
			why = r.Step + ": " + why
		}
		s.Doubts = count(s.Doubts, why)
	}
}

// count adds one call and keeps the most frequent first.
func count(all []Count, what string) []Count {
	i := slices.IndexFunc(all, func(c Count) bool { return c.What == what })
	if i < 0 {
		i, all = len(all), append(all, Count{What: what})
	}
	all[i].Calls++
	slices.SortStableFunc(all, func(a, b Count) int { return cmp.Compare(b.Calls, a.Calls) })
	return all
}
