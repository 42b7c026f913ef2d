package freeswitch_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"countersign/backend/stub"

	"github.com/stretchr/testify/require"
)

const messageWithin = time.Minute

// catcher is a gateway for text messages, and the pocket of everybody who gets them.
type catcher struct {
	*stub.Messages
	// Settings are those of a service that sends its messages here.
	Settings string
}

func startCatcher(t testing.TB) *catcher {
	t.Helper()
	c := &catcher{Messages: stub.NewMessages("")}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.Settings = fmt.Sprintf("sms: {url: %q, brand: Rehearsal Bank}\n", server.URL+"/messages")
	return c
}

var codeInMessage = regexp.MustCompile(`\b([0-9]{6}|[0-9]{8})\b`)

// Code reads the code in the nth message to a number; the first is 1.
func (c *catcher) Code(t testing.TB, number string, nth int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), messageWithin)
	defer cancel()
	messages, err := c.Wait(ctx, number, nth)
	require.NoError(t, err, "no message %d to %s", nth, number)
	code := codeInMessage.FindString(messages[nth-1].Text)
	require.NotEmpty(t, code, "%q", messages[nth-1].Text)
	return code
}

// otherDigits is as long as digits, and different in each of them.
func otherDigits(digits string, by byte) string {
	other := []byte(digits)
	for i, d := range other {
		other[i] = '0' + (d-'0'+by)%10
	}
	return string(other)
}
