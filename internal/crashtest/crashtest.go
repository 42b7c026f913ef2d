// Package crashtest kills a test binary that plays another process, to see what its files hold afterwards.
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

// Role is what a test binary does until it is killed, with the file that it is given.
type Role func(path string) error

// Play plays the role that this process was started for and says whether there was one. It is for TestMain.
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

// KillAfter starts this test binary in a role, feeds it, and kills it when it has printed n lines, which it returns.
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
		_, err = io.Copy(in, stdin) // and the child waits for more
		require.NoError(t, err)
	}
	var lines []string
	for scanner := bufio.NewScanner(out); len(lines) < n && scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait(), "it was killed")
	require.Len(t, lines, n)
	return lines
}
