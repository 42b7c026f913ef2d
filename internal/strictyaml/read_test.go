package strictyaml_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/strictyaml"
)

type inner struct {
	Size int    `yaml:"size"`
	Unit string `yaml:"unit"`
}

type settings struct {
	Name  string        `yaml:"name"`
	Fast  bool          `yaml:"fast"`
	Off   *bool         `yaml:"off"`
	On    *bool         `yaml:"on"`
	Unset *bool         `yaml:"unset"`
	Null  *bool         `yaml:"null_one"`
	Wait  time.Duration `yaml:"wait"`
	Words []string      `yaml:"words"`
	Below struct {
		Deep inner `yaml:"deep"`
	} `yaml:"below"`
	Maybe    *inner            `yaml:"maybe"`
	Several  []inner           `yaml:"several"`
	ByName   map[string]*inner `yaml:"by_name"`
	Texts    map[string]string `yaml:"texts"`
	Embedded `yaml:",inline"`
}

type Embedded struct {
	Own string `yaml:"own"`
}

func read(text string) (settings, strictyaml.Source, error) {
	s := settings{Name: "default", Wait: time.Second}
	s.Below.Deep.Size = 7
	source, err := strictyaml.Read("f.yaml", []byte(text), &s)
	return s, source, err
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	got, _, err := read(`
# all of it
name: "a name"
fast: true
off: false
"on": true
null_one: null
wait: 90d
words: [one, "2"]
below: {deep: {unit: m}}
maybe: {size: 3}
several: [{size: 1}, {size: 2}]
by_name: {x: {size: 5}}
texts: {en: hello}
own: mine
`)
	require.NoError(t, err)
	off, on := false, true
	want := settings{
		Off: &off, On: &on,
		Name: "a name", Fast: true, Wait: 90 * 24 * time.Hour, Words: []string{"one", "2"}, Maybe: &inner{Size: 3},
		Several: []inner{{Size: 1}, {Size: 2}}, ByName: map[string]*inner{"x": {Size: 5}},
		Texts: map[string]string{"en": "hello"}, Embedded: Embedded{Own: "mine"},
	}
	want.Below.Deep = inner{Size: 7, Unit: "m"}
	assert.Equal(t, want, got, "what is not mentioned keeps its value")
}

func TestNothingIsNoMistake(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"on:\n", "", "\n", "# x\n", "---\n", "---\n# x\n", "below:\n", "name: # later\n", "several:\n"} {
		got, _, err := read(text)
		require.NoError(t, err, text)
		assert.Equal(t, "default", got.Name, text)
	}
}

func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"nmae: x\nfast: maybe\nwait: 5\n": {
			"f.yaml:1:1: nmae: there is no such setting; did you mean name?", "f.yaml:2:7: fast must be true or false",
			"f.yaml:3:7: wait is 5: write a time with its unit, such as 30s, 5m or 90d",
		},
		"below:\n  deep:\n    siez: 1\n":     {"f.yaml:3:5: below.deep.siez: there is no such setting; did you mean size?"},
		"below: {deep: {size: large}}\n":     {"f.yaml:1:22: below.deep.size must be a whole number"},
		"below: 3\n":                         {"f.yaml:1:8: below must have settings below it, each as key: value"},
		"several: {size: 1}\n":               {"f.yaml:1:10: several must be a list"},
		"several: [{size: 1}, {siz: 1}]\n":   {"f.yaml:1:23: several[1].siz: there is no such setting; did you mean size?"},
		"by_name: {x: {size: 1, sort: a}}\n": {"f.yaml:1:24: by_name.x.sort: there is no such setting"},
		"words: {a: b}\n":                    {"f.yaml:1:8: words must be a list, each entry a text"},
		"texts: [a]\n":                       {"f.yaml:1:8: texts must be a mapping, each value a text"},
		"name: [a]\n":                        {"f.yaml:1:7: name must be a text"},
		"- a\n":                              {"want settings, each as key: value"},
		"name: x\n---\nname: y\n":            {"f.yaml:3:1: a second document"},
		"name: \"x\n":                        {"f.yaml:1:7: "},
		"name: x\nname: y\n":                 {"f.yaml:2:1: "},
		"name: x\n\tfast: true\n":            {"f.yaml:"},
	} {
		_, _, err := read(text)
		require.Error(t, err, text)
		lines := strings.Split(err.Error(), "\n")
		require.Len(t, lines, len(want), err.Error())
		for i := range want {
			assert.Contains(t, lines[i], want[i])
		}
	}
}

func TestNoValueIsInAMessage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"fast: hunter2\n", "name: [hunter2]\n", "several: hunter2\n", "texts: hunter2\n"} {
		_, _, err := read(text)
		require.Error(t, err, text)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestAliasesMeanWhatTheyStandFor(t *testing.T) {
	t.Parallel()
	got, _, err := read("below:\n  deep: &d {size: 4, unit: m}\nmaybe: *d\n")
	require.NoError(t, err)
	assert.Equal(t, inner{Size: 4, Unit: "m"}, *got.Maybe)
	_, _, err = read("below:\n  deep: &d {size: 4}\nmaybe: *d\nnmae: x\n")
	assert.ErrorContains(t, err, "f.yaml:4:1: nmae")
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90d": 2160 * time.Hour, "1d12h": 36 * time.Hour, "30s": 30 * time.Second, "0d": 0, "1h30m": 90 * time.Minute,
		"0": 0, "-5s": -5 * time.Second,
	} {
		got, err := strictyaml.ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "d", "5", "fast", "1.5d", "-1d", "1d-2h", "1d+2h", "99999999d", "1d1d", "1w", "d5"} {
		_, err := strictyaml.ParseDuration(text)
		assert.Error(t, err, text)
	}
}
