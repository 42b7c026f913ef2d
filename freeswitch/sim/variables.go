package sim

import (
	"slices"
	"strings"
)

// variables are the channel variables in FreeSWITCH's order: setting one moves it to the end (switch_event.c). Each
// keeps its line in an event, so that an event is a copy of lines.
type variables struct {
	order []uint16   // indexes in made of the variables that are set
	made  []variable // all that were ever set in this call
	lines []byte
}

// variable is one channel variable. Its line is lines[start:end], or fixed if it is the same for all calls.
type variable struct {
	name, value, fixed string
	start, end         int
}

// index is the index of a variable in order; -1 if it is not set. Names are case-insensitive.
func (v *variables) index(name string) int {
	if name == "" {
		return -1
	}
	last := name[len(name)-1] | 0x20
	for i, at := range v.order {
		n := v.made[at].name
		if len(n) == len(name) && n[len(n)-1]|0x20 == last && (n == name || strings.EqualFold(n, name)) {
			return i
		}
	}
	return -1
}

func (v *variables) append(x variable) {
	v.order, v.made = append(v.order, uint16(len(v.made))), append(v.made, x)
}

// get is the value; empty if unset, as FreeSWITCH has no empty variables.
func (v *variables) get(name string) string {
	if i := v.index(name); i >= 0 {
		return v.made[v.order[i]].value
	}
	return ""
}

// truth is switch_true.
func (v *variables) truth(name string) bool { return truth(v.get(name)) }

func truth(s string) bool {
	if s == "" || s == "true" {
		return s != ""
	}
	switch strings.ToLower(s) {
	case "yes", "on", "true", "t", "enabled", "active", "allow":
		return true
	}
	return atoi(s) != 0
}

func (v *variables) set(name, value string) {
	v.unset(name)
	if name == "" || value == "" {
		return
	}
	v.add(name, value)
}

// add is set for a variable that is not set yet.
func (v *variables) add(name, value string) {
	start := len(v.lines)
	v.lines = append(append(append(v.lines, "variable_"...), name...), ": "...)
	v.lines = append(encode(v.lines, value), '\n')
	v.append(variable{name: name, value: value, start: start, end: len(v.lines)})
}

// again sets a variable to its own value, which moves it to the end.
func (v *variables) again(name string) {
	if i := v.index(name); i >= 0 {
		at := v.order[i]
		v.order = append(slices.Delete(v.order, i, i+1), at)
	}
}

func (v *variables) unset(name string) {
	if i := v.index(name); i >= 0 {
		v.order = slices.Delete(v.order, i, i+1)
	}
}

// push appends to a list of values such as transfer_history.
func (v *variables) push(name, value string) {
	if old := v.get(name); old != "" {
		value = "ARRAY::" + strings.TrimPrefix(old, "ARRAY::") + "|:" + value
		if i := v.index(name); i >= 0 { // a list keeps its place
			v.add(name, value)
			last := len(v.order) - 1
			v.order[i], v.order = v.order[last], v.order[:last]
			return
		}
	}
	v.set(name, value)
}

func (v *variables) render(dst []byte) []byte {
	for _, at := range v.order {
		x := &v.made[at]
		dst = append(append(dst, x.fixed...), v.lines[x.start:x.end]...)
	}
	return dst
}

// expand replaces ${name} with the variable (switch_channel_expand_variables). It has no functions and arrays.
func (v *variables) expand(s string) string {
	if !strings.Contains(s, "${") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("${" + rest)
			return b.String()
		}
		b.WriteString(v.get(name))
		s = after
	}
}

// exported are the SIP headers of the next leg: exported variables that start with sip_h_ (export_vars, mod_sofia).
func (v *variables) exported() map[string]string {
	headers := map[string]string{}
	for name := range strings.SplitSeq(v.get("export_vars"), ",") {
		plain := strings.TrimPrefix(strings.TrimPrefix(name, "nolocal:"), "_nolocal_")
		if header, ok := strings.CutPrefix(plain, "sip_h_"); ok {
			if value := v.get(name); value != "" {
				headers[header] = value
			}
		}
	}
	return headers
}

func (v *variables) all() map[string]string {
	m := make(map[string]string, len(v.order))
	for _, at := range v.order {
		m[v.made[at].name] = v.made[at].value
	}
	return m
}
