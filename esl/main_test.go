package esl_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"countersign/internal/leaktest"
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
	leaktest.Main(m)
}
