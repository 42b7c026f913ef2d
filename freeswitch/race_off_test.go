//go:build !race

package freeswitch_test

const raceDetector = false
