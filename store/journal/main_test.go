package journal

import (
	"testing"

	"countersign/internal/crashtest"
	"countersign/internal/leaktest"
)

func TestMain(m *testing.M) {
	if crashtest.Play(map[string]crashtest.Role{"journal": journalUntilKilled, "spill": spillUntilKilled}) {
		return
	}
	leaktest.Main(m)
}
