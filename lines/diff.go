package lines

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Diff says what is different in b, one setting a line: "verify.questions[0].pin.digits: 4-6 → 6". What a file leaves out counts as its usual value. Nothing
// different is an empty list, whatever the comments say.
func Diff(a, b *Definition) []string {
	var d differ
	d.structs(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), "")
	return d.out
}

type differ struct{ out []string }

func (d *differ) add(path, format string, a ...any) {
	d.out = append(d.out, path+": "+fmt.Sprintf(format, a...))
}

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
	case a.Kind() == reflect.Slice && isChoice(a.Type().Elem()):
		d.choices(a, b, path)
	case a.Kind() == reflect.Struct && hasSettings(a.Type()):
		d.structs(a, b, path)
	default:
		d.add(path, "%s → %s", written(a), written(b))
	}
}

func hasSettings(t reflect.Type) bool { return len(keysOf(t)) > 0 }

func (d *differ) comesOrGoes(comes bool, path string) {
	if comes {
		d.add(path, "added")
		return
	}
	d.add(path, "removed")
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

// choices compares lists of one-of-several by what is in them, then their order.
func (d *differ) choices(a, b reflect.Value, path string) {
	before, after := labels(a), labels(b)
	for i, name := range before {
		if !slices.Contains(after, name) {
			d.add(fmt.Sprintf("%s[%d].%s", path, i, kindAt(a, i)), "removed%s", named(name, kindAt(a, i)))
		}
	}
	for i, name := range after {
		at := fmt.Sprintf("%s[%d].%s", path, i, kindAt(b, i))
		j := slices.Index(before, name)
		if j < 0 {
			d.add(at, "added%s", named(name, kindAt(b, i)))
			continue
		}
		_, x := chosen(a.Index(j).Interface())
		_, y := chosen(b.Index(i).Interface())
		d.values(reflect.ValueOf(x), reflect.ValueOf(y), at)
	}
	kept := func(names, others []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(others, n) })
	}
	if x, y := kept(before, after), kept(after, before); !slices.Equal(x, y) {
		d.add(path, "order %s → %s", strings.Join(x, ", "), strings.Join(y, ", "))
	}
}

func kindAt(list reflect.Value, i int) string {
	kind, _ := chosen(list.Index(i).Interface())
	return kind
}

// named adds the name of what has one.
func named(name, kind string) string {
	if name == kind {
		return ""
	}
	return " (" + name + ")"
}

// labels tell the entries of a list apart: by their names, or kinds.
func labels(list reflect.Value) []string {
	var names []string
	for i := range list.Len() {
		kind, value := chosen(list.Index(i).Interface())
		name := kind
		if f := reflect.ValueOf(value).Elem().FieldByName("Name"); f.IsValid() {
			name = f.String()
		}
		names = append(names, name)
	}
	return names
}

// written is a value as the file would have it.
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
