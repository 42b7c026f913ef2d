package recogniser

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzText reads strings as encoding/json does.
func FuzzText(f *testing.F) {
	for _, s := range []string{`""`, `"one"`, `"\u00fc\n\\\""`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83dx"`, "\"\xff\"", `"ä"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, quoted []byte) {
		var want string
		if json.Unmarshal(quoted, &want) != nil || len(quoted) > 0 && quoted[0] == 'n' {
			return
		}
		var got text
		require.NoError(t, json.Unmarshal(quoted, &got))
		assert.Equal(t, want, string(got))
	})
}
