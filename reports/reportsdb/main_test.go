package reportsdb

import (
	"testing"

	"countersign/internal/crashtest"
	"countersign/internal/leaktest"
)

func TestMain(m *testing.M) {
	if crashtest.Play(map[string]crashtest.Role{"reports": reportUntilKilled}) {
		return
	}
	leaktest.Main(m)
}
