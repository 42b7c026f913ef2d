package freeswitch_test

import (
	"os"
	"testing"

	"countersign/internal/parallel"
)

// callsAtOnce is how many tests run at a time. A call waits for seconds and computes for milliseconds, so that the
// number of cores, which is Go's default, would only make the tests take longer.
const callsAtOnce = 24

func TestMain(m *testing.M) {
	parallel.Default(callsAtOnce)
	code := m.Run()
	forgetBinary()
	os.Exit(code)
}
