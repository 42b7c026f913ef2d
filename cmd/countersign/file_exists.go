package main

import "os"

// exists keeps a command that only reads from creating the file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
