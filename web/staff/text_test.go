package staff

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/words"
)

var textUsed = regexp.MustCompile(`(?:\bT|refuse\([^,]+,) ?\(?"([a-z_0-9]+)"`)

// Every text that a page or a handler names is there in each language. Names that are put together are not looked at.
func TestEveryTextThatIsNamedExists(t *testing.T) {
	t.Parallel()
	found := 0
	look := func(name string, body []byte) {
		for _, m := range textUsed.FindAllSubmatch(body, -1) {
			key := string(m[1])
			if strings.HasSuffix(key, "_") {
				continue
			}
			found++
			for _, l := range words.Languages() {
				assert.NotEmpty(t, texts[key][l], "%s names the text %q, which is missing in %q", name, key, l)
			}
		}
	}
	require.NoError(t, fs.WalkDir(pages, "pages", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var body []byte
			body, err = pages.ReadFile(path)
			look(path, body)
		}
		return err
	}))
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
			body, err := os.ReadFile(f.Name())
			require.NoError(t, err)
			look(f.Name(), body)
		}
	}
	assert.Greater(t, found, 100)
}
