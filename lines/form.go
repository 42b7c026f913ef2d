package lines

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"countersign/session"
)

// Form is a line's file as fields, for people. It shows what is written, also what is wrong, and reads files with
// problems, as long as they are YAML.
type Form struct {
	// Groups are the settings that belong together, in the order of documentation.
	Groups []FormGroup
}

// FormGroup are settings that belong together: those at the top of the file, those of a section, or a list.
type FormGroup struct {
	// Path is that of the section or list, "" for the settings at the top.
	Path string
	// Optional: the section may be missing; Given: it is there.
	Optional, Given bool
	Fields          []Field
	// IsList: the group is a list of Entries, in order. Kinds are the keys of those that it can have.
	IsList  bool
	Entries []FormEntry
	Kinds   []string
}

// FormEntry is an entry of a list, such as a question.
type FormEntry struct {
	Path string // such as verify.questions[0]
	// Kind is its key, Name its own name where it has one.
	Kind, Name string
	Fields     []Field
}

// Last is the index of the last entry.
func (g FormGroup) Last() int { return len(g.Entries) - 1 }

// FieldKind says how a setting is entered.
type FieldKind string

// The kinds of fields.
const (
	FieldText   FieldKind = "text"
	FieldNumber FieldKind = "number" // a whole number or a fraction
	FieldTime   FieldKind = "time"   // such as 5s
	FieldRange  FieldKind = "range"  // such as 4-6
	FieldSwitch FieldKind = "switch" // true or false
	FieldChoice FieldKind = "choice" // one of Choices
	FieldList   FieldKind = "list"   // words with commas between them
	FieldWords  FieldKind = "words"  // a sentence
)

// Field is one setting.
type Field struct {
	// Path is where it is in the file, Setting the same without indexes, names and languages: what it is.
	Path, Setting string
	Kind          FieldKind
	// Value is as written, "" if it is not; Usual is what counts then.
	Value, Usual string
	Choices      []string
	// Least and Most bound a number or a time.
	Least, Most string
	Required    bool
}

// Shown is the value, or the usual one.
func (f Field) Shown() string {
	if f.Value == "" {
		return f.Usual
	}
	return f.Value
}

// FormOf reads a line's file. The error is Problems: it is no YAML.
func FormOf(text []byte) (Form, error) {
	root, err := Tree(text)
	if err != nil {
		return Form{}, err
	}
	usual := &Definition{}
	usual.setDefaults()
	b := formBuilder{}
	top := FormGroup{Given: true}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Definition]()) {
		key := f.Tag.Get("yaml")
		if key == "" || key == "format" || key == "line" || key == "on_page" { // on_page is in the text alone
			continue
		}
		value := below(root, key)
		of := reflect.ValueOf(usual).Elem().FieldByIndex(f.Index)
		switch {
		case key == "prompts":
			b.add(b.prompts(value))
		case key == "allows":
			b.add(b.allows(value, root))
		case isList(of.Type()):
			b.add(b.list(key, value, of.Type().Elem()))
		case of.Kind() == reflect.Pointer, of.Kind() == reflect.Struct && hasSettings(of.Type()):
			b.section(key, value, of)
		default:
			top.Fields = append(top.Fields, field(key, key, value, of, f.Tag))
		}
	}
	return Form{Groups: append([]FormGroup{top}, b.groups...)}, nil
}

type formBuilder struct{ groups []FormGroup }

func (b *formBuilder) add(g FormGroup) { b.groups = append(b.groups, g) }

// isList says whether a type is a list of questions or the like.
func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice && isVariant(t.Elem()) }

// section adds a section with settings of its own, and the lists in it.
func (b *formBuilder) section(key string, n ast.Node, of reflect.Value) {
	g := FormGroup{Path: key, Optional: of.Kind() == reflect.Pointer, Given: isGiven(n)}
	if of.Kind() == reflect.Pointer {
		of = reflect.New(of.Type().Elem())
		if d, ok := of.Interface().(defaulter); ok {
			d.setDefaults()
		}
		of = of.Elem()
	}
	var lists []FormGroup
	for _, f := range reflect.VisibleFields(of.Type()) {
		sub := f.Tag.Get("yaml")
		if sub == "" {
			continue
		}
		path, value := join(key, sub), below(n, sub)
		if isList(f.Type) {
			lists = append(lists, b.list(path, value, f.Type.Elem()))
			continue
		}
		g.Fields = append(g.Fields, field(path, path, value, of.FieldByIndex(f.Index), f.Tag))
	}
	b.add(g)
	for _, l := range lists {
		b.add(l)
	}
}

// list makes a group of a list of variants.
func (b *formBuilder) list(path string, n ast.Node, of reflect.Type) FormGroup {
	g := FormGroup{Path: path, IsList: true, Given: isGiven(n)}
	all := reflect.New(of).Interface().(variant).variants()
	for _, s := range all {
		g.Kinds = append(g.Kinds, s.key())
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return g
	}
	for i, entry := range list.Values {
		e := FormEntry{Path: fmt.Sprintf("%s[%d]", path, i)}
		values, _ := pairs(entry)
		if len(values) == 1 {
			e.Kind = keyText(values[0])
		}
		at := slices.IndexFunc(all, func(s settings) bool { return s.key() == e.Kind })
		if at < 0 { // a mistake, which only the text shows
			g.Entries = append(g.Entries, e)
			continue
		}
		usual := reflect.ValueOf(all[at]).Elem()
		for _, f := range reflect.VisibleFields(usual.Type()) {
			key := f.Tag.Get("yaml")
			if key == "" {
				continue
			}
			one := field(join(join(e.Path, e.Kind), key), join(path, join(e.Kind, key)), below(values[0].Value, key), usual.FieldByIndex(f.Index), f.Tag)
			if key == "name" {
				e.Name = one.Shown()
			}
			e.Fields = append(e.Fields, one)
		}
		g.Entries = append(g.Entries, e)
	}
	return g
}

