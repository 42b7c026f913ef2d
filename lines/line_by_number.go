package lines

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"

	"countersign/session"
)

// Entry is a line in force and its numbers.
type Entry struct {
	Line    *session.Line
	Numbers []Number
	// Before is the version on which calls stay that Takes does not choose, while Line begins with a share of them; nil if
	// all calls take Line. call is the id of a call's first visit.
	Before *session.Line
	Takes  func(call string) bool
}

// Book holds the lines in force and picks one for each call. Set replaces all of them at once: a call gets either the
// old or the new line, and keeps it. It may be used from any goroutine.
type Book struct{ now atomic.Pointer[index] }

// NewBook makes a Book without lines: builtIn takes every call that no other line takes.
func NewBook(builtIn *session.Line) *Book {
	b := &Book{}
	b.Replace(builtIn, nil)
	return b
}

// index is one immutable state of the Book.
type index struct {
	builtIn *session.Line
	entries []Entry
	byName  map[string]*session.Line
	// exact has numbers as dialled; national has them as E.164 by their line's region, because the same digits are another
	// number elsewhere.
	exact    map[string]*session.Line
	national []region
	prefixes []prefix // the longest first
	staged   map[*session.Line]Entry
	rest     *session.Line
}

type region struct {
	code  string
	exact map[string]*session.Line
}

type prefix struct {
	beginning, region string
	line              *session.Line
}

// Set replaces the lines in force. If several claim a number, the line whose name sorts first has it.
func (b *Book) Set(entries []Entry) { b.Replace(b.now.Load().builtIn, entries) }

// Replace is Set, and replaces the built-in line, too.
func (b *Book) Replace(builtIn *session.Line, entries []Entry) {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Line.Name, b.Line.Name) })
	x := &index{
		builtIn: builtIn, entries: entries, byName: map[string]*session.Line{}, exact: map[string]*session.Line{},
		staged: map[*session.Line]Entry{},
	}
	for _, e := range entries {
		if e.Before != nil {
			x.staged[e.Line] = e
		}
		claim(x.byName, e.Line.Name, e.Line)
		for _, n := range e.Numbers {
			x.add(n, e.Line)
		}
	}
	slices.SortStableFunc(x.prefixes, func(a, b prefix) int { return cmp.Compare(len(b.beginning), len(a.beginning)) })
	b.now.Store(x)
}

func claim(m map[string]*session.Line, key string, l *session.Line) {
	if _, taken := m[key]; !taken {
		m[key] = l
	}
}

func (x *index) add(n Number, l *session.Line) {
	r := x.region(l.Region)
	beginning, isPrefix := n.prefix()
	switch {
	case n == "*":
		if x.rest == nil {
			x.rest = l
		}
	case isPrefix:
		x.prefixes = append(x.prefixes, prefix{strings.TrimSuffix(numberKey(n, l.Region), "*"), l.Region, l})
		if key := strings.TrimSuffix(numberKey(n, l.Region), "*"); key != beginning {
			x.prefixes = append(x.prefixes, prefix{beginning, l.Region, l})
		}
	default:
		claim(x.exact, string(n), l)
		claim(r.exact, numberKey(n, l.Region), l)
	}
}

func (x *index) region(code string) region {
	for _, r := range x.national {
		if r.code == code {
			return r
		}
	}
	r := region{code, map[string]*session.Line{}}
	x.national = append(x.national, r)
	return r
}

// Lines returns the lines in force, by name.
func (b *Book) Lines() []Entry { return slices.Clone(b.now.Load().entries) }

// Pick returns the line of a call: the one that the dialplan names; else by the dialled number, exactly, by the longest
// prefix, or the line for all others; else the built-in one. A number matches as dialled, and as E.164 by the line's
// region. Of a line that begins with a share of the calls, the call's first id picks the version.
func (b *Book) Pick(call session.Call) *session.Line {
	x := b.now.Load()
	l := x.pick(call)
	if e, ok := x.staged[l]; ok && !e.Takes(cmp.Or(call.First, call.ID)) {
		return e.Before
	}
	return l
}

func (x *index) pick(call session.Call) *session.Line {
	if call.Line != "" {
		if l := x.byName[call.Line]; l != nil {
			return l
		}
		if call.Line == x.builtIn.Name {
			return x.builtIn
		}
	}
	if l := x.exact[call.Dialled]; l != nil {
		return l
	}
	return cmp.Or(x.search(call.Dialled), x.rest, x.builtIn)
}

// search finds a number that is not written as dialled.
func (x *index) search(dialled string) *session.Line {
	dialled = bare(dialled)
	if dialled == "" {
		return nil
	}
	if l := x.exact[dialled]; l != nil {
		return l
	}
	e164 := make([]string, len(x.national))
	for i, r := range x.national {
		n := session.ReadPhone(dialled, r.code)
		if n.Err != nil {
			continue
		}
		if e164[i] = n.E164; r.exact[n.E164] != nil {
			return r.exact[n.E164]
		}
	}
	for _, p := range x.prefixes {
		at := slices.IndexFunc(x.national, func(r region) bool { return r.code == p.region })
		national := at >= 0 && e164[at] != "" && strings.HasPrefix(e164[at], p.beginning)
		if national || strings.HasPrefix(dialled, p.beginning) {
			return p.line
		}
	}
	return nil
}
