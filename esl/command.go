package esl

import (
	"errors"
	"fmt"
	"strings"

	"countersign/session"

	"github.com/percipia/eslgo/command"
)

// ErrUnsafeValue: a value must not go to FreeSWITCH, because it holds control bytes or what the application would take
// for a separator, a quote or a variable.
var ErrUnsafeValue = errors.New("value not safe for FreeSWITCH")

// applications lists all that may be executed. FreeSWITCH hangs up on an unknown one, and some known ones run programs.
var applications = map[string]bool{
	"break": true, "detect_speech": true, "execute_extension": true, "export": true, "hangup": true,
	"multiset":            true,
	"play_and_get_digits": true, "playback": true, "record_session": true, "record_session_mask": true,
	"record_session_unmask": true,
	"sched_cancel":          true, "sched_transfer": true, "start_dtmf": true, "stop_dtmf": true, "stop_record_session": true,
	"transfer": true,
}

// unlocked are executed without event-lock, so FreeSWITCH carries out other commands meanwhile: the holder, listening,
// so that it can be stopped, and stopping it.
var unlocked = map[string]bool{"break": true, "detect_speech": true, "execute_extension": true}

// maxArgument bounds an application's argument. FreeSWITCH takes longer ones only as a body, which we do not need.
const maxArgument = 2048

// endOfCommand ends a command: FreeSWITCH reads to an empty line, and the builders write CRLF between lines.
const endOfCommand = "\r\n\r\n"

// Commands that open a call. The filters let two kinds of events through only: less to read, and no digits. Completions
// of the applications that we run most and never wait for are left out, too: two thirds of what would come.
var (
	connect  = command.Connect{}.BuildMessage() + endOfCommand
	myEvents = command.MyEvents{}.BuildMessage() + endOfCommand
	filters  = [...]string{
		filter("Event-Name", "CHANNEL_EXECUTE_COMPLETE"), filter("Event-Name", "CHANNEL_HANGUP"),
		filter("Application", "-multiset"), filter("Application", "-sched_cancel"),
		filter("Application", "-sched_transfer"), filter("Application", "-export"),
	}
	exit = command.Exit{}.BuildMessage() + endOfCommand
)

// filter lets events with that value of a header pass, or with a minus sign in front keeps them out.
func filter(header, value string) string {
	return command.Filter{EventHeader: header, FilterValue: value}.BuildMessage() + endOfCommand
}

// executeLines is as long as an execute is without its values. It is built here, since a call has ten of them and the
// builders of eslgo take ten times as long.
const executeLines = "sendmsg \r\nevent-lock: true\r\ncall-command: execute\r\nloops: 1\r\nexecute-app-name: \r\n" +
	"Event-UUID: \r\nexecute-app-arg: " + endOfCommand

// execute builds the command that queues an application on the caller's leg. While an unlocked one runs, it starts at
// once. id comes back as Application-UUID.
func execute(application, arg, id string) (string, error) {
	if !applications[application] {
		return "", fmt.Errorf(
			"%w: application %q is not in the list of Countersign's applications", ErrUnsafeValue, application,
		)
	}
	if len(arg) > maxArgument {
		return "", fmt.Errorf("%w: an argument of %s has %d bytes, at most %d fit in a header",
			ErrUnsafeValue, application, len(arg), maxArgument)
	}
	if i := strings.IndexFunc(arg, isControl); i >= 0 {
		return "", fmt.Errorf("%w: control byte %#x in an argument of %s", ErrUnsafeValue, arg[i], application)
	}
	if i := strings.IndexAny(arg, `$\`); i >= 0 {
		return "", fmt.Errorf("%w: FreeSWITCH would expand %q in an argument of %s", ErrUnsafeValue, arg[i], application)
	}
	var b strings.Builder
	b.Grow(len(executeLines) + len(application) + len(arg) + len(id))
	b.WriteString("sendmsg \r\n")
	if !unlocked[application] {
		b.WriteString("event-lock: true\r\n")
	}
	b.WriteString("call-command: execute\r\nloops: 1\r\nexecute-app-name: ")
	b.WriteString(application)
	if id != "" {
		b.WriteString("\r\nEvent-UUID: ")
		b.WriteString(id)
	}
	b.WriteString("\r\nexecute-app-arg: ")
	b.WriteString(arg)
	b.WriteString(endOfCommand)
	return b.String(), nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// assignment builds "name=value" for set, multiset and export.
func assignment(name, value string) (string, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isWord(r) && r != ':' && r != '-' }) {
		return "", fmt.Errorf("%w: variable name %q", ErrUnsafeValue, name)
	}
	if !session.IsValue(value) {
		return "", fmt.Errorf("%w: the value of %s", ErrUnsafeValue, name)
	}
	return name + "=" + value, nil
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
}

// fileDelimiter separates the files of a prompt. FreeSWITCH plays them without a gap because of the channel variables
// that joinFiles sets. Its file_string would do so, too, but begins with 250 ms of silence (mod_dptools, next_file).
const fileDelimiter = "!"

// playable joins files to one argument that FreeSWITCH plays without a gap, quoted for applications that split their
// argument at spaces.
func playable(files []string, quoted bool) (string, error) {
	for _, f := range files {
		if f == "" || strings.ContainsAny(f, `!'"$\`) || strings.ContainsFunc(f, isControl) {
			return "", fmt.Errorf("%w: file name %q", ErrUnsafeValue, f)
		}
	}
	var arg string
	switch len(files) {
	case 0:
		return "silence_stream://10", nil
	case 1:
		arg = files[0]
	default:
		arg = strings.Join(files, fileDelimiter)
	}
	if quoted && strings.Contains(arg, " ") {
		arg = "'" + arg + "'"
	}
	return arg, nil
}

// checkDestination checks the destination of a transfer.
func checkDestination(to session.Destination) error {
	return errors.Join(
		word("extension", to.Extension), word("dialplan", to.Dialplan), word("context", to.Context),
	)
}

// word checks one word of a command.
func word(what, w string) error {
	if !session.IsExtension(w) {
		return fmt.Errorf("%w: %s %q", ErrUnsafeValue, what, w)
	}
	return nil
}
