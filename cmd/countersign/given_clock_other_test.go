//go:build !linux || !amd64

package main

import "errors"

func takeClock(string) error {
	return errors.New("a clock can be given to a process on Linux on amd64 alone")
}
