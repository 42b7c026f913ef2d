//go:build !linux

package tap

import (
	"errors"
	"os"
)

func inMemory(string) error {
	return errors.New("recognisers of your own hear callers on Linux alone: there is no folder in memory here")
}

func ours(string, os.FileInfo) error { return nil }

func giveBack(*os.File, int64, int64) {}
