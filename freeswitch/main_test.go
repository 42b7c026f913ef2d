package freeswitch_test

import (
	"flag"
	"os"
	"testing"
)

// callsAtOnce is how many tests run at a time. A call waits for seconds and computes for milliseconds, so that the
// number of cores, which is Go's default, would only make the tests take longer.
const callsAtOnce = "24"

func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", callsAtOnce); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	forgetBinary()
	os.Exit(code)
}
