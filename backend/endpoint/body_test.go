package endpoint

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// FuzzBody: whatever is sent in whatever coding and charset, nothing panics, and no more than the bound comes out.
func FuzzBody(f *testing.F) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(`{"a": 1}`))
	require.NoError(f, w.Close())
	f.Add(b.Bytes(), "gzip", "application/json")
	f.Add([]byte("\x78\x9c\xab\x56\x4a"), "deflate", "")
	f.Add([]byte("\xff\xfe{\x00}\x00"), "", "application/json; charset=utf-16")
	f.Add([]byte("{\"n\": \"\xfc\"}"), "", "text/html; charset=iso-2022-jp")
	f.Add([]byte(")]}',{}"), "identity", `a/b; charset="`)
	f.Fuzz(func(t *testing.T, body []byte, coding, contentType string) {
		const most = 1 << 12
		if len(body) == 0 || len(body) > most {
			return
		}
		plain, err := unpack(bytes.Clone(body), coding, most)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(plain), most)
		text, err := inUTF8(plain, contentType)
		if err == nil {
			require.LessOrEqual(t, len(unguarded(text)), 4*most)
		}
	})
}

func TestDeepAndWideAnswersCostLittle(t *testing.T) {
	t.Parallel()
	var wide strings.Builder
	for i := range 100_000 {
		wide.WriteString(`"` + strings.Repeat("k", i%5) + string(rune('a'+i%26)) + time.Duration(i).String() + `":1,`)
	}
	for name, c := range map[string]struct {
		doc     string
		repeats bool
	}{
		"deep":           {strings.Repeat(`{"a":`, 9000) + `1` + strings.Repeat(`}`, 9000), true},
		"deep lists":     {strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000), true},
		"wide":           {`{` + wide.String() + `"z":1}`, false},
		"wide, repeated": {`{"first":0,` + wide.String() + `"first":1}`, true},
		"late, repeated": {`{` + wide.String() + `"last":0,"last":1}`, true},
		"as deep as any": {strings.Repeat(`{"a":[`, 12) + `1` + strings.Repeat(`]}`, 12), false},
	} {
		v := gjson.Parse(c.doc)
		assert.Equal(t, c.repeats, Repeats(v), name)
		assert.False(t, Silent([]byte(c.doc)), name)
	}
}
