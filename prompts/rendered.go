package prompts

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// renderedName is the file, beside the language folders, that remembers what Render made: "<sha256 of the audio>  <sha256 of the text>  <file>".
const renderedName = ".countersign-rendered"

const renderedHead = `# The prompts that "countersign prompts render" made here from their texts: sha256 of the audio, sha256 of the text, file.
# A recording that is not listed is a person's and is not rendered over.
`

// rendered is what Render made: the sum of its text.
type rendered map[entry]string

func readRendered(dir string) (rendered, error) {
	r := rendered{}
	b, err := os.ReadFile(filepath.Join(dir, renderedName))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		// A line that is damaged vouches for nothing: its file counts as a person's.
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[0] != "#" {
			r[entry{f[0], f[2]}] = f[1]
		}
	}
	return r, nil
}

func (r rendered) write(dir string) error {
	byFile := func(a, b entry) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.sum, b.sum)) }
	b := bytes.NewBufferString(renderedHead)
	for _, audio := range slices.SortedFunc(maps.Keys(r), byFile) {
		fmt.Fprintf(b, "%s  %s  %s\n", audio.sum, r[audio], audio.name)
	}
	return writeFile(filepath.Join(dir, renderedName), b.Bytes())
}
