package relay_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childPath) != "" {
		fmt.Println(consumeUntilKilled())
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}
