package session

// CodeSent notes that the customer was sent a one-time code. The identifier that named them then counts, whatever the
// caller does next, or one caller could have codes sent to any number of customers.
func (s *Session) CodeSent() {
	if s.customer != nil {
		s.codeSentTo = s.customer.ID
	}
}

// sentCode says whether the customer was sent a code in this call.
func (s *Session) sentCode() bool { return s.customer != nil && s.codeSentTo == s.customer.ID }
