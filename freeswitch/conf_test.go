package freeswitch_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShippedFilesAreWellFormed(t *testing.T) {
	t.Parallel()
	seen := 0
	require.NoError(t, fs.WalkDir(os.DirFS("conf"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".xml") {
			return err
		}
		seen++
		b, err := fs.ReadFile(os.DirFS("conf"), path)
		require.NoError(t, err)
		var root xml.Name
		dec := xml.NewDecoder(bytes.NewReader(b))
		for {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, path)
			if e, ok := token.(xml.StartElement); ok && root.Local == "" {
				root = e.Name
			}
		}
		assert.Equal(t, "include", root.Local, "%s: FreeSWITCH takes included files apart at this element", path)
		return nil
	}))
	assert.Equal(t, 3, seen, "the guide says three files")
}

// TestTheGrammarIsAListOfWordsAndNothingMore: a grammar that holds phrases gives them away.
func TestTheGrammarIsAListOfWordsAndNothingMore(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("conf/grammar/countersign-words.gram")
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(b, []byte("#JSGF V1.0;\n")), "the engine wants it as the first line")
	list := regexp.MustCompile(`(?s)\n<word> =([^;]*);\n\npublic <phrase> = ([^;]*) ;\n$`).FindSubmatch(b)
	require.NotNil(t, list)
	words := strings.Split(string(list[1]), "|")
	seen := map[string]bool{}
	for _, w := range words {
		w = strings.TrimSpace(w)
		assert.Regexp(t, `^[a-z]{5,}$`, w)
		assert.False(t, seen[w], "%s is there twice", w)
		seen[w] = true
	}
	assert.Contains(t, string(b), fmt.Sprintf("these %d words", len(seen)),
		"the comment says how many, and what that is worth")
	assert.Equal(t, 6, strings.Count(string(list[2]), "<word>"))
}
