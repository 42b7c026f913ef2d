package lines

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Difference is one difference between two files of a line.
type Difference struct {
	// Path is the setting, as in a Problem.
	Path string
	What DifferenceKind
	// Name is the author's name of an entry that has one, or that of what it is in place of.
	Name string
	// Before and After are the values of a change; Orders those of what was reordered.
	Before, After string
	Orders        Orders
}

// Orders are the names of the entries that stay, before and after.
type Orders struct{ Before, After []string }

// DifferenceKind is a kind of difference.
type DifferenceKind string

// The kinds of differences.
const (
	Changed   DifferenceKind = "changed"
	Added     DifferenceKind = "added"
	Removed   DifferenceKind = "removed"
	Replaced  DifferenceKind = "replaced" // another kind of entry, of the same name
	Reordered DifferenceKind = "reordered"
)

func (d Difference) String() string {
	name := ""
	if d.Name != "" {
		name = " (" + d.Name + ")"
	}
	switch d.What {
	case Added, Removed:
		return d.Path + ": " + string(d.What) + name
	case Replaced:
		return d.Path + ": in place of " + d.Before + name
	case Reordered:
		return d.Path + ": order " + strings.Join(d.Orders.Before, ", ") + " → " + strings.Join(d.Orders.After, ", ")
	}
	return d.Path + ": " + d.Before + " → " + d.After
}

// Diff lists the differences of b, one setting each: "verify.questions[0].pin.digits: 4-6 → 6". A missing setting
// counts as its default. Comments do not count.
func Diff(a, b *Definition) (all []string) {
	for _, d := range Differences(a, b) {
		all = append(all, d.String())
	}
	return all
}

// Differences are those that Diff lists.
func Differences(a, b *Definition) []Difference {
	var d differ
	d.structs(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), "")
	return d.out
}

type differ struct{ out []Difference }

func (d *differ) add(x Difference) { d.out = append(d.out, x) }

func (d *differ) structs(a, b reflect.Value, path string) {
	for _, f := range reflect.VisibleFields(a.Type()) {
		if key := f.Tag.Get("yaml"); key != "" {
			d.values(a.FieldByIndex(f.Index), b.FieldByIndex(f.Index), join(path, key))
		}
	}
}

func (d *differ) values(a, b reflect.Value, path string) {
	switch {
	case reflect.DeepEqual(a.Interface(), b.Interface()):
	case a.Kind() == reflect.Pointer && (a.IsNil() || b.IsNil()):
		d.comesOrGoes(a.IsNil(), path)
	case a.Kind() == reflect.Pointer:
		d.values(a.Elem(), b.Elem(), path)
	case a.Kind() == reflect.Map:
		d.maps(a, b, path)
	case a.Kind() == reflect.Slice && isVariant(a.Type().Elem()):
		d.variants(chosenIn(a), chosenIn(b), path)
	case a.Kind() == reflect.Struct && hasSettings(a.Type()):
		d.structs(a, b, path)
	default:
		d.add(Difference{Path: path, What: Changed, Before: written(a), After: written(b)})
	}
}

func hasSettings(t reflect.Type) bool { return len(keysOf(t)) > 0 }

func (d *differ) comesOrGoes(comes bool, path string) {
	if comes {
		d.add(Difference{Path: path, What: Added})
		return
	}
	d.add(Difference{Path: path, What: Removed})
}

func (d *differ) maps(a, b reflect.Value, path string) {
	keys := map[string]bool{}
	for _, m := range []reflect.Value{a, b} {
		for _, k := range m.MapKeys() {
			keys[k.String()] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		x, y := a.MapIndex(reflect.ValueOf(k)), b.MapIndex(reflect.ValueOf(k))
		switch at := join(path, shorten(k)); {
		case !x.IsValid() || !y.IsValid():
			d.comesOrGoes(!x.IsValid(), at)
		default:
			d.values(x, y, at)
		}
	}
}

// variants compares lists of variants by content, then by order.
func (d *differ) variants(a, b []settings, path string) {
	before, after := names(a), names(b)
	for i, s := range a {
		if !slices.Contains(after, before[i]) {
			d.add(Difference{Path: place{path, i, s.key()}.settings(), What: Removed, Name: named(s)})
		}
	}
	for i, s := range b {
		at := place{path, i, s.key()}.settings()
		j := slices.Index(before, after[i])
		if j < 0 {
			d.add(Difference{Path: at, What: Added, Name: named(s)})
			continue
		}
		if a[j].key() != s.key() { // another variant of the same name
			d.add(Difference{Path: at, What: Replaced, Before: a[j].key(), Name: named(s)})
			continue
		}
		d.values(reflect.ValueOf(a[j]), reflect.ValueOf(s), at)
	}
	kept := func(names, others []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(others, n) })
	}
	if x, y := kept(before, after), kept(after, before); !slices.Equal(x, y) {
		d.add(Difference{Path: path, What: Reordered, Orders: Orders{x, y}})
	}
}

// chosenIn returns the entries of a list of variants.
func chosenIn(list reflect.Value) (all []settings) {
	for i := range list.Len() {
		all = append(all, list.Index(i).Addr().Interface().(variant).chosen())
	}
	return all
}

// names tell the entries of a list apart.
func names(all []settings) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = nameOf(s)
	}
	return out
}

// named is the name of an entry that has one.
func named(s settings) string {
	if name := nameOf(s); name != s.key() {
		return name
	}
	return ""
}

// written is a value as in the file.
func written(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		var all []string
		for i := range v.Len() {
			all = append(all, written(v.Index(i)))
		}
		return orNone(strings.Join(all, ", "))
	}
	s := fmt.Sprint(v.Interface())
	if v.Kind() == reflect.String && strings.ContainsAny(s, " \n\t") {
		return strconv.Quote(shorten(s))
	}
	return orNone(shorten(s))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
