//go:build !linux

package bench

func inMemory(string) bool { return false }
