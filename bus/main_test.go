package bus_test

import (
	"fmt"
	"os"
	"testing"

	"countersign/internal/leaktest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childPath) != "" {
		fmt.Println(consumeUntilKilled())
		os.Exit(1)
	}
	leaktest.Main(m)
}
