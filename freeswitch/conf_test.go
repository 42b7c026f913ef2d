package freeswitch_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShippedFilesAreWellFormed(t *testing.T) {
	t.Parallel()
	seen := 0
	require.NoError(t, fs.WalkDir(os.DirFS("conf"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
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
