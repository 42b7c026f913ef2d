package live

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/lines"
	"countersign/lines/change"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/shared"
)

var benchLines = flag.Int("lines", 20, "lines that are in force in BenchmarkManyLines")

// BenchmarkManyLines measures what many lines cost: go run ./scripts/growth -parts lines
func BenchmarkManyLines(b *testing.B) {
	text, err := lines.Example("office")
	require.NoError(b, err)
	one := func(i, version int) shared.LineVersion {
		name := fmt.Sprintf("line-%04d", i)
		yaml := strings.NewReplacer("line: office", "line: "+name,
			`numbers: ["5300"]`, fmt.Sprintf("region: DE\nnumbers: [\"+4930%06d\", \"+4989%04d*\"]", i, i)).Replace(string(text))
		return shared.LineVersion{Name: name, Version: version, YAML: yaml, At: time.Unix(int64(version), 0)}
	}
	var stored []shared.LineVersion
	for i := range *benchLines {
		stored = append(stored, one(i, 1))
	}
	at := filepath.Join(b.TempDir(), "lines.json")
	open := func() *Lines {
		l, err := New(Options{
			Parts: lines.Parts{Directory: nobody{}}, Copy: at, Log: slog.New(slog.DiscardHandler),
			Speak: func(context.Context, []prompts.Text) error { return nil },
		})
		require.NoError(b, err)
		return l
	}
	l := open()
	l.put(stored)
	l.keep()
	require.Len(b, l.All(), *benchLines)
	pick := func(dialled string) {
		if l.Pick(session.Call{Dialled: dialled}).Name == "" {
			b.Fatal("no line")
		}
	}
	version := 1
	parsed, err := lines.Parse("new.yaml", []byte(one(9999, 1).YAML))
	require.NoError(b, err)
	for _, m := range []struct {
		name string
		do   func(i int)
	}{
		{"start from the copy", func(int) { open() }},
		{"apply one", func(i int) {
			version++
			stored[i%len(stored)] = one(i%len(stored), version)
			l.put(stored)
			l.keep()
		}},
		{"plan one", func(int) {
			_, err := change.Plan(stored, []change.File{{Text: []byte(one(9999, 1).YAML), Def: parsed}}, change.Options{})
			require.NoError(b, err)
		}},
		{"reload", func(int) { require.NoError(b, l.SetParts(lines.Parts{Directory: nobody{}}, nil)) }},
		{"pick by a number", func(i int) { pick(fmt.Sprintf("+4930%06d", i%len(stored))) }},
		{"pick by a number as dialled here", func(i int) { pick(fmt.Sprintf("030%06d", i%len(stored))) }},
		{"pick by a beginning", func(i int) { pick(fmt.Sprintf("+4989%04d77", i%len(stored))) }},
		{"pick the line for all others", func(i int) { pick(fmt.Sprintf("+1212555%04d", i%10_000)) }},
	} {
		b.Run(m.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				m.do(i)
			}
		})
	}
}
