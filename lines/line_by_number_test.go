package lines_test

import (
	"fmt"
	"sync"
	"testing"

	"countersign/lines"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func entry(name, region string, numbers ...lines.Number) lines.Entry {
	return lines.Entry{Line: &session.Line{Name: name, Region: region}, Numbers: numbers}
}

func TestTheLineOfACall(t *testing.T) {
	t.Parallel()
	b := lines.NewBook(&session.Line{Name: "default"})
	b.Set([]lines.Entry{
		entry("retail", "DE", "5000", "+49301234*"),
		entry("vip", "DE", "+493012345*", "+4930123456789"),
		entry("us", "US", "(unreachable)", "2125550100"),
		entry("sales", "", "50*"),
		entry("named", ""),
		entry("zz", "DE", "00498912*"),
	})
	for name, c := range map[string]struct {
		call session.Call
		want string
	}{
		"as dialled":                           {session.Call{Dialled: "5000"}, "retail"},
		"exact before a beginning":             {session.Call{Dialled: "5000"}, "retail"},
		"a beginning":                          {session.Call{Dialled: "5001"}, "sales"},
		"a beginning, in E.164":                {session.Call{Dialled: "+4930123499"}, "retail"},
		"the longest beginning":                {session.Call{Dialled: "+4930123450"}, "vip"},
		"written with the trunk zero":          {session.Call{Dialled: "030123499"}, "retail"},
		"written with 00":                      {session.Call{Dialled: "004930123499"}, "retail"},
		"written for people":                   {session.Call{Dialled: "+49 (30) 12345-6789"}, "vip"},
		"a national number of another country": {session.Call{Dialled: "+12125550100"}, "us"},
		"a beginning that is written with 00":  {session.Call{Dialled: "+498912000"}, "zz"},
		"a beginning with 00, dialled so":      {session.Call{Dialled: "00498912000"}, "zz"},
		"by name":                              {session.Call{Line: "named", Dialled: "5000"}, "named"},
		"a name that there is not":             {session.Call{Line: "nemed", Dialled: "5000"}, "retail"},
		"the built-in line by name":            {session.Call{Line: "default", Dialled: "5000"}, "default"},
		"nothing fits":                         {session.Call{Dialled: "999"}, "default"},
		"no number":                            {session.Call{}, "default"},
		"a number that is none":                {session.Call{Dialled: "anonymous"}, "default"},
	} {
		assert.Equal(t, c.want, b.Pick(c.call).Name, name)
	}
	b.Set([]lines.Entry{entry("rest", "", "*"), entry("retail", "", "5000")})
	assert.Equal(t, "rest", b.Pick(session.Call{Dialled: "999"}).Name)
	assert.Equal(t, "rest", b.Pick(session.Call{}).Name)
	assert.Equal(t, "retail", b.Pick(session.Call{Dialled: "5000"}).Name)
	assert.Equal(t, []string{"rest", "retail"}, []string{b.Lines()[0].Line.Name, b.Lines()[1].Line.Name})
	b.Set(nil)
	assert.Equal(t, "default", b.Pick(session.Call{Dialled: "5000"}).Name, "the built-in line takes over again")
}

func TestOfTwoLinesWithOneNumberEveryMachinePicksTheSame(t *testing.T) {
	t.Parallel()
	a, z := entry("a", "", "5000", "60*", "*"), entry("z", "", "5000", "60*", "*")
	for range 20 {
		for _, order := range [][]lines.Entry{{a, z}, {z, a}} {
			b := lines.NewBook(&session.Line{Name: "default"})
			b.Set(order)
			for _, dialled := range []string{"5000", "6000", "7"} {
				require.Equal(t, "a", b.Pick(session.Call{Dialled: dialled}).Name)
			}
		}
	}
}

func TestABookIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	b := lines.NewBook(&session.Line{Name: "default"})
	set := func(version int) {
		one, two := entry("one", "", "1"), entry("two", "", "2")
		one.Line.Version, two.Line.Version = version, version
		b.Set([]lines.Entry{one, two})
	}
	set(0)
	var writing, reading sync.WaitGroup
	writing.Go(func() {
		for v := range 500 {
			set(v)
		}
	})
	for range 4 {
		reading.Go(func() {
			for range 2000 {
				one := b.Pick(session.Call{Dialled: "1"})
				if later := b.Pick(session.Call{Dialled: "2"}); later.Version < one.Version {
					t.Errorf("version %d after %d", later.Version, one.Version)
					return
				}
			}
		})
	}
	reading.Wait()
	writing.Wait()
}

func TestNumbersOfTwoLinesAreReported(t *testing.T) {
	t.Parallel()
	line := func(file, name, more string) *lines.Definition {
		def, err := lines.Parse(
			file, []byte("format: 1\nline: "+name+"\nidentify: [ani: {}]\nroutes: {identified: agents XML default}\n"+more),
		)
		require.NoError(t, err)
		return def
	}
	a := line("a.yaml", "a", "region: DE\nnumbers: [\"5000\", \"+4930123456\", \"70*\"]\n")
	for name, c := range map[string]struct{ more, says string }{
		"the same": {
			"numbers: [\"1\", \"5000\"]\n", "b.yaml:5:16: numbers[1]: 5000 is a number of the line a already (5000 in a.yaml)",
		},
		"the same beginning": {
			"numbers: [\"70*\"]\n", "b.yaml:5:11: numbers[0]: 70* is a number of the line a already",
		},
		"the same in another form": {
			"numbers: [\"030123456\"]\nregion: DE\n", "030123456 is a number of the line a already (+4930123456 in a.yaml)",
		},
		"by the region of all":    {"numbers: [\"030123456\"]\n", "030123456 is a number of the line a already"},
		"a beginning of a number": {"numbers: [\"50*\"]\n", ""},
		"no numbers":              {"", ""},
	} {
		got := lines.Conflicts([]*lines.Definition{a, line("b.yaml", "b", c.more)}, "DE")
		if c.says == "" {
			assert.Empty(t, got, name)
			continue
		}
		require.Len(t, got, 1, name)
		assert.Contains(t, got[0].String(), c.says, name)
	}
	got := lines.Conflicts([]*lines.Definition{a, line("b.yaml", "a", "")}, "")
	require.Len(t, got, 1)
	assert.Equal(t, "b.yaml:2:7: line: a is the name of the line in a.yaml too", got[0].String())
}

func BenchmarkPick(b *testing.B) {
	var entries []lines.Entry
	for i := range 500 {
		entries = append(
			entries,
			entry(
				fmt.Sprintf("l%d", i), "DE", lines.Number(fmt.Sprintf("+4930%06d", i)), lines.Number(fmt.Sprintf("+4989%04d*", i)),
			),
		)
	}
	book := lines.NewBook(&session.Line{Name: "default"})
	book.Set(entries)
	for name, dialled := range map[string]string{"exact": "+4930000250", "beginning": "+4989025099"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			call := session.Call{Dialled: dialled}
			for b.Loop() {
				if book.Pick(call).Name == "default" {
					b.Fatal("not found")
				}
			}
		})
	}
}

func TestPickingByAnExactNumberAllocatesNothing(t *testing.T) {
	b := lines.NewBook(&session.Line{Name: "default"})
	b.Set([]lines.Entry{entry("retail", "DE", "5000")})
	call := session.Call{Dialled: "5000"}
	assert.Zero(t, testing.AllocsPerRun(100, func() { b.Pick(call) }))
}
