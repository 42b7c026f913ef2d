package freeswitch_test

import (
	"os"
	"runtime"
	"testing"

	"countersign/internal/parallel"
)

// callsAtOnce is how many tests run at a time. A call waits for seconds and computes for milliseconds, so that the
// number of cores, which is Go's default, would only make the tests take longer.
const callsAtOnce = 12

// threads is how many goroutines may compute at a time. The telephones are goroutines, and must not wait for others: the
// machine shares its cores more finely than Go.
const threads = 16

func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(max(threads, runtime.NumCPU()))
	parallel.Default(callsAtOnce)
	code := m.Run()
	forgetBinary()
	os.Exit(code)
}
