//go:build race

package staff_test

// racing: the race detector slows a browser's server down; the browser tests run without it.
const racing = true
