package bench

// search finds the highest rate that holds: it doubles until one does not, and then halves the gap.
type search struct {
	start, most float64
	// precision is the ratio of the lowest rate that did not hold to the highest that did, at which the search ends.
	precision float64
	// more says whether there is time for another try.
	more func() bool
	try  func(rate float64) (holds bool, err error)
}

// highest is 0 if no rate held. bent says that a higher one did not.
func (s search) highest() (rate float64, bent bool, err error) {
	held, failed := 0.0, 0.0
	for next := roundRate(min(s.start, s.most)); ; {
		holds, err := s.try(next)
		if err != nil {
			return 0, false, err
		}
		if holds {
			held = next
		} else {
			failed = next
		}
		next = s.next(held, failed)
		if next == 0 || !s.more() {
			return held, failed > 0, nil
		}
	}
}

// next is the next rate to try, 0 if the search has ended.
func (s search) next(held, failed float64) float64 {
	switch {
	case failed == 0 && held >= s.most:
		return 0
	case failed == 0:
		return roundRate(min(2*held, s.most))
	case held == 0 && failed/4 < slowest:
		return 0
	case held == 0:
		return roundRate(failed / 4)
	case failed/held <= s.precision:
		return 0
	}
	next := roundRate((held + failed) / 2)
	if next <= held || next >= failed {
		return 0
	}
	return next
}
