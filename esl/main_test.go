package esl_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"countersign/internal/leaktest"
	"countersign/internal/parallel"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv("ESL_BENCH_ADDR"); addr != "" {
		if err := playFreeSWITCH(addr, os.Getenv("ESL_BENCH_CALLS")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() != "" {
		os.Exit(m.Run()) // the eslgo server that BenchmarkWire measures beside ours cannot be stopped
	}
	parallel.Default(10) // the slowest wait for time-outs
	leaktest.Main(m)
}
