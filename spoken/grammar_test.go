package spoken

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the grammars of ../freeswitch/conf and testdata/cmudict.txt")

const (
	shipped = "../freeswitch/conf/grammar"
	// dictionary is where Debian's pocketsphinx-en-us puts CMU's pronouncing dictionary.
	dictionary = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"
)

// files are the grammars that are shipped: JSGF for mod_pocketsphinx, which has a model for English, and SRGS for MRCP.
// FreeSWITCH adds .gram to the name of either.
func files() map[string][]byte {
	all := map[string][]byte{}
	for _, l := range Languages() {
		for _, g := range Grammars(l) {
			if l == "en" {
				all[g.Name+".gram"] = g.JSGF()
			}
			all["srgs/"+g.Name+".gram"] = g.SRGS()
		}
	}
	return all
}

func TestTheShippedGrammarsAreThoseOfTheTables(t *testing.T) {
	all := files()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Join(shipped, "srgs"), 0o755))
		for name, text := range all {
			require.NoError(t, os.WriteFile(filepath.Join(shipped, name), text, 0o644))
		}
	}
	for name, text := range all {
		have, err := os.ReadFile(filepath.Join(shipped, name))
		require.NoError(t, err, "go test ./spoken -update writes it")
		assert.Equal(t, string(text), string(have), "%s: go test ./spoken -update writes it anew", name)
	}
	for _, pattern := range []string{"countersign-*.gram", "srgs/*"} {
		found, err := filepath.Glob(filepath.Join(shipped, pattern))
		require.NoError(t, err)
		for _, path := range found {
			name, err := filepath.Rel(shipped, path)
			require.NoError(t, err)
			if name != "countersign-words.gram" { // of passphrases, which is not made of tables
				assert.Contains(t, all, filepath.ToSlash(name), "nothing makes it: delete it")
			}
		}
	}
}

func TestGrammarsAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	assert.Equal(t, files(), files())
}

var (
	jsgfRule = regexp.MustCompile(`(?s)\n(?:public )?<([a-z_0-9]+)> = ([^;]*) ;`)
	jsgfName = regexp.MustCompile(`<([a-z_0-9]+)>`)
)

func TestJSGFHasARuleForEveryNameAndAWordInEveryPlace(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for _, g := range Grammars(l) {
			text := string(g.JSGF())
			require.True(t, strings.HasPrefix(text, "#JSGF V1.0 UTF-8 "+l+";\n"), "engines want it as the first line")
			assert.Contains(t, text, "\ngrammar "+strings.ReplaceAll(g.Name, "-", "_")+";\n")
			assert.Equal(t, 1, strings.Count(text, "public <"), "engines take the first public rule")
			defined := map[string]bool{}
			for _, m := range jsgfRule.FindAllStringSubmatch(text, -1) {
				assert.False(t, defined[m[1]], "%s: <%s> is there twice", g.Name, m[1])
				defined[m[1]] = true
				for _, name := range jsgfName.FindAllStringSubmatch(m[2], -1) {
					assert.True(t, defined[name[1]], "%s: <%s> is used before it is made", g.Name, name[1])
				}
				assert.NotRegexp(t, `\| *\||[([] *\||\| *[)\]]|\( *\)|\[ *\]|^ *\||\| *$|…`, m[2],
					"%s: <%s> has an empty place", g.Name, m[1])
				assert.Equal(t, strings.Count(m[2], "("), strings.Count(m[2], ")"))
				assert.Equal(t, strings.Count(m[2], "["), strings.Count(m[2], "]"))
			}
			assert.True(t, defined["phrase"])
		}
	}
}

