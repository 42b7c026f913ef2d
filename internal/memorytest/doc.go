// Package memorytest looks for secrets in the memory of the process, for tests that they are wiped. It is empty where
// it cannot: outside Linux, and under the race detector, which makes copies of its own.
package memorytest
