// Package crashtest kills a test binary in the role of another process, so that a test can check what its files hold
// afterwards.
package crashtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	roleVariable = "COUNTERSIGN_TEST_ROLE"
	pathVariable = "COUNTERSIGN_TEST_PATH"
)

// Role is what a test binary does with a file until it is killed.
type Role func(path string) error

// Play plays the role that this process was started for, and reports whether there was one. TestMain calls it.
func Play(roles map[string]Role) bool {
	play, ok := roles[os.Getenv(roleVariable)]
	if !ok {
		return false
	}
	if err := play(os.Getenv(pathVariable)); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return true
}

// KillAfter starts this test binary in a role, feeds it stdin, kills it after n printed lines, and returns these.
func KillAfter(t *testing.T, n int, role, path string, stdin io.Reader) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"="+role, pathVariable+"="+path)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	require.NoError(t, err)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	if stdin != nil {
		_, err = io.Copy(in, stdin) // the pipe stays open: the child waits for more
		require.NoError(t, err)
	}
	var lines []string
	for scanner := bufio.NewScanner(out); len(lines) < n && scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait(), "the child was killed")
	require.Len(t, lines, n)
	return lines
}
