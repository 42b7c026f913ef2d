//go:build !race

package main

// crashCalls is how many calls run at the same time when something is killed.
const crashCalls = 1000

// racing: the tests run with the race detector.
const racing = false