func TestSRGSIsWellFormedAndItsReferencesLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for _, g := range Grammars(l) {
			text := g.SRGS()
			require.True(t, bytes.HasPrefix(text, []byte("<?xml")), "mod_unimrcp takes it for SRGS by this")
			ids, references, root := map[string]bool{}, map[string]bool{}, ""
			d := xml.NewDecoder(bytes.NewReader(text))
			for empty := ""; ; {
				token, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err, g.Name)
				switch e := token.(type) {
				case xml.StartElement:
					empty = e.Name.Local
					for _, a := range e.Attr {
						switch e.Name.Local + " " + a.Name.Local {
						case "grammar root":
							root = a.Value
						case "grammar lang":
							assert.Equal(t, languageOf(l).locale, a.Value)
						case "rule id":
							assert.False(t, ids[a.Value], "%s: %s is there twice", g.Name, a.Value)
							ids[a.Value] = true
						case "ruleref uri":
							references[strings.TrimPrefix(a.Value, "#")] = true
							empty = ""
						}
					}
				case xml.CharData:
					if len(bytes.TrimSpace(e)) > 0 {
						empty = ""
					}
				case xml.EndElement:
					assert.Empty(t, empty, "%s: an empty element matches everything", g.Name)
				}
			}
			for reference := range references {
				assert.True(t, ids[reference], "%s: %s", g.Name, reference)
			}
			assert.True(t, ids[root], "%s: %s", g.Name, root)
		}
	}
}

// sentence is a sentence of a rule.
func sentence(r *rule, random *rand.Rand) string {
	switch r.kind {
	case list:
		all := r.said()
		return all[random.IntN(len(all))]
	case either:
		return sentence(r.parts[random.IntN(len(r.parts))], random)
	case maybe:
		if random.IntN(2) == 0 {
			return ""
		}
		return sentence(r.parts[0], random)
	}
	var all []string
	times := 1
	if r.kind == many {
		times += random.IntN(4)
	}
	for range times {
		for _, part := range r.parts {
			if s := sentence(part, random); s != "" {
				all = append(all, s)
			}
		}
	}
	return strings.Join(all, " ")
}

func grammarCalled(t *testing.T, language, name string) Grammar {
	t.Helper()
	all := Grammars(language)
	i := slices.IndexFunc(all, func(g Grammar) bool { return g.Name == "countersign-"+name+"-"+language })
	require.GreaterOrEqual(t, i, 0)
	return all[i]
}

// What a recogniser may hear is understood: the words of one are the words of the other.
func TestEverySentenceOfAGrammarIsUnderstood(t *testing.T) {
	t.Parallel()
	digits := func(least, most int) func(language, s string) bool {
		return func(language, s string) bool { return len(Digits(language, []byte(s), least, most)) > 0 }
	}
	command := func(language, s string) bool {
		c, _ := CommandIn(language, []byte(s))
		return c != None
	}
	letters := func(language, s string) bool {
		onlyDashes := strings.Trim(strings.NewReplacer("dash", "", "strich", "").Replace(s), " ") == ""
		return onlyDashes || len(Letters(language, []byte(s), 1, 32)) > 0
	}
	or := func(a, b func(language, s string) bool) func(language, s string) bool {
		return func(language, s string) bool { return a(language, s) || b(language, s) }
	}
	for _, l := range Languages() {
		for name, understood := range map[string]func(language, s string) bool{
			"digits": digits(1, 32), "digits-commands": or(digits(1, 32), command), "digits-4": or(digits(4, 4), command),
			"digits-6": or(digits(6, 6), command), "digits-8": or(digits(8, 8), command),
			"digits-10": or(digits(10, 10), command), "yes-no": command, "letters": or(letters, command),
			"spelling": or(letters, command),
		} {
			phrase, random := grammarCalled(t, l, name).phrase, rand.New(rand.NewPCG(1, 2))
			for range 300 {
				if s := sentence(phrase, random); !understood(l, s) {
					assert.Fail(t, "not understood", "%s %s: %q", l, name, s)
					break
				}
			}
		}
	}
}

// ruleCalled finds a rule of a grammar by its name.
func ruleCalled(t *testing.T, g Grammar, name string) *rule {
	t.Helper()
	var found *rule
	g.phrase.walk(func(r *rule) {
		if r.name == name {
			found = r
		}
	})
	require.NotNil(t, found, name)
	return found
}

