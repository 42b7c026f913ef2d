package lines

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/session"

	"github.com/goccy/go-yaml/ast"
)

// decoder fills a Definition from a syntax tree, and collects all problems and the position of every value.
type decoder struct {
	source   source
	problems Problems
}

func (d *decoder) wrong(at position, path, format string, a ...any) {
	d.problems = append(d.problems, Problem{
		File: d.source.file, Line: at.line, Column: at.column, Path: path, Text: fmt.Sprintf(format, a...),
	})
}

var (
	durationType    = reflect.TypeFor[time.Duration]()
	destinationType = reflect.TypeFor[session.Destination]()
)

// value reads n into v. tag is that of the field.
func (d *decoder) value(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	where := positionOf(n)
	d.source.at[path] = where
	if len(d.problems) > maxProblems {
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		d.pointer(n, v, path)
	case isWord(v):
		d.word(n, v, path, tag)
	case isVariant(v.Type()):
		d.variant(n, v.Addr().Interface().(variant), path)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path, tag)
	case v.Kind() == reflect.Map:
		d.dictionary(n, v, path, tag)
	default:
		d.plain(n, v, path, tag)
	}
}

func isWord(v reflect.Value) bool {
	if v.Type() == durationType || v.Type() == destinationType {
		return true
	}
	_, ok := v.Addr().Interface().(word)
	return ok
}

func (d *decoder) pointer(n ast.Node, v reflect.Value, path string) {
	p := reflect.New(v.Type().Elem())
	v.Set(p)
	if x, ok := p.Interface().(defaulter); ok {
		x.setDefaults()
	}
	d.value(n, p.Elem(), path, "")
}

// word reads a value of one word and checks it against the allowed words and bounds.
func (d *decoder) word(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	where := positionOf(n)
	text, ok := scalarText(n)
	if !ok {
		d.wrong(where, path, "want one word or number, got %s", kindOf(n))
		return
	}
	if allowed := tag.Get("enum"); allowed != "" && !oneOf(text, allowed) {
		d.wrong(where, path, "%q: it can be %s", text, listed(strings.Split(allowed, ",")))
		return
	}
	var err error
	switch to := v.Addr().Interface().(type) {
	case word:
		err = to.unword(text)
	case *time.Duration:
		if *to, err = time.ParseDuration(text); err != nil {
			err = fmt.Errorf("%q is not a time: write it with its unit, such as 5s or 5m", text)
		}
	case *session.Destination:
		*to, err = parseDestination(text)
	}
	if err != nil {
		d.wrong(where, path, "%v", err)
		return
	}
	d.bounds(where, v, path, tag)
}

func oneOf(text, allowed string) bool {
	for a := range strings.SplitSeq(allowed, ",") {
		if a == text {
			return true
		}
	}
	return false
}

// plain reads values of Go's basic kinds.
func (d *decoder) plain(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	where := positionOf(n)
	text, ok := scalarText(n)
	switch v.Kind() {
	case reflect.String:
		if !isText(n) {
			hint := ""
			if ok {
				hint = fmt.Sprintf(": put %s in quotes", text)
			}
			d.wrong(where, path, "want a text, got %s%s", kindOf(n), hint)
			return
		}
		if allowed := tag.Get("enum"); allowed != "" && !oneOf(text, allowed) {
			d.wrong(where, path, "%q: it can be %s", text, listed(strings.Split(allowed, ",")))
			return
		}
		v.SetString(text)
	case reflect.Bool:
		if b, is := n.(*ast.BoolNode); is {
			v.SetBool(b.Value)
			return
		}
		d.wrong(where, path, "want true or false, got %s", shown(n))
	case reflect.Int:
		i, err := strconv.Atoi(text)
		if _, is := n.(*ast.IntegerNode); !is || err != nil {
			d.wrong(where, path, "want a whole number, got %s", shown(n))
			return
		}
		v.SetInt(int64(i))
		d.bounds(where, v, path, tag)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if !ok || isText(n) || err != nil || math.IsNaN(f) {
			d.wrong(where, path, "want a number, got %s", shown(n))
			return
		}
		v.SetFloat(f)
		d.bounds(where, v, path, tag)
	default:
		panic("no way to read a " + v.Type().String()) // a mistake in definition.go that every test meets
	}
}

// shown is a value for a problem's text.
func shown(n ast.Node) string {
	if text, ok := scalarText(n); ok {
		return strconv.Quote(shorten(text))
	}
	return kindOf(n)
}

func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// bounds checks a number, a time or a range against bounds:"least..most".
func (d *decoder) bounds(where position, v reflect.Value, path string, tag reflect.StructTag) {
	least, most, ok := strings.Cut(tag.Get("bounds"), "..")
	if !ok {
		return
	}
	var values []float64
	switch x := v.Interface().(type) {
	case int:
		values = []float64{float64(x)}
	case float64:
		values = []float64{x}
	case time.Duration:
		values = []float64{x.Seconds()}
	case Digits:
		values = []float64{float64(x.Min), float64(x.Max)}
	}
	low, high := boundOf(least), boundOf(most)
	for _, x := range values {
		if x < low || x > high {
			d.wrong(where, path, "%v is out of bounds: it can be %s to %s", v.Interface(), least, most)
			return
		}
	}
}

