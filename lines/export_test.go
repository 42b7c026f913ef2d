package lines

import "reflect"

// ListedKinds is the keys of all kinds of questions, as in a problem's text.
func ListedKinds() string {
	var keys []string
	for _, k := range kinds {
		keys = append(keys, k().key())
	}
	return listed(keys)
}

// Kinds makes one question of each kind, with defaults, in order.
func Kinds() (all []Kind) {
	for _, k := range kinds {
		all = append(all, k())
	}
	return all
}

// Variants are the types of settings that an entry of a list can have, by key; nil if it is no variant.
func Variants(entry reflect.Type) map[string]reflect.Type {
	c, ok := reflect.New(entry).Interface().(variant)
	if !ok {
		return nil
	}
	types := map[string]reflect.Type{}
	for _, s := range c.variants() {
		types[s.key()] = reflect.TypeOf(s).Elem()
	}
	return types
}

// Chosen is an entry's variant: its key, and its settings as a pointer to a struct.
func Chosen(entry any) (key string, settings any) {
	c := entry.(variant)
	return c.chosen().key(), c.chosen()
}

// Unexported methods of a question.
func KeyOf(k Kind) string        { return k.key() }
func RequiredOf(k Kind) []string { return requiredOf(k) }
func PromptOf(k Kind) string     { return Question{k}.prompt() }
