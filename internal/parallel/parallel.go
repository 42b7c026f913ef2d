// Package parallel says how many tests of a package run at a time. Go's default is the number of cores, which is
// right for tests that compute. Those that wait, for a call, another process or a timer, only take longer that way.
package parallel

import (
	"flag"
	"strconv"
)

// Default lets n tests run at a time, unless -parallel was given. It is for TestMain.
func Default(n int) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if chosen {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err) // it is a flag of every test
	}
}
