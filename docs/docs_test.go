package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = ".."

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.*)$`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```")
	// cited is a page of this folder in a comment or a text of the code.
	cited = regexp.MustCompile(`docs/[a-z-]+\.md(#[a-z0-9-]+)?`)
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	pages := files(t, ".md")
	require.Greater(t, len(pages), 15)
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			to := page
			if path != "" {
				to = filepath.Join(filepath.Dir(page), path)
			}
			leads(t, page, to, anchor)
		}
	}
}

var (
	proven   = regexp.MustCompile("`([a-z/]+)` ((?:`Test\\w+`(?:, )?)+)")
	testName = regexp.MustCompile(`Test\w+`)
)

// What README promises is proven by tests that are there.
func TestEveryTestThatProvesAPromiseExists(t *testing.T) {
	t.Parallel()
	named := 0
	for _, m := range proven.FindAllStringSubmatch(read(t, "docs/promises.md"), -1) {
		tests, err := filepath.Glob(filepath.Join(root, m[1], "*_test.go"))
		require.NoError(t, err)
		code := ""
		for _, file := range tests {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			code += string(text)
		}
		for _, name := range testName.FindAllString(m[2], -1) {
			assert.True(t, strings.Contains(code, "func "+name+"(t "), "%s has no %s", m[1], name)
			named++
		}
	}
	assert.Equal(t, strings.Count(read(t, "docs/promises.md"), "`Test"), named, "each test beside its package")
	for _, promise := range anchors(t, "docs/promises.md")[1:] {
		assert.Contains(t, read(t, "README.md"), "docs/promises.md#"+promise)
	}
}

func TestEveryPageThatTheCodeCitesIsThere(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{".go", ".yaml", ".yml", ".xml", ".sql", ".py"} {
		for _, file := range files(t, suffix) {
			for _, m := range cited.FindAllString(read(t, file), -1) {
				path, anchor, _ := strings.Cut(m, "#")
				leads(t, file, path, anchor)
			}
		}
	}
}

// leads checks that a file is there and, where an anchor is named, has that heading.
func leads(t *testing.T, from, to, anchor string) {
	t.Helper()
	_, err := os.Stat(filepath.Join(root, to))
	if assert.NoError(t, err, from) && anchor != "" {
		assert.Contains(t, anchors(t, to), anchor, "%s: %s has no such heading", from, to)
	}
}

// anchors are the headings of a page as GitHub names them.
func anchors(t *testing.T, page string) (all []string) {
	t.Helper()
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, m[1]))
	}
	return all
}

// files are those of the repository that end so, by their paths from its root.
func files(t *testing.T, suffix string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == ".git" || name == "countersign-data") {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, suffix) {
			path, err = filepath.Rel(root, path)
			paths = append(paths, path)
		}
		return err
	}))
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}
