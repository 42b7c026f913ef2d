package sim

import (
	"regexp"
	"strings"
	"time"
)

// digitArgs are the arguments of play_and_get_digits.
type digitArgs struct {
	min, max, tries         int
	first, between          time.Duration
	terminators             string
	prompt, invalid         string
	variable, regex, onFail string
}

// maxDigits is the size of FreeSWITCH's buffer.
const maxDigits = 128

func parseDigitArgs(data string) (digitArgs, bool) {
	args := splitArgs(data, 11)
	if len(args) == 0 {
		return digitArgs{}, false
	}
	args = append(args, make([]string, 11-len(args))...)
	a := digitArgs{
		min: max(atoi(args[0]), 0), max: atoi(args[1]), tries: atoi(args[2]), terminators: args[4],
		prompt: args[5], invalid: args[6], variable: args[7], regex: args[8], onFail: args[10],
	}
	a.max = max(a.max, a.min)
	a.first = max(milliseconds(args[3]), time.Second)
	if a.terminators == "" {
		a.terminators = "#"
	}
	if a.between = milliseconds(args[9]); a.between <= 0 {
		a.between = a.first
	}
	return a, true
}

func milliseconds(s string) time.Duration { return time.Duration(atoi(s)) * time.Millisecond }

// status is FreeSWITCH's switch_status_t, as far as collecting digits uses it.
type status int

const (
	success status = iota
	timeout
	tooSmall
	restart
	failure
)

// playAndGetDigits is switch_play_and_get_digits. It sets the variables of docs/freeswitch.md#truth-table.
func (c *call) playAndGetDigits(data string) {
	a, ok := parseDigitArgs(data)
	if !ok {
		return
	}
	if a.regex != "" && a.variable != "" {
		c.vars.unset(a.variable + "_invalid")
	}
	for ; c.ready() && a.tries > 0; a.tries-- {
		digits, how := c.readDigits(a)
		c.lastDigit = c.sw.now()
		if c.accepted(a, digits, how) {
			return
		}
		if !c.ready() {
			break
		}
		c.play(a.invalid, Prompt{}, nil)
	}
	if a.onFail != "" && c.ready() {
		c.transferApp(a.onFail)
	}
}

// read is the application read: <min> <max> <file> <variable> <timeout> <terminators> <digit timeout>. In a silent one
// without event-lock FreeSWITCH waits for the service, as in park, but keeps the keys.
func (c *call) read(data string) {
	args := splitArgs(data, 7)
	if len(args) == 0 {
		return
	}
	args = append(args, make([]string, 7-len(args))...)
	a := digitArgs{min: max(atoi(args[0]), 1), max: atoi(args[1]), prompt: args[2], variable: args[3],
		first: max(milliseconds(args[4]), time.Second), terminators: args[5], between: milliseconds(args[6])}
	a.max = max(a.max, a.min)
	if a.terminators == "" {
		a.terminators = "#"
	}
	if a.between <= 0 {
		a.between = a.first
	}
	c.holding = !c.locked && strings.HasPrefix(a.prompt, "silence_stream:")
	c.readDigits(a)
	c.holding = false
}

// accepted reports whether this try ends the application.
func (c *call) accepted(a digitArgs, digits string, how status) bool {
	switch {
	case how == restart:
		return true
	case how == timeout && len(digits) >= a.min:
		how = success
	}
	if a.min == 0 && digits == "" && c.vars.get("read_terminator_used") != "" {
		return true
	}
	if how != success || digits == "" {
		return false
	}
	if a.regex == "" || c.sw.matches(a.regex, digits) {
		return true
	}
	c.vars.unset(a.variable)
	if a.variable != "" {
		c.vars.set(a.variable+"_invalid", digits)
	}
	return false
}

// readDigits is switch_ivr_read: one prompt and its keys. read_terminator_used is set and never cleared.
func (c *call) readDigits(a digitArgs) (string, status) {
	c.vars.unset("read_result")
	c.vars.unset(a.variable)
	if a.max > maxDigits {
		return "", failure
	}
	var buf []byte
	how := success
	if a.prompt != "" && !strings.EqualFold(a.prompt, "silence") {
		switch c.play(a.prompt, Prompt{Digits: true, Max: a.max}, func(d byte) bool { buf = append(buf, d); return true }) {
		case notFound, broken:
			return c.keepDigits(a, buf, failure) // FreeSWITCH sets no read_result here
		}
	}
	var terminator byte
	if a.min > 0 && len(buf) < a.min || len(buf) < a.max {
		c.sounds()
		buf, terminator, how = c.collect(a, buf)
		c.silence()
	}
	if terminator != 0 {
		c.vars.set("read_terminator_used", string(terminator))
		if i := strings.IndexByte(a.terminators, terminator); i > 0 {
			switch a.terminators[i-1] {
			case '+':
				buf = append(buf, terminator)
			case 'x':
				buf, how = append(buf, terminator), restart
			}
		}
	} else if a.terminators[0] == '=' {
		how = tooSmall
	}
	if len(buf) < a.min {
		how = tooSmall
	}
	result := "failure"
	switch how {
	case success:
		result = "success"
	case timeout:
		result = "timeout"
	}
	c.vars.set("read_result", result)
	return c.keepDigits(a, buf, how)
}

// keepDigits sets the variable, even if there are too few digits. A single digit that is a terminator does not count.
func (c *call) keepDigits(a digitArgs, buf []byte, how status) (string, status) {
	if how != restart && a.max == 1 && len(buf) == 1 && strings.IndexByte(a.terminators, buf[0]) >= 0 {
		buf = nil
	}
	c.vars.set(a.variable, string(buf))
	return string(buf), how
}

// collect is switch_ivr_collect_digits_count: it reads keys up to max, a terminator, or silence.
func (c *call) collect(a digitArgs, buf []byte) ([]byte, byte, status) {
	if len(buf) >= a.max {
		return buf, 0, failure
	}
	for i, d := range buf {
		if strings.IndexByte(a.terminators, d) >= 0 {
			return buf[:i], d, success
		}
	}
	patience := a.first
	if len(buf) > 0 {
		patience = a.between
	}
	for until := c.now().Add(patience); ; {
		c.spend(until, func() bool { return !c.ready() || len(c.keys) > 0 })
		switch {
		case !c.ready():
			return buf, 0, failure
		case len(c.keys) == 0:
			return buf, 0, timeout
		}
		for len(c.keys) > 0 {
			d, _ := c.pop()
			if strings.IndexByte(a.terminators, d) >= 0 {
				return buf, d, success
			}
			if buf = append(buf, d); len(buf) >= a.max {
				return buf, 0, success
			}
		}
		until = c.now().Add(a.between)
	}
}

// matches is switch_regex_match; a pattern that Go cannot compile matches nothing.
func (s *Switch) matches(pattern, digits string) bool {
	known, ok := s.patterns.Load(pattern)
	if !ok {
		compiled, _ := regexp.Compile(pattern)
		known, _ = s.patterns.LoadOrStore(pattern, compiled)
	}
	re := known.(*regexp.Regexp)
	return re != nil && re.MatchString(digits)
}
