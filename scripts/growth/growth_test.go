package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABenchmarkIsReadInMilliseconds(t *testing.T) {
	t.Parallel()
	p, err := readBenchmark(1000, []byte(`goos: linux
BenchmarkAmongMany/by_telephone-2   	3	 4584333 ns/op	 434.2 B/customer	 22922 ns/each
BenchmarkAmongMany/count-2          	3	   36550 ns/op
BenchmarkReports/identified_by_ani,_of_the_year-2	5	8.1e+06 ns/op
`))
	require.NoError(t, err)
	assert.Equal(t, map[string]float64{"by telephone": 0.022922, "count": 0.03655, "identified by ani, of the year": 8.1}, p.Values)
	_, err = readBenchmark(1000, []byte("FAIL"))
	require.ErrorContains(t, err, "FAIL")
}

func TestAStepOfBenchIsRead(t *testing.T) {
	t.Parallel()
	p, err := readCalls(500, []byte(`{"steps":[{"at_once":480,"calls":600,"verified":599,"server_ms_a_call":6.5,"resident_bytes":104857600,
		"reaction_ms":{"p50":1.5,"p99":20},"generator_late_ms":{"p99":3}}]}`))
	require.NoError(t, err)
	assert.InDelta(t, 480, p.Size, 0)
	assert.Equal(t, map[string]float64{
		"CPU of a call": 6.5, "reaction p50": 1.5, "reaction p99": 20, "callers late p99": 3, "memory of the service": 100, "calls": 600,
		"verified": 599,
	}, p.Values)
	_, err = readCalls(500, nil)
	require.Error(t, err)
}

func TestThePageAndItsPicturesAreMadeOfThePoints(t *testing.T) {
	t.Parallel()
	p := part{what: "lines", beyond: 1e5, columns: []column{{"apply one", "lines", "ms"}, {"never measured", "lines", "ms"}}}
	points := []Point{
		{Size: 10, Values: map[string]float64{"apply one": 0.5}}, {Size: 1000, Values: map[string]float64{"apply one": 1234}},
	}
	page, err := filled("a\n<!-- growth:lines -->\nold\n<!-- /growth -->\nb\n", "lines", p.table(points))
	require.NoError(t, err)
	assert.Equal(t, "a\n<!-- growth:lines -->\n| lines | 10 | 1,000 |\n|---|---|---|\n| apply one | 0.5 ms | 1,234 ms |\n"+
		"| never measured | – | – |\n<!-- /growth -->\nb\n", page)
	_, err = filled("nothing", "lines", "")
	require.Error(t, err)

	charts := p.charts(points)
	require.Len(t, charts, 1)
	require.Len(t, charts[0].curves, 1)
	svg := charts[0].svg()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}
	assert.Contains(t, svg, "not measured")
	assert.NotContains(t, svg, "NaN")
}
