package bus_test

import (
	"fmt"
	"os"
	"testing"

	"countersign/internal/crashtest"
	"countersign/internal/leaktest"
	"countersign/internal/parallel"
)

func TestMain(m *testing.M) {
	if os.Getenv(childPath) != "" {
		fmt.Println(consumeUntilKilled())
		os.Exit(1)
	}
	if crashtest.Play(map[string]crashtest.Role{"power": confirmUntilKilled}) {
		return
	}
	parallel.Default(4)
	leaktest.Main(m)
}
