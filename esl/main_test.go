package esl_test

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() != "" {
		os.Exit(m.Run()) // the eslgo server that BenchmarkWire measures beside ours cannot be stopped
	}
	goleak.VerifyTestMain(m)
}
