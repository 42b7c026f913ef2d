package bus_test

import (
	"fmt"
	"os"
	"testing"

	"countersign/internal/leaktest"
	"countersign/internal/parallel"
)

func TestMain(m *testing.M) {
	if os.Getenv(childPath) != "" {
		fmt.Println(consumeUntilKilled())
		os.Exit(1)
	}
	parallel.Default(4)
	leaktest.Main(m)
}
