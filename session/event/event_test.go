package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

var update = flag.Bool("update", false, "write the examples in testdata/")

func exampleFile(f event.Fact) string { return filepath.Join("testdata", string(f)+".json") }

func readExample(tb testing.TB, f event.Fact) []byte {
	tb.Helper()
	b, err := os.ReadFile(exampleFile(f))
	require.NoError(tb, err, "go test ./session/event -update writes it")
	return b
}

// eachFact runs a test once for every fact.
func eachFact(t *testing.T, test func(t *testing.T, f event.Fact)) {
	t.Helper()
	for _, f := range event.Facts() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

func TestExamples(t *testing.T) {
	t.Parallel()
	want := examples()
	eachFact(t, func(t *testing.T, f event.Fact) {
		e, ok := want[f]
		require.True(t, ok, "no example")
		b, err := json.MarshalIndent(e, "", "  ")
		require.NoError(t, err)
		b = append(b, '\n')
		if *update {
			require.NoError(t, os.WriteFile(exampleFile(f), b, 0o644))
		}
		golden := readExample(t, f)
		assert.Equal(t, string(golden), string(b))

		var got event.Event
		require.NoError(t, json.Unmarshal(golden, &got))
		assert.Equal(t, e, got)
	})
}

// A field that decoding dropped would be missing here, whatever the Go values above say.
func TestExamplesLoseNothingOnTheWayThroughGo(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) {
		golden := readExample(t, f)
		var e event.Event
		require.NoError(t, json.Unmarshal(golden, &e))
		assert.Equal(t, f, e.Fact())
		again, err := json.Marshal(e)
		require.NoError(t, err)
		assert.JSONEq(t, string(golden), string(again))
	})
}

// An example is there to be read: it shows every field, optional ones too.
func TestExamplesShowEveryField(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) {
		data := reflect.ValueOf(examples()[f].Data)
		for field, value := range data.Fields() {
			assert.False(t, value.IsZero(), field.Name)
		}
	})
}

func TestNothingLiesInTestdataWithoutAFact(t *testing.T) {
	t.Parallel()
	for folder, read := range map[string]string{"testdata": "example", "schema": "schema"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.json"))
		require.NoError(t, err)
		var want []string
		for _, f := range event.Facts() {
			want = append(want, filepath.Join(folder, string(f)+".json"))
		}
		assert.ElementsMatch(t, want, files, "one %s for each fact", read)
	}
}

// CloudEvents 1.0.2, "Required Attributes", "Attribute Naming Convention" and "Type System", read by somebody who knows
// nothing of our types.
func TestExamplesAreCloudEvents(t *testing.T) {
	t.Parallel()
	attribute := regexp.MustCompile(`^[a-z0-9]{1,20}$`)
	eachFact(t, func(t *testing.T, f event.Fact) {
		var members map[string]any
		decoder := json.NewDecoder(bytes.NewReader(readExample(t, f)))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&members))

		assert.Equal(t, "1.0", members["specversion"])
		for _, required := range []string{"id", "source", "type"} {
			value, isString := members[required].(string)
			assert.True(t, isString && value != "", "%s must be a string that is not empty", required)
		}
		_, err := url.Parse(members["source"].(string))
		assert.NoError(t, err, "source must be a URI reference")
		_, err = time.Parse(time.RFC3339, members["time"].(string))
		assert.NoError(t, err, "time must be RFC 3339")
		assert.Equal(t, "application/json", members["datacontenttype"])
		assert.IsType(t, map[string]any{}, members["data"])
		delete(members, "data")
		for name, value := range members {
			assert.Regexp(t, attribute, name)
			switch v := value.(type) {
			case string, bool:
			case json.Number:
				n, err := v.Int64()
				assert.True(t, err == nil && n == int64(int32(n)), "%s must be a 32-bit integer", name)
			default:
				assert.Fail(t, "an attribute must be a string, a boolean or an integer", "%s is a %T", name, value)
			}
		}
	})
}

