package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// survivor is the mutant that the tests of testdata/tiny miss.
const survivor = "testdata/tiny/tiny.go Clamp: n > most -> >="

// tiny mutates testdata/tiny, with a list of excuses.
func tiny(t *testing.T, excuses string) (said string, err error) {
	t.Helper()
	list := filepath.Join(t.TempDir(), "reviewed.txt")
	require.NoError(t, os.WriteFile(list, []byte(excuses), 0o600))
	var out strings.Builder
	o := options{packages: []string{"./testdata/tiny"}, seed: 1, within: time.Minute, reviewed: list}
	err = check(t.Context(), o, &out)
	return out.String(), err
}

func TestMutantsThatNoTestNoticesSurvive(t *testing.T) {
	t.Parallel()
	before, err := os.ReadFile("testdata/tiny/tiny.go")
	require.NoError(t, err)
	said, err := tiny(t, "")
	require.ErrorContains(t, err, "1 survived without an excuse")
	assert.Contains(t, said, "SURVIVED testdata/tiny/tiny.go:11\n\t"+survivor+"\n")
	assert.Equal(t, 1, strings.Count(said, "SURVIVED"), said)
	assert.Contains(t, said, "5 of 5 mutants tried, 4 killed, 0 excused, 1 survived")
	after, err := os.ReadFile("testdata/tiny/tiny.go")
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after), "the tree is not touched")
}

func TestAnExcusedSurvivorIsNoError(t *testing.T) {
	t.Parallel()
	said, err := tiny(t, "# what may live\n\n"+survivor+"  // equal numbers stay what they are\n")
	require.NoError(t, err)
	assert.Contains(t, said, "4 killed, 1 excused, 0 survived")
}

func TestAnExcuseForNothingIsAnError(t *testing.T) {
	t.Parallel()
	excuses := reviewed{
		survivor: "equal numbers", "testdata/tiny/tiny.go Gone: true -> false": "gone",
		"elsewhere/a.go F: true -> false": "not looked at",
	}
	p := pkg{files: []string{"testdata/tiny/tiny.go"}}
	all, err := p.mutants()
	require.NoError(t, err)
	assert.Equal(t, []string{"testdata/tiny/tiny.go Gone: true -> false"}, excuses.stale(p, all))
}

func TestAnExcuseNeedsAReason(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		survivor: ":1: want a mutant", survivor + "  // a\n" + survivor + "  // b\n": ":2: a duplicate",
	} {
		_, err := tiny(t, text)
		assert.ErrorContains(t, err, says)
	}
}

func TestTheMutantsOfAFile(t *testing.T) {
	t.Parallel()
	source := `package x

func (b *box[T]) put(n int, on bool) (err error) {
	if n >= b.most && on {
		return errFull
	}
	switch n {
	case 1, 2:
		b.n = n
	}
	b.log.Warn("full")
	if n < 0 {
		panic("less than nothing")
	}
	for on {
		b.n++
		continue
	}
	x := n*2 - 1
	_ = x
	b.on, b.on = true, true
	return nil
}
`
	all, err := mutantsOf("x.go", []byte(source))
	require.NoError(t, err)
	var got []string
	for _, m := range all {
		after, ok := strings.CutPrefix(m.key(), "x.go box.put: ")
		require.True(t, ok, m.key())
		got = append(got, after)
		assert.NotEqual(t, source, string(m.apply([]byte(source))), m.key())
	}
	assert.ElementsMatch(t, []string{
		"never if n < 0", "always if n < 0", "n < 0 -> <=",
		"never if n >= b.most && on", "always if n >= b.most && on", "without && on",
		"without n >= b.most &&", "n >= b.most -> >", "without case 1", "without case 2", "without b.n = n",
		"without b.n++", "without continue",
		"n*2 - 1 -> +", "n * 2 -> /", "without b.on, b.on = true, true", "true -> false", "true -> false (2)",
	}, got)
	for _, m := range all {
		if m.what == "without case 1" {
			assert.Contains(t, string(m.apply([]byte(source))), "\tcase 2:\n")
		}
		if m.what == "n >= b.most -> >" {
			assert.Contains(t, string(m.apply([]byte(source))), "if n > b.most && on {")
			assert.Equal(t, 4, m.line)
		}
	}
}

func TestTheSampleIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	var all []mutant
	for n := range 50 {
		all = append(all, mutant{line: n})
	}
	assert.Equal(t, sample(all, 1, "a"), sample(all, 1, "a"))
	assert.ElementsMatch(t, all, sample(all, 1, "a"))
	assert.NotEqual(t, sample(all, 1, "a"), sample(all, 2, "a"))
	assert.NotEqual(t, sample(all, 1, "a"), sample(all, 1, "b"))
	assert.Equal(t, 0, all[0].line, "the list itself stays in order")
}

func TestAPackageWithoutTestsIsRefused(t *testing.T) {
	t.Parallel()
	_, err := list(t.Context(), []string{"countersign/esl/esltest"})
	assert.ErrorContains(t, err, "has no tests")
}
