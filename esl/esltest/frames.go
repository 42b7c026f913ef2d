package esltest

import (
	_ "embed" // the recorded frames
	"fmt"
	"slices"
	"strings"
)

// The three kinds of frames that matter, byte for byte from a recorded call on FreeSWITCH 1.10.12.
var (
	//go:embed channel_data.txt
	channelData string
	//go:embed execute_complete.txt
	executeComplete string
	//go:embed hangup.txt
	hangup string
)

// Channel is the Unique-ID of the recorded call.
const Channel = "d51fd8c0-2d2e-42d8-abb1-b578c1d3f121"

// OK is the reply to an accepted command.
func OK() string { return Reply("+OK") }

// Reply is the reply to a command.
func Reply(text string) string { return "Content-Type: command/reply\nReply-Text: " + text + "\n\n" }

// ChannelData is the answer to connect, with lines changed.
func ChannelData(vars ...string) string { return edit(channelData, vars) + "\n" }

// Completion is the CHANNEL_EXECUTE_COMPLETE event of an application, with lines changed.
func Completion(c Command, vars ...string) string {
	if c.UUID == "" {
		c.UUID = "c2dd7109-6f7e-49a0-ab81-5e6a61cbec31" // FreeSWITCH makes one up
	}
	return event(
		executeComplete,
		append([]string{"Application", c.App, "Application-Data", c.Arg, "Application-UUID", c.UUID}, vars...),
	)
}

// Hangup is the CHANNEL_HANGUP event.
func Hangup(cause string) string {
	return event(hangup, []string{"Hangup-Cause", cause})
}

// Disconnect is FreeSWITCH's notice when a call's connection ends.
func Disconnect() string {
	body := "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
	return fmt.Sprintf("Content-Type: text/disconnect-notice\nControlled-Session-UUID: %s\nContent-Disposition: "+
		"disconnect\nContent-Length: %d\n\n%s",
		Channel, len(body), body)
}

// event edits the inner header block of a recorded event and sets its length.
func event(recorded string, vars []string) string {
	_, body, _ := strings.Cut(recorded, "\n\n")
	body = edit(body, vars) + "\n"
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(body), body)
}

// edit changes lines where they stand; new variables go before the Application lines, as FreeSWITCH has them, and other
// new lines to the end.
func edit(block string, vars []string) string {
	lines := strings.Split(strings.TrimRight(block, "\n"), "\n")
	for i := 0; i+1 < len(vars); i += 2 {
		name, line := vars[i], vars[i]+": "+Encode(vars[i+1])
		at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+":") })
		application := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Application:") })
		switch {
		case at >= 0 && vars[i+1] == "":
			lines = slices.Delete(lines, at, at+1)
		case at >= 0:
			lines[at] = line
		case vars[i+1] == "":
		case strings.HasPrefix(name, "variable_") && application >= 0:
			lines = slices.Insert(lines, application, line)
		default:
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// Encode percent-encodes a header value as FreeSWITCH does in events.
func Encode(value string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"#%&+:;<=>?@[\]^`+"`{|}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
