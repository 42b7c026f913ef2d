package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCustomersAreAddedExportedAndRemoved(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	do := func(in string, args ...string) (code int, stdout, stderr string) {
		t.Helper()
		return countersign(t, in, append([]string{"--data", data, "customers"}, args...)...)
	}
	code, stdout, stderr := do("", "add", "--name", `Lovelace, "Ada"`, "--phone", "030 901820", "--phone", "+442079460001",
		"--email", "office@example.org", "--email", "ada@Example.org",
		"--account", "100042", "--identifier", "tracking=7001", "--language", "en", "--region", "DE", "C-1")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "C-1 is added")
	code, _, stderr = do("", "add", "C-1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `there is a customer "C-1" already`)
	for _, c := range []struct{ args, want string }{
		{"--phone|030 901820|C-2", "has no country code"},
		{"--phone|33612345678|--region|DE|C-2", "can be two numbers, +33612345678 and +4933612345678"},
		{"--email|Ada <ada@example.org>|C-2", "no address such as"},
		{"--account|100042|C-2", "belongs to customer C-1 already"},
		{"no spaces", "use 1 to 64 of the letters"},
		{"--identifier|post code=1|C-2", "cannot have this name"},
	} {
		code, _, stderr = do("", append([]string{"add"}, strings.Split(c.args, "|")...)...)
		assert.Equal(t, exitFailed, code, c.args)
		assert.Contains(t, stderr, c.want)
	}
	code, _, stderr = do("", "add", "--region", "XX", "C-2")
	assert.Equal(t, exitWrongUse, code, stderr)

	code, _, stderr = do("246813\n", "set-pin", "C-1")
	require.Equal(t, exitDone, code, stderr)
	code, _, stderr = do("id,name\nC-2,Zoë\n", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	code, stdout, _ = do("", "export")
	require.Equal(t, exitDone, code)
	assert.Equal(t, "id,name,phones,emails,language,account,id:tracking\n"+
		`C-1,"Lovelace, ""Ada""",+442079460001;+4930901820,`+
		`ada@example.org;office@example.org,en,100042,7001`+"\nC-2,Zoë,,,,,\n", stdout)
	file := filepath.Join(t.TempDir(), "out.csv")
	code, _, stderr = do("", "export", "-o", file)
	require.Equal(t, exitDone, code, stderr)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, stdout, string(written))
	code, stdout, stderr = do("", "import", file)
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, "2 customers imported (0 added, 0 changed, 2 unchanged)\n", stdout)

	code, _, stderr = do("", "remove", "C-1")
	require.Equal(t, exitDone, code, stderr)
	code, _, stderr = do("", "remove", "C-1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `there is no customer "C-1"`)
	code, stdout, stderr = do("", "import", "--json", file)
	require.Equal(t, exitDone, code, stderr)
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	assert.EqualValues(t, 1, result["added"])
	code, stdout, _ = do("", "show", "C-1")
	require.Equal(t, exitDone, code)
	assert.NotContains(t, stdout, "pin", "it was removed with the customer")

	for action, n := range map[string]int{"customer_added": 1, "customer_removed": 1, "exported": 2, "imported": 3} {
		assert.Len(t, audited(t, data, "--action", action), n, action)
	}
}

func TestAnImportSaysWhatItGuessedAndWhatIsOdd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := filepath.Join(dir, "c.yaml")
	require.NoError(t, os.WriteFile(settings, []byte(`caller: {placeholders: ["+4930901829"]}`), 0o600))
	importing := func(file string, args ...string) (code int, stdout, stderr string) {
		t.Helper()
		return countersign(t, file, append(
			[]string{"--config", settings, "--data", filepath.Join(dir, "data"), "customers", "import"}, append(args, "-")...,
		)...)
	}
	code, stdout, stderr := importing("id;phones\nC1;+4930901820|+15551230001\nC2;+4930901820\n\xe9;\n", "--skip-bad")
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, "2 customers imported, 1 bad rows left out\n", stdout)
	assert.Contains(t, stderr, "read as Windows-1252")
	assert.Contains(t, stderr, "1 phones have a possible length, but their country has no such numbers, such as "+
		"+15551230001 (line 2)")
	assert.Contains(t, stderr, "phone +4930901820 is shared by C1, C2: it identifies none of them")

	code, _, stderr = importing("Kundennummer,Telefon,Notiz\nC3,+4930901821,x\n")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "--map kundennummer=id --map telefon=phones --map notiz=-")
	code, _, stderr = importing("Kundennummer,Telefon,Notiz\nC3,+4930901821,x\n", "--map", "kundennummer=id", "--map",
		"telefon=phones", "--map", "notiz=-")
	assert.Equal(t, exitDone, code, stderr)
	for _, wrong := range []string{"phone", "=phones", "phone="} {
		code, _, stderr = importing("id\nC4\n", "--map", wrong)
		assert.Equal(t, exitWrongUse, code, stderr)
	}
	code, _, stderr = importing("id,phones\nC5,+4930901829\n")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "it stands for a number that is withheld or unknown")
	code, stdout, stderr = importing("id,phones\nC3,\n", "--clear-empty")
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, "1 customers imported (0 added, 1 changed, 0 unchanged)\n", stdout)
}

func TestPlaceholdersInTheSettingsMustBeNumbers(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`["x"]`, `["030 901820"]`, `["*"]`, `[""]`} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		require.NoError(t, os.WriteFile(file, bytes.Join([][]byte{[]byte("caller: {placeholders: "), []byte(list),
			[]byte("}")}, nil), 0o600))
		code, _, stderr := countersign(t, "", "--config", file, "--data", t.TempDir(), "customers", "list")
		assert.Equal(t, exitFailed, code, list)
		assert.Contains(t, stderr, "caller.placeholders has")
	}
}
