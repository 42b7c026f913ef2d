package sim

import (
	"strconv"
	"strings"
	"time"
)

// The applications of mod_dptools that take no time.

// set sets one variable: name=value. An empty value unsets it.
func (c *call) set(data string) {
	name, value, ok := strings.Cut(data, "=")
	if !ok {
		name, value, _ = strings.Cut(data, ",")
	}
	c.vars.set(name, c.vars.expand(value))
}

// parts splits the argument of multiset and multiunset at spaces, or at the character after ^^.
func parts(data string) []string {
	if rest, ok := strings.CutPrefix(data, "^^"); ok && rest != "" {
		return strings.Split(rest[1:], rest[:1])
	}
	return strings.Split(data, " ")
}

func (c *call) multiset(data string) {
	for _, p := range parts(data) {
		c.set(p)
	}
}

func (c *call) multiunset(data string) {
	for _, p := range parts(data) {
		c.vars.unset(p)
	}
}

// export sets a variable and marks it for the next leg. A prefix "nolocal:" is part of the name here.
func (c *call) export(data string) {
	name, value, _ := strings.Cut(data, "=")
	c.vars.set(name, value)
	if name == "" || value == "" {
		return
	}
	if exports := c.vars.get("export_vars"); exports != "" {
		name = exports + "," + name
	}
	c.vars.set("export_vars", name)
}

// schedule is sched_transfer: +seconds extension dialplan context.
func (c *call) schedule(data string) {
	args := splitArgs(data, 4)
	if len(args) < 2 {
		return
	}
	at := c.now()
	if after, ok := strings.CutPrefix(args[0], "+"); ok {
		s, _ := strconv.ParseFloat(after, 64)
		at = at.Add(time.Duration(s * float64(time.Second)))
	} else {
		at = time.Unix(int64(atoi(args[0])), 0)
	}
	id := strconv.Itoa(int(c.sw.tasks.Add(1)))
	c.deadlines = append(c.deadlines, deadline{id, at, newDestination(args[1:])})
	c.hidden(1)
	c.vars.set("last_sched_id", id)
}

func newDestination(args []string) destination {
	args = append(args, "", "", "")
	return destination{args[0], args[1], args[2]}
}

// cancel is sched_cancel: one task by its number, or all of the call's.
func (c *call) cancel(data string) {
	if data == "" || data == c.profile.uuid {
		c.deadlines = nil
		return
	}
	kept := c.deadlines[:0]
	for _, d := range c.deadlines {
		if d.id != data {
			kept = append(kept, d)
		}
	}
	c.deadlines = kept
}

func (c *call) transferApp(data string) {
	args := splitArgs(data, 4)
	if len(args) == 0 {
		return
	}
	if c.inSocket {
		c.leave(Transferred, "")
	}
	c.transfer(newDestination(args))
}

func (c *call) hangupApp(data string) {
	if c.inSocket && c.cause == "" {
		c.leave(HungUp, "the service hung up")
	}
	c.hangup(causeName(data), false)
}

// causeName is the Q.850 cause for a name; NORMAL_CLEARING if empty.
func causeName(name string) string {
	if name == "" {
		return "NORMAL_CLEARING"
	}
	return strings.ToUpper(name)
}

// parkApp parks a call indefinitely. FreeSWITCH refuses this for a call that the service already controls.
func (c *call) parkApp(string) {
	if c.inSocket && c.controlled {
		return
	}
	c.controlled = true
	c.park()
}

// splitArgs splits an argument at spaces into at most n parts (switch_separate_string). Single quotes protect spaces
// and are removed; a backslash escapes quotes and itself.
func splitArgs(s string, n int) []string {
	var args []string
	for s = strings.TrimLeft(s, " "); s != "" && len(args) < n; s = strings.TrimLeft(s, " ") {
		end, quoted := 0, false
		for ; end < len(s); end++ {
			if s[end] == '\\' {
				end++
			} else if s[end] == '\'' {
				quoted = !quoted
			} else if s[end] == ' ' && !quoted && len(args) < n-1 {
				break
			}
		}
		end = min(end, len(s))
		args = append(args, unquote(s[:end]))
		s = s[end:]
	}
	return args
}

func unquote(s string) string {
	if !strings.ContainsAny(s, `'\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	inside := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`'"\nrts`, s[i+1]) >= 0:
			i++
			out = append(out, unescaped(s[i]))
		case s[i] == '\'' && (inside || strings.IndexByte(s[i+1:], '\'') >= 0):
			inside = !inside
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

func unescaped(b byte) byte {
	switch b {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 's':
		return ' '
	default:
		return b
	}
}

// executeExtension is execute_extension for the inline dialplan: "<application>:<argument>,…", or with another
// delimiter "m:~:<application>:<argument>~…". It stops when the call leaves.
func (c *call) executeExtension(data string) {
	args := splitArgs(data, 4)
	if len(args) < 2 || args[1] != "inline" {
		return
	}
	actions, delimiter := args[0], ","
	if len(actions) > 4 && actions[:2] == "m:" && actions[3] == ':' {
		actions, delimiter = actions[4:], actions[2:3]
	}
	for action := range strings.SplitSeq(actions, delimiter) {
		if !c.ready() {
			return
		}
		name, argument, _ := strings.Cut(strings.TrimLeft(action, " "), ":")
		c.execute(name, argument, "")
	}
}
