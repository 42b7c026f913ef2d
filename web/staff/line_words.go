package staff

import (
	"fmt"
	"regexp"
	"strings"

	"countersign/lines"
	"countersign/reports/words"
)

// Label is what a setting of a line is called: by its whole name, else by its last word, which means the same
// everywhere.
func (p page) Label(setting string) string {
	if key := "setting_" + strings.ReplaceAll(setting, ".", "_"); hasText(key) {
		return p.T(key)
	}
	return p.T("setting_" + setting[strings.LastIndex(setting, ".")+1:])
}

// LabelOf is Label with the language that a field is in.
func (p page) LabelOf(f lines.Field) string {
	label := p.Label(f.Setting)
	switch parts := strings.Split(f.Path, "."); {
	case strings.HasPrefix(f.Setting, "allows."):
		return label + " (" + parts[len(parts)-1] + ")"
	case strings.HasPrefix(f.Setting, "prompts."):
		return parts[1] + " (" + parts[2] + ")"
	}
	return label
}

// Help explains a setting, or is "".
func (p page) Help(setting string) string {
	key := "setting_help_" + strings.ReplaceAll(setting, ".", "_")
	if !hasText(key) {
		key = "setting_help_" + setting[strings.LastIndex(setting, ".")+1:]
	}
	if !hasText(key) {
		return ""
	}
	return p.T(key)
}

// ChoiceText is a value of a setting in words: the value itself where it has none.
func (p page) ChoiceText(setting, value string) string {
	last := setting[strings.LastIndex(setting, ".")+1:]
	for _, key := range []string{"choice_" + last + "_" + value, "choice_" + value} {
		if key = strings.ReplaceAll(strings.ReplaceAll(key, "*", "star"), "-", "_"); hasText(key) {
			return p.T(key)
		}
	}
	return value
}

// groupKey is the key of a group's title, groupHelp the setting whose help is that of the group.
func groupKey(path string) string {
	if path == "" {
		return "group_general"
	}
	return "group_" + strings.ReplaceAll(path, ".", "_")
}

func groupHelp(path string) string { return groupKey(path) }

// KindText is the name of a kind of question or way to identify.
func (p page) KindText(kind string) string {
	if key := "kind_" + kind; hasText(key) {
		return p.T(key)
	}
	return p.Word(words.Steps, kind)
}

func hasText(key string) bool { return texts[key] != nil }

var indexIn = regexp.MustCompile(`\[[0-9]+\]`)

// SettingName is a setting in words: «PIN: digits».
func (p page) SettingName(path string) string {
	plain := indexIn.ReplaceAllString(path, "")
	parts := strings.Split(plain, ".")
	section := parts[0]
	switch {
	case plain != path: // below an entry of a list
		at := 1 // after the list
		if section == "verify" {
			at = 2
		}
		if len(parts) <= at {
			return p.T("group_" + strings.ReplaceAll(plain, ".", "_"))
		}
		if len(parts) == at+1 {
			return p.KindText(parts[at])
		}
		return p.KindText(parts[at]) + ": " + p.Label(plain)
	case section == "allows" && len(parts) > 2:
		return p.Label("allows."+parts[1]) + " (" + parts[2] + ")"
	case section == "prompts" && len(parts) > 1:
		return p.T("group_prompts") + ": " + strings.Join(parts[1:], " ")
	case hasText("group_" + strings.ReplaceAll(plain, ".", "_")):
		return p.T("group_" + strings.ReplaceAll(plain, ".", "_"))
	case len(parts) > 1 && section != "verify": // whose settings say it themselves
		return p.T("group_"+section) + ": " + p.Label(plain)
	}
	return p.Label(plain)
}

// DifferenceText is a difference in words.
func (p page) DifferenceText(d lines.Difference) string {
	name := p.SettingName(d.Path)
	if d.Name != "" {
		name += " (" + d.Name + ")"
	}
	switch d.What {
	case lines.Added:
		if strings.Contains(d.Path, "[") {
			return p.T("diff_asked", name)
		}
		return p.T("diff_added", name)
	case lines.Removed:
		if strings.Contains(d.Path, "[") {
			return p.T("diff_not_asked", name)
		}
		return p.T("diff_removed", name)
	case lines.Replaced:
		return p.T("diff_replaced", name, p.KindText(d.Before))
	case lines.Reordered:
		return p.orderText(d.Orders)
	}
	setting := indexIn.ReplaceAllString(d.Path, "")
	return p.T("diff_changed", name, p.ChoiceText(setting, d.After), p.ChoiceText(setting, d.Before))
}

// orderText says what is asked before what now.
func (p page) orderText(o lines.Orders) string {
	place := map[string]int{}
	for i, name := range o.Before {
		place[name] = i
	}
	swapped, first, second := 0, "", ""
	for i, a := range o.After {
		for _, b := range o.After[i+1:] {
			if place[a] > place[b] {
				swapped, first, second = swapped+1, a, b
			}
		}
	}
	if swapped == 1 {
		return p.T("diff_before", p.KindText(first), p.KindText(second))
	}
	names := make([]string, len(o.After))
	for i, name := range o.After {
		names[i] = p.KindText(name)
	}
	return p.T("diff_order", strings.Join(names, ", "))
}

// Seconds is a number of seconds with one digit.
func (p page) Seconds(s float64) string {
	text := fmt.Sprintf("%.1f", s)
	if p.Language == words.German {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}
