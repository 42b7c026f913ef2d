package spoken

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyEntry calls f with every item of every list of a language.
func everyEntry(l *language, f func(r *rule, e entry, item string)) {
	seen := map[*rule]bool{}
	for _, top := range l.rules() {
		top.walk(func(r *rule) {
			if seen[r] {
				return // it is in several tables
			}
			seen[r] = true
			for _, e := range r.entries {
				for _, item := range append(items(e.say), items(e.also)...) {
					f(r, e, item)
				}
			}
		})
	}
}

func TestEveryEntryOfTheTablesCanBeHeard(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		entries := 0
		everyEntry(l, func(r *rule, e entry, item string) {
			entries++
			u := l.hear([]byte(strings.ReplaceAll(item, "…", "")))
			require.NotNil(t, u, "%s: %q is a hesitation", l.tag, item)
			heard := false
			r.match(u, 0, func(end, value int) { heard = heard || end == u.limit && value == e.value })
			assert.True(t, heard, "%s: %q is not understood as %d", l.tag, item, e.value)
		})
		assert.Greater(t, entries, 500, l.tag)
	}
}

func TestNoEntryOfAListIsThereTwice(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		where := map[*rule]map[string]bool{}
		everyEntry(l, func(r *rule, _ entry, item string) {
			if where[r] == nil {
				where[r] = map[string]bool{}
			}
			normal := strings.Join(l.normal(item), " ")
			assert.False(t, where[r][normal], "%s: %q", l.tag, item)
			where[r][normal] = true
		})
		for _, list := range []string{l.hesitations, l.links, l.before, l.after, l.inDate, l.carriers, l.polite, l.joints} {
			seen := map[string]bool{}
			for _, item := range items(list) {
				assert.NotContains(t, item, " ", "%s: one word each", l.tag)
				assert.False(t, seen[item], "%s: %q", l.tag, item)
				seen[item] = true
			}
		}
	}
}

// What callers say most is a command alone; no other table may take it away.
func TestEveryEntryOfTheCommandsIsThatCommand(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		for _, e := range l.commands.entries {
			for _, item := range append(items(e.say), items(e.also)...) {
				sentence := strings.ReplaceAll(item, "…", "")
				command, rest := CommandIn(l.tag, []byte(sentence))
				assert.Equal(t, Command(e.value), command, "%s: %q", l.tag, item)
				assert.Empty(t, rest, "%s: %q", l.tag, item)
			}
		}
	}
}

// A word that means nothing must not deny anything.
func TestNoWordThatIsDroppedDenies(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		for _, word := range strings.Fields("no not dont never without nor but nein nicht kein keine ohne sondern statt") {
			id := l.ids[word]
			assert.Zero(t, l.uses[id]&(link|before|after|inDate|hesitation), "%s: %q", l.tag, word)
		}
	}
}
