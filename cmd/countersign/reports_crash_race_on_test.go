//go:build race

package main

// crashCalls are fewer under the race detector, which makes everything ten times slower.
const crashCalls = 150

// racing: the tests run with the race detector.
const racing = true
