package lines

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/session"
)

// maxAllows bounds a text of allows in characters: a sentence or two on the screen of an agent who talks.
const maxAllows = 300

var levels = []string{"0", "1", "2", "3"}

// allows checks the line's words for what agents may do for a caller at each level.
func (c *checker) allows() {
	for _, level := range slices.Sorted(maps.Keys(c.def.Allows)) {
		path := join("allows", shorten(level))
		if !slices.Contains(levels, level) {
			c.wrong(path, "%q is not a level: it can be %s", shorten(level), listed(levels))
			continue
		}
		byLanguage := c.def.Allows[level]
		if len(byLanguage) == 0 {
			c.wrong(path, "is empty: give a text for a language of your agents, such as en: Orders up to 500 €.")
		}
		for _, l := range slices.Sorted(maps.Keys(byLanguage)) {
			text, path := byLanguage[l], join(path, shorten(l))
			switch {
			case !languagePattern.MatchString(l):
				c.wrong(path, "%q is not a language: write its tag, such as en", shorten(l))
			case strings.TrimSpace(text) == "", utf8.RuneCountInString(text) > maxAllows, strings.ContainsFunc(text, unicode.IsControl):
				c.wrong(path, "want one line of text, up to %d characters", maxAllows)
			}
		}
	}
}

// allowed are the line's words by level.
func (d *Definition) allowed() map[session.Level]map[string]string {
	if len(d.Allows) == 0 {
		return nil
	}
	all := map[session.Level]map[string]string{}
	for i, level := range levels {
		if texts := d.Allows[level]; texts != nil {
			all[session.Level(i)] = texts
		}
	}
	return all
}