func boundOf(s string) float64 {
	if t, err := time.ParseDuration(s); err == nil {
		return t.Seconds()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("bounds " + s) // a mistake in definition.go that every test meets
	}
	return f
}

// structure reads a map with the keys of a struct.
func (d *decoder) structure(n ast.Node, v reflect.Value, path string) {
	seen, ok := d.known(n, path, keysOf(v.Type()), func(key string, value ast.Node) {
		field, _ := fieldOf(v.Type(), key)
		d.value(value, v.FieldByIndex(field.Index), join(path, key), field.Tag)
	})
	if !ok {
		return
	}
	for _, f := range reflect.VisibleFields(v.Type()) {
		if key := f.Tag.Get("yaml"); f.Tag.Get("required") == "true" && !seen[key] {
			d.wrong(positionOf(n), join(path, key), "is missing")
		}
	}
}

// variant reads a map with one key, which names the variant whose settings are below it.
func (d *decoder) variant(n ast.Node, to variant, path string) {
	all := to.variants()
	keys := make([]string, len(all))
	for i, s := range all {
		keys[i] = s.key()
	}
	_, ok := d.known(n, path, keys, func(key string, value ast.Node) {
		s := all[slices.Index(keys, key)]
		if to.chosen() == nil {
			to.choose(s)
		}
		d.value(value, reflect.ValueOf(s).Elem(), join(path, key), "")
	})
	if values, _ := pairs(n); ok && len(values) != 1 {
		d.wrong(positionOf(n), path, "want exactly one of %s, got %d keys; what belongs to one is indented below it",
			listed(keys), len(values))
	}
}

// known reads a map with known keys, each at most once. ok is false if it is not a map.
func (d *decoder) known(
	n ast.Node, path string, keys []string, read func(key string, value ast.Node),
) (seen map[string]bool, ok bool) {
	values, ok := pairs(n)
	if !ok {
		hint := ""
		if text, is := scalarText(n); is && slices.Contains(keys, text) {
			hint = fmt.Sprintf(": write %s: {}", text)
		} else if _, is := n.(*ast.NullNode); is {
			hint = ": give its settings, or {} for the usual ones"
		}
		d.wrong(positionOf(n), path, "want settings (key: value), got %s%s", kindOf(n), hint)
		return nil, false
	}
	seen = map[string]bool{}
	for _, kv := range values {
		key := keyText(kv)
		switch {
		case !slices.Contains(keys, key):
			d.wrong(positionOf(kv.Key), join(path, shorten(key)), "unknown key%s", didYouMean(key, keys))
			continue
		case seen[key]:
			d.wrong(positionOf(kv.Key), join(path, key), "appears twice: remove one")
			continue
		}
		seen[key] = true
		read(key, kv.Value)
	}
	return seen, true
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrong(positionOf(n), path, "want a list, got %s: write [a, b], or lines that begin with \"- \"", kindOf(n))
		return
	}
	if !d.count(positionOf(n), len(seq.Values), path, tag) {
		return
	}
	out := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, x := range seq.Values {
		d.value(x, out.Index(i), fmt.Sprintf("%s[%d]", path, i), "")
	}
	v.Set(out)
}

// dictionary reads a map with the author's own keys.
func (d *decoder) dictionary(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	values, ok := pairs(n)
	if !ok {
		d.wrong(positionOf(n), path, "want settings (key: value), got %s", kindOf(n))
		return
	}
	if !d.count(positionOf(n), len(values), path, tag) {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, kv := range values {
		key := keyText(kv)
		if v.MapIndex(reflect.ValueOf(key)).IsValid() {
			d.wrong(positionOf(kv.Key), join(path, shorten(key)), "appears twice: remove one")
			continue
		}
		x := reflect.New(v.Type().Elem()).Elem()
		d.value(kv.Value, x, join(path, shorten(key)), "")
		v.SetMapIndex(reflect.ValueOf(key), x)
	}
}

// count checks items:"least..most".
func (d *decoder) count(where position, n int, path string, tag reflect.StructTag) bool {
	least, most, ok := strings.Cut(tag.Get("items"), "..")
	if !ok || float64(n) >= boundOf(least) && float64(n) <= boundOf(most) {
		return true
	}
	d.wrong(where, path, "has %d entries: it can have %s to %s", n, least, most)
	return false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func keyText(kv *ast.MappingValueNode) string {
	if text, ok := scalarText(kv.Key); ok {
		return text
	}
	if t := kv.Key.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "" && name == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

var variantType = reflect.TypeFor[variant]()

func isVariant(t reflect.Type) bool { return reflect.PointerTo(t).Implements(variantType) }
