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

// renderedName is the file beside the language folders that lists what Renderer made:
// "<sha256 of the audio>  <sha256 of the text>  <file>".
const renderedName = ".countersign-rendered"

const renderedHead = `# The prompts that "countersign prompts render" made here from their texts:
# sha256 of the audio, sha256 of the text, file.
# A recording that is not listed is a person's and is not overwritten.
`

// rendered maps the audio that Renderer made to the checksum of its text.
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
		// Skip a damaged line: its file counts as a person's recording.
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
