package parallel

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDefaultGivesWayToTheFlag(t *testing.T) {
	before := flag.Lookup("test.parallel").Value.String()
	t.Cleanup(func() { _ = flag.Set("test.parallel", before) })
	assert.NoError(t, flag.Set("test.parallel", "3"))
	Default(7)
	assert.Equal(t, "3", flag.Lookup("test.parallel").Value.String(), "it was chosen")
}
