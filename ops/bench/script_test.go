package bench

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
	"countersign/steps"
	"countersign/store/customers"
)

func example(t *testing.T, name string) *lines.Definition {
	t.Helper()
	text, err := lines.Example(name)
	require.NoError(t, err)
	def, err := lines.Parse(name, text)
	require.NoError(t, err)
	return def
}

func TestCustomersOfALineAreMadeUpAsItAsks(t *testing.T) {
	t.Parallel()
	builtIn, _ := lines.Default()
	for _, c := range []struct {
		def     *lines.Definition
		columns []string
		keyed   int // by a caller, of things on file
	}{
		{builtIn, []string{"id", "name", "account", "pin"}, 2},
		{example(t, "office"), []string{"id", "name", "account", "birth_date", "fact:postcode"}, 3},
		{example(t, "bank"), []string{"id", "name", "account", "pin"}, 2},
	} {
		s, err := NewScript(c.def)
		require.NoError(t, err)
		const n = 500
		var text bytes.Buffer
		require.NoError(t, s.WriteCustomers(&text, n))
		rows, err := csv.NewReader(bytes.NewReader(text.Bytes())).ReadAll()
		require.NoError(t, err)
		assert.Equal(t, c.columns, rows[0])
		d, err := customers.Open(t.Context(), filepath.Join(t.TempDir(), "directory.db"), customers.Options{
			Pepper: customers.OnePepper(bytes.Repeat([]byte{1}, 32)), Scheme: customers.SchemeHMAC,
		})
		require.NoError(t, err)
		r, err := d.Import(t.Context(), &text, customers.ImportOptions{})
		require.NoError(t, err)
		assert.Equal(t, n, r.Added)
		assert.Zero(t, r.WeakPINs)
		require.NoError(t, d.Close())
	}
}

func TestMadeUpNumbersPassTheirCheck(t *testing.T) {
	t.Parallel()
	for _, check := range steps.Checks() {
		if !check.Digits {
			continue
		}
		seen := map[string]bool{}
		for i := range 2000 {
			n := number(i, 2000, 8, check.Right)
			assert.True(t, check.Right(n), "%s: %s", check.Name, n)
			assert.Len(t, n, 8)
			seen[n] = true
		}
		assert.Len(t, seen, 2000, check.Name)
	}
}

func TestALineThatMadeUpCallersCannotAnswerIsRefused(t *testing.T) {
	t.Parallel()
	_, err := NewScript(example(t, "smartflows"))
	require.ErrorContains(t, err, "nothing that made-up callers can key")
	_, err = NewScript(example(t, "insurance"))
	require.ErrorContains(t, err, "policy has letters")
	def := example(t, "office")
	def.Verify = nil
	_, err = NewScript(def)
	require.ErrorContains(t, err, "verifies nobody")
	def.Identify = slices.DeleteFunc(def.Identify, func(id lines.Identifier) bool { _, is := id.Way.(*lines.NumberQuestion); return is })
	_, err = NewScript(def)
	require.ErrorContains(t, err, "asks for no number")
}
