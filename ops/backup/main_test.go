package backup

import (
	"testing"

	"countersign/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
