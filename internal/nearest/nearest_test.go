package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/internal/nearest"
)

func TestTheWordThatWasMeant(t *testing.T) {
	t.Parallel()
	known := []string{"lines", "report", "replay", "retention", "customers", "import", "ok"}
	for written, meant := range map[string]string{
		"lins": "lines", "repotr": "report", "imprt": "import", "REPLAY": "replay", "costumers": "customers",
		"line": "lines", "retenton": "retention", "xyz": "", "": "", "telephone": "", "k": "ok",
	} {
		got, found := nearest.To(written, known)
		assert.Equal(t, meant, got, written)
		assert.Equal(t, meant != "", found, written)
	}
}
