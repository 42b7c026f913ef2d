package sim

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// FreeSWITCH's side of the outbound event socket: socket_function, listener_run and parse_command of mod_event_socket.

// connectTimeout is how long FreeSWITCH waits for the first command.
const connectTimeout = 25 * time.Second

// socket is the application socket: the service controls the call until it ends, is sent elsewhere, or the connection
// ends.
func (c *call) socket(data string) {
	addresses, mode, _ := strings.Cut(data, " ")
	host := addresses[strings.LastIndexByte(addresses, '|')+1:]
	c.vars.set("socket_host", host[:max(strings.LastIndexByte(host, ':'), 0)])
	began := c.sw.now()
	if err := c.wire.dial(c.ctx, addresses); err != nil {
		if c.ctx.Err() != nil {
			c.callerGone()
		}
		c.leave(Resumed, err.Error())
		return
	}
	c.result.Times.Connect = c.sw.now().Sub(began)
	c.full = strings.Contains(mode, "full")
	c.inSocket, c.controlled = true, true
	c.wait(c.now().Add(connectTimeout), false, func() bool { return c.connected || !c.wire.open || !c.ready() })
	if !c.connected && c.wire.open {
		c.listenerEnded("the service did not send connect in time")
	}
	// FreeSWITCH parks up to a frame after connect; myevents and filters have usually arrived by then.
	c.wait(c.now().Add(frameTime), false, func() bool { return len(c.queue) > 0 || !c.ready() || !c.controlled })
	c.park()
	c.commands()
	c.inSocket, c.reset = false, false
}

// take answers a batch of commands; ok is false when no more will come.
func (c *call) take(b batch, ok bool) {
	for i := range b.commands {
		if c.cause != "" || !c.wire.open {
			return // FreeSWITCH reads no more
		}
		c.answerCommand(&b.commands[i])
	}
	switch {
	case errors.Is(b.err, errContentLength):
		c.wire.close(c.profile.uuid)
		c.listenerEnded("the service sent a command with a Content-Length out of range")
	case errors.Is(b.err, io.EOF) || !ok:
		c.listenerEnded("the service closed the connection")
	case b.err != nil:
		c.listenerEnded(fmt.Sprintf("the connection to the service broke: %v", b.err))
	}
}

// listenerEnded is the end of listener_run: with socket_resume the dialplan goes on at once, without it after the
// running application. A call that has already been sent elsewhere is torn from there.
func (c *call) listenerEnded(reason string) {
	c.wire.release()
	c.wire.in = nil // nothing more to take
	if c.cause != "" || c.pending != nil {
		return
	}
	resume := c.vars.truth("socket_resume")
	if !c.inSocket {
		c.stranded = resume
		return
	}
	c.leave(Resumed, reason)
	c.reset, c.controlled = resume, false
}

// answerCommand is parse_command.
func (c *call) answerCommand(cmd *command) {
	if c.wire.watch != nil {
		c.wire.watch(Frame{FromService: true, At: c.sw.now().Sub(c.wire.started), Bytes: cmd.raw})
	}
	first := !c.commanded
	c.commanded = true
	text := c.obey(cmd)
	if text == "" {
		text = "-ERR command not found"
	}
	if !first && text != noReply {
		c.wire.send("Content-Type: command/reply\nReply-Text: " + text + "\n\n")
	}
	if c.exiting {
		c.wire.close(c.profile.uuid)
		c.listenerEnded("the service sent exit")
	}
}

// noReply means that the command has already replied.
const noReply = "\x00"

// obey runs a command and returns its Reply-Text; empty if it is refused.
func (c *call) obey(cmd *command) string {
	verb := func(name string) bool {
		return len(cmd.line) >= len(name) && strings.EqualFold(cmd.line[:len(name)], name)
	}
	_, arg, _ := strings.Cut(cmd.line, " ")
	switch {
	case verb("exit"), verb("..."):
		c.exiting = true
		return "+OK bye"
	case verb("filter "):
		return c.filter(strings.TrimLeft(arg, " "))
	case verb("resume"):
		c.vars.set("socket_resume", "true")
		return "+OK"
	case verb("connect"):
		c.connect()
		return noReply
	case verb("getvar"):
		return c.variable(arg)
	case verb("myevents"):
		if c.wire.events {
			return "-ERR aready enabled."
		}
		c.wire.events = true
		return "+OK Events Enabled"
	case verb("divert_events"):
		return divert(strings.TrimSpace(cmd.line[len("divert_events"):]))
	case verb("sendmsg"):
		return c.sendmsg(cmd)
	}
	return ""
}

// connect answers with all variables and headers of the call, in one block without a length.
func (c *call) connect() {
	c.connected = true
	control := "single-channel"
	if c.full {
		control = "full"
	}
	start := len(c.wire.out)
	out := c.event(c.wire.out, channelData, c.sw.sequence.Add(1))
	out = append(out, "Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: "+control+"\n\n"...)
	c.wire.sent(out, start)
}

func (c *call) filter(arg string) string {
	name, value, ok := strings.Cut(arg, " ")
	switch {
	case !ok:
		return "-ERR invalid syntax"
	case strings.EqualFold(name, "delete"):
		name, value, _ = strings.Cut(value, " ")
		c.wire.unfilter(name, value)
		return "+OK filter deleted. [" + name + "][" + value + "]"
	case strings.EqualFold(name, "add"):
		name, value, _ = strings.Cut(value, " ")
	}
	c.wire.filter(name, value)
	return "+OK filter added. [" + name + "]=[" + value + "]"
}

func divert(arg string) string {
	switch {
	case arg == "":
		return "-ERR missing value."
	case strings.EqualFold(arg, "on"):
		return "+OK events diverted"
	default:
		return "+OK events not diverted"
	}
}

// variable is the reply of getvar: a channel variable, or a field of the profile.
func (c *call) variable(name string) string {
	if v := c.vars.get(name); v != "" {
		return v
	}
	switch name {
	case "caller_id_name":
		return c.profile.name
	case "caller_id_number", "ani", "username":
		return c.profile.number
	case "destination_number":
		return c.profile.destination
	case "context":
		return c.profile.context
	case "network_addr":
		return c.profile.network
	case "rdnis":
		return c.profile.rdnis
	}
	return ""
}

// sendmsg queues a command if it is for this call.
func (c *call) sendmsg(cmd *command) string {
	uuid := strings.TrimSpace(cmd.line[len("sendmsg"):])
	if uuid == "" {
		uuid = cmd.header("session-id")
	}
	if uuid != "" && uuid != c.profile.uuid {
		return "-ERR invalid session id [" + uuid + "]"
	}
	c.queue = append(c.queue, *cmd)
	return "+OK"
}

// end reports the hangup to the service and closes the connection.
func (c *call) end() {
	if !c.wire.open || c.stranded {
		return
	}
	c.state.running = "CS_HANGUP"
	c.fire(channelState)
	c.hidden(1)
	c.state.running, c.state.call, c.state.number = "CS_REPORTING", "HANGUP", "11"
	c.profile.hungUp = c.now()
	c.profileChanged()
	c.fire(channelState)
	if c.wire.wants(channelEnd) {
		c.account()
	}
	c.fire(channelEnd)
	c.wire.close(c.profile.uuid)
}
