package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

// settingsOf loads a file of settings as the commands do.
func settingsOf(t *testing.T, text string) (config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	flags := flag.NewFlagSet("countersign", flag.ContinueOnError)
	flags.String("config", file, "")
	flags.String("data", "/var/lib/elsewhere", "")
	return loadConfig(cli.NewContext(nil, flags, nil))
}

func TestSettingsOfNothingButCommentsAreTheDefaults(t *testing.T) {
	t.Parallel()
	want := defaults()
	want.readEnvironment()
	want.data = "/var/lib/elsewhere"
	require.NotEqual(t, config{data: want.data}, want)
	for name, text := range map[string]string{
		"an empty file": "", "an empty line": "\n", "comments": "# all of it is taken out for now\n# node: x\n",
		"a document of nothing": "---\n", "a document of comments": "---\n# node: x\n", "blanks": "  \n\n",
	} {
		got, err := settingsOf(t, text)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
}

func TestOneSettingChangesNothingElse(t *testing.T) {
	t.Parallel()
	want := defaults()
	want.readEnvironment()
	want.data, want.Node, want.Guard.LockAfter = "/var/lib/elsewhere", "x", 4
	got, err := settingsOf(t, "# the rest is as shipped\nnode: x\nguard: {lock_after: 4}\n")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	_, err = settingsOf(t, "# node: x\nnod: x\n")
	assert.ErrorContains(t, err, "nod", "a setting that nobody knows is no comment")
}