func TestEveryPartOfADateInAGrammarIsUnderstood(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ tag, day, month, year, number string }{
		{"en-US", "january # nineteen eighty four", "# first nineteen eighty four", "july fourth #",
			"the third of # nineteen eighty four"},
		{"de", "# januar vierundachtzig", "erster # vierundachtzig", "vierter juli #", "dritter # vierundachtzig"},
	} {
		g := grammarCalled(t, languageOf(row.tag).tag, "date")
		for name, frame := range map[string]string{
			"day": row.day, "month": row.month, "year": row.year, "month_number": row.number,
		} {
			random := rand.New(rand.NewPCG(3, 4))
			for range 500 {
				s := strings.ReplaceAll(frame, "#", sentence(ruleCalled(t, g, name), random))
				if len(Dates(row.tag, []byte(s), year1900, year1900.AddDate(199, 0, 0))) == 0 {
					assert.Fail(t, "not understood", "%s: %q", name, s)
					break
				}
			}
		}
	}
}

func TestEveryPlaceInAGrammarCorrectsSomething(t *testing.T) {
	t.Parallel()
	heard := split(strings.Repeat("12·", 13) + "12")
	for l, nines := range map[string]string{"en": " nine", "de": " neun"} {
		g, random := grammarCalled(t, l, "confirm"), rand.New(rand.NewPCG(5, 6))
		place, is := ruleCalled(t, g, "place"), ruleCalled(t, g, "is")
		for range 500 {
			s := sentence(place, random) + " " + sentence(is, random)
			corrects := false
			for n := 1; n <= 6 && !corrects; n++ {
				corrects = len(Correct(l, heard, []byte(s+strings.Repeat(nines, n)), 28, 28)) > 0
			}
			if !corrects {
				assert.Fail(t, "corrects nothing", "%s: %q", l, s)
				break
			}
		}
	}
}

func TestEveryWordOfTheEnglishGrammarsIsInCMUsDictionary(t *testing.T) {
	ours := map[string]bool{}
	for _, g := range Grammars("en") {
		for _, r := range append(g.named(), g.phrase) {
			r.walk(func(r *rule) {
				for _, item := range r.said() {
					for word := range strings.FieldsSeq(item) {
						ours[word] = true
					}
				}
			})
		}
	}
	const list = "testdata/cmudict.txt"
	inDictionary, err := os.ReadFile(dictionary)
	if err == nil {
		known := map[string]bool{}
		for line := range strings.Lines(string(inDictionary)) {
			word, _, _ := strings.Cut(line, " ")
			known[word] = true
		}
		var found []string
		for word := range ours {
			assert.True(t, known[word], "%q: mod_pocketsphinx refuses a grammar with words that it cannot pronounce", word)
			if known[word] {
				found = append(found, word)
			}
		}
		slices.Sort(found)
		text := strings.Join(found, "\n") + "\n"
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(list, []byte(text), 0o644))
		}
	}
	listed, err := os.ReadFile(list)
	require.NoError(t, err, "go test ./spoken -update writes it where Debian's pocketsphinx-en-us is installed")
	var words []string
	for word := range ours {
		words = append(words, word)
	}
	slices.Sort(words)
	assert.Equal(t, strings.Fields(string(listed)), words,
		"add what is new with -update, where Debian's pocketsphinx-en-us is installed")
}

func TestAGrammarForAnyLength(t *testing.T) {
	t.Parallel()
	g := DigitsGrammar("de-AT", 6, 9)
	assert.Equal(t, "countersign-digits-6-9-de", g.Name)
	random := rand.New(rand.NewPCG(7, 8))
	lengths := map[int]bool{}
	for range 500 {
		s := sentence(g.phrase, random)
		if c, _ := CommandIn("de", []byte(s)); c != None {
			continue
		}
		all := Digits("de", []byte(s), 6, 9)
		require.NotEmpty(t, all, s)
		lengths[len(all[0].Reveal())] = true
	}
	assert.Len(t, lengths, 4)
	assert.Equal(t, "countersign-digits-1-en", DigitsGrammar("en", 1, 1).Name)
	assert.Equal(t, "countersign-digits-32-en", DigitsGrammar("en", 32, 32).Name)
	for _, bad := range []struct {
		language    string
		least, most int
	}{{"fr", 1, 2}, {"en", 0, 2}, {"en", 3, 2}, {"en", 1, 33}} {
		assert.Panics(t, func() { DigitsGrammar(bad.language, bad.least, bad.most) })
	}
}