func TestEventsAreWrittenInUTC(t *testing.T) {
	t.Parallel()
	e := examples()[event.FactVerified]
	e.Time = e.Time.In(time.FixedZone("CET", 3600))
	b, err := json.Marshal(e)
	require.NoError(t, err)
	assert.JSONEq(t, string(readExample(t, event.FactVerified)), string(b))
}

func TestUnmarshalIgnoresFieldsThatALaterV1Adds(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) {
		later := strings.Replace(
			string(readExample(t, f)), `"data": {`, `"traceparent": "00-01", "data": {"colour": {"of": ["socks"]}, `, 1,
		)
		var e event.Event
		require.NoError(t, json.Unmarshal([]byte(later), &e))
		assert.Equal(t, examples()[f], e)
	})
}

func TestUnmarshalOfAnUnknownFactCanBeSkipped(t *testing.T) {
	t.Parallel()
	var e event.Event
	err := json.Unmarshal([]byte(`{"specversion":"1.0","type":"countersign.v1.weather_changed","data":{"rain":true}}`), &e)
	var unknown *event.UnknownFactError
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, event.Fact("weather_changed"), unknown.Fact)
	assert.Equal(t, `read event: unknown fact "weather_changed"`, unknown.Error())
	assert.Zero(t, e)
}

func TestUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"another version of CloudEvents": {
			`{"specversion":"0.3","type":"countersign.v1.routed","data":{}}`, `specversion is "0.3"`,
		},
		"another version of ours": {
			`{"specversion":"1.0","type":"countersign.v2.routed","data":{}}`, `type is "countersign.v2.routed"`,
		},
		"no data":              {`{"specversion":"1.0","type":"countersign.v1.routed"}`, "read event routed: "},
		"data of another kind": {`{"specversion":"1.0","type":"countersign.v1.routed","data":[]}`, "read event routed: "},
		"a field of another kind": {
			`{"specversion":"1.0","type":"countersign.v1.routed","data":{"level":"2"}}`, "read event routed: ",
		},
		"a list": {`[]`, "read event: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e event.Event
			assert.ErrorContains(t, json.Unmarshal([]byte(tt.in), &e), tt.want)
			assert.Zero(t, e)
		})
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"retail":     "countersign.v1.retail.verified",
		"retail.de":  "countersign.v1.retail_de.verified",
		"*":          "countersign.v1._.verified",
		">":          "countersign.v1._.verified",
		"a b\tc\r\n": "countersign.v1.a_b_c__.verified",
		"\x00\x7f":   "countersign.v1.__.verified",
		"":           "countersign.v1._.verified",
		"Müller":     "countersign.v1.Müller.verified",
	} {
		assert.Equal(t, want, event.Subject(line, event.FactVerified), "%q", line)
	}
	e := examples()[event.FactVerified]
	assert.Equal(t, "countersign.v1.retail.verified", e.Subject())
}

func TestID(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "019a9c2e.12", event.ID("019a9c2e", 12))
}

func FuzzEvent(f *testing.F) {
	for _, fact := range event.Facts() {
		var compact bytes.Buffer
		require.NoError(f, json.Compact(&compact, readExample(f, fact)))
		f.Add(compact.Bytes())
	}
	f.Add([]byte(`{"specversion":"1.0","type":"countersign.v1.weather_changed","data":{}}`))
	f.Add([]byte(`{"specversion":"1.0","type":"countersign.v1.routed","data":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var first event.Event
		if json.Unmarshal(b, &first) != nil {
			return
		}
		if year := first.Time.UTC().Year(); year < 0 || year > 9999 {
			return // RFC 3339 reads 9999-12-31T23:00:00-02:00 but cannot write it in UTC
		}
		once, err := json.Marshal(first)
		require.NoError(t, err)
		var second event.Event
		require.NoError(t, json.Unmarshal(once, &second))
		twice, err := json.Marshal(second)
		require.NoError(t, err)
		assert.Equal(t, string(once), string(twice))
		assert.Equal(t, first.Subject(), second.Subject())
	})
}