// allows are the words of each level in each language of the line, and in those that have some.
func (b *formBuilder) allows(n ast.Node, root ast.Node) FormGroup {
	g := FormGroup{Path: "allows", Given: isGiven(n)}
	languages := wordsOf(below(root, "languages"))
	if len(languages) == 0 {
		languages = []string{"en"}
	}
	for _, level := range levels {
		of := slices.Clone(languages)
		all, _ := pairs(below(n, level))
		for _, kv := range all {
			if l := keyText(kv); !slices.Contains(of, l) {
				of = append(of, l)
			}
		}
		for _, l := range of {
			f := Field{Path: "allows." + level + "." + l, Setting: "allows." + level, Kind: FieldWords}
			f.Value, _ = scalarText(below(below(n, level), l))
			g.Fields = append(g.Fields, f)
		}
	}
	return g
}

// prompts are the line's own wordings.
func (b *formBuilder) prompts(n ast.Node) FormGroup {
	g := FormGroup{Path: "prompts", Given: isGiven(n)}
	all, _ := pairs(n)
	for _, prompt := range all {
		languages, _ := pairs(prompt.Value)
		for _, language := range languages {
			for _, what := range []string{"text", "file"} {
				value := below(language.Value, what)
				if !isGiven(value) {
					continue
				}
				f := Field{
					Path:    join(join(join("prompts", keyText(prompt)), keyText(language)), what),
					Setting: "prompts." + what, Kind: FieldWords,
				}
				f.Value, _ = scalarText(value)
				g.Fields = append(g.Fields, f)
			}
		}
	}
	return g
}

// field makes a field of a setting. usual is its value if it is not given.
func field(path, setting string, n ast.Node, usual reflect.Value, tag reflect.StructTag) Field {
	f := Field{Path: path, Setting: setting, Kind: FieldText, Required: tag.Get("required") == "true"}
	f.Least, f.Most, _ = strings.Cut(tag.Get("bounds"), "..")
	if words := tag.Get("enum"); words != "" {
		f.Kind, f.Choices = FieldChoice, strings.Split(words, ",")
	}
	f.Value, _ = scalarText(n)
	switch x := usual.Interface().(type) {
	case time.Duration:
		f.Kind = FieldTime
		if x != 0 {
			f.Usual = strings.TrimSuffix(x.String(), "m0s")
			if f.Usual != x.String() {
				f.Usual += "m"
			}
		}
		return f
	case Digits:
		f.Kind = FieldRange
		if x != (Digits{}) {
			f.Usual = x.String()
		}
		return f
	case session.Destination:
		return f
	case Week:
		f.Usual = ""
		return f
	}
	switch usual.Kind() {
	case reflect.Bool:
		f.Kind, f.Usual = FieldSwitch, strconv.FormatBool(usual.Bool())
	case reflect.Int, reflect.Float64:
		f.Kind, f.Usual = FieldNumber, fmt.Sprint(usual.Interface())
		if f.Required {
			f.Usual = ""
		}
	case reflect.Slice:
		f.Kind, f.Value = FieldList, strings.Join(wordsOf(n), ", ")
		var all []string
		for i := range usual.Len() {
			all = append(all, fmt.Sprint(usual.Index(i).Interface()))
		}
		f.Usual = strings.Join(all, ", ")
	case reflect.String:
		f.Usual = usual.String()
	}
	return f
}

// wordsOf are the words of a list, or one word that stands for a list.
func wordsOf(n ast.Node) (all []string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil
	}
	for _, v := range list.Values {
		text, _ := scalarText(v)
		all = append(all, text)
	}
	return all
}

// below is the value of a key, or nil.
func below(n ast.Node, key string) ast.Node {
	values, _ := pairs(n)
	for _, kv := range values {
		if keyText(kv) == key {
			return kv.Value
		}
	}
	return nil
}

func isGiven(n ast.Node) bool {
	_, null := n.(*ast.NullNode)
	return n != nil && !null
}

// Settings are all settings that a form can have, for those who label them.
func Settings() []string {
	found := map[string]bool{}
	b := formBuilder{}
	usual := &Definition{}
	usual.setDefaults()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Definition]()) {
		key, of := f.Tag.Get("yaml"), reflect.ValueOf(usual).Elem().FieldByIndex(f.Index)
		switch {
		case key == "" || key == "format" || key == "line" || key == "prompts" || key == "allows" || key == "on_page":
		case isList(of.Type()):
			b.settingsOf(key, of.Type().Elem(), found)
		case of.Kind() == reflect.Pointer, of.Kind() == reflect.Struct && hasSettings(of.Type()):
			t := of.Type()
			if t.Kind() == reflect.Pointer {
				t = t.Elem()
			}
			for _, sub := range reflect.VisibleFields(t) {
				switch name := sub.Tag.Get("yaml"); {
				case name == "":
				case isList(sub.Type):
					b.settingsOf(join(key, name), sub.Type.Elem(), found)
				default:
					found[join(key, name)] = true
				}
			}
		default:
			found[key] = true
		}
	}
	for _, level := range levels {
		found["allows."+level] = true
	}
	found["prompts.text"], found["prompts.file"] = true, true
	return slices.Sorted(maps.Keys(found))
}

func (formBuilder) settingsOf(path string, of reflect.Type, found map[string]bool) {
	for _, s := range reflect.New(of).Interface().(variant).variants() {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(s).Elem()) {
			if key := f.Tag.Get("yaml"); key != "" {
				found[join(path, join(s.key(), key))] = true
			}
		}
	}
}
