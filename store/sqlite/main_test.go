package sqlite

import (
	"testing"

	"countersign/internal/crashtest"
	"countersign/internal/leaktest"
)

func TestMain(m *testing.M) {
	if crashtest.Play(map[string]crashtest.Role{"leave in log": leaveInLog}) {
		return
	}
	leaktest.Main(m)
}
