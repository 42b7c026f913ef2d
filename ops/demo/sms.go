package demo

import (
	"regexp"

	"countersign/backend/stub"
)

// smsCatcher is a gateway for text messages that keeps what it gets.
type smsCatcher struct {
	*server
	messages *stub.Messages
}

func startSMSCatcher() (*smsCatcher, error) {
	messages := stub.NewMessages("")
	s, err := startServer(messages)
	if err != nil {
		return nil, err
	}
	return &smsCatcher{s, messages}, nil
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// code is the last code sent to a number.
func (c *smsCatcher) code(number string) string {
	all := c.messages.To(number)
	if len(all) == 0 {
		return ""
	}
	return sixDigits.FindString(all[len(all)-1].Text)
}
