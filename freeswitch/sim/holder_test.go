package sim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What FreeSWITCH 1.10.12 and 1.11.2 do with a silent question that was sent without event-lock.
func TestASilentQuestionWithoutEventLockHoldsTheCall(t *testing.T) {
	t.Parallel()
	keypad := make(chan rune)
	press := func(keys string) {
		for _, key := range keys {
			keypad <- key
		}
	}
	const link = "read:1 1 silence_stream://300000 k 1000 none~"
	read := func(f said) bool { return f.is() == "CHANNEL_EXECUTE_COMPLETE read" }
	var held, between string
	_, s := place(t, Options{}, CallOptions{Keypad: keypad}, func(s *service) {
		s.send("connect\n\n")
		s.next()
		for _, filter := range []string{"Event-Name CHANNEL_HANGUP",
			"Application /^(read|play_and_get_digits|execute_extension)$/",
			"Event-Name -CHANNEL_EXECUTE"} {
			s.send("filter " + filter + "\n\n")
			s.next()
		}
		s.send("myevents\n\n")
		s.next()
		s.execute("answer", "")
		s.send("sendmsg\ncall-command: execute\nexecute-app-name: execute_extension\nexecute-app-arg: 'm:~:" +
			strings.Repeat(link, 6) + "unset:k' inline\n\n")
		s.run("execute_extension", "'multiset:y=1' inline") // runs inside the first question: it is there
		press("12")
		for range "12" {
			held += decoded(s.until(read).get("variable_k"))
		}
		digits := s.run("play_and_get_digits", "1 4 1 1000 # silence_stream://10 silence_stream://10 d '' 1000")
		between = digits.get("variable_read_result") + digits.get("variable_d")
		s.run("execute_extension", "'multiset:x=1' inline")
		press("34")
		for range "34" {
			held += decoded(s.until(read).get("variable_k"))
		}
		s.execute("hangup", "")
		s.rest()
	})
	assert.Equal(t, "1234", held, "no key is lost between applications")
	assert.Equal(t, "failure", between, "an application runs inside it, and has its own keys")
	for _, e := range s.events() {
		assert.NotEqual(t, "CHANNEL_EXECUTE", e.get("Event-Name"))
		assert.NotContains(t, []string{"answer", "multiset", "unset"}, e.get("Application"))
	}
}
