//go:build race

package freeswitch_test

// raceDetector says that the tests were built with -race; then the service is, too.
const raceDetector = true
