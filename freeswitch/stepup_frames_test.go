package freeswitch_test

import (
	"fmt"
	"net"
	"testing"
	"time"
)

// asks are the frames of a service that asks for a secret, up to the end of the entry.
func asks(firstDigit time.Duration) []string {
	return []string{
		connect, execute("multiset", "^^|sensitive_dtmf=true"), execute("answer", ""),
		execute("play_and_get_digits", fmt.Sprintf(
			"4 4 1 %d # tone_stream://%%(3000,0,1000) silence_stream://10 cs_digits '' 60000", firstDigit.Milliseconds())),
	}
}

// handsBack are the frames of a service that has decided, and sends the call back to its agent.
func handsBack(status, level, reason string) []string {
	return handsOn("countersign-rejoin XML countersign", status, level, reason)
}

// handsOn are the frames of a service that has decided, and sends the call to where it was to go.
func handsOn(to, status, level, reason string) []string {
	return []string{
		execute("sched_cancel", ""),
		execute("multiset", fmt.Sprintf("^^|cs_call=second|cs_status=%s|cs_level=%s|cs_reason=%s"+
			"|cs_digits=|cs_need_level=|cs_return=|sensitive_dtmf=|socket_resume=", status, level, reason)),
		execute("transfer", to),
	}
}

func (s *scripted) port(t testing.TB) int {
	t.Helper()
	return s.listener.Addr().(*net.TCPAddr).Port
}
