package freeswitch_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var built struct {
	once   sync.Once
	folder string
	err    error
}

// buildService builds the program once in a run of the tests, with the race detector if the tests have it.
func buildService(t testing.TB) string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go on the PATH to build the service with: put Go's bin folder there, or run the tests by go test")
	}
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "countersign-test-"); built.err != nil {
			return
		}
		args := []string{"build", "-o", filepath.Join(built.folder, "countersign")}
		if raceDetector {
			args = append(args, "-race")
		}
		ctx, cancel := context.WithTimeout(context.Background(), buildWithin)
		defer cancel()
		cmd := exec.CommandContext(ctx, goTool, append(args, "countersign/cmd/countersign")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build the service: %w\n%s", err, out)
		}
	})
	require.NoError(t, built.err)
	return filepath.Join(built.folder, "countersign")
}

// forgetBinary removes what buildService made.
func forgetBinary() {
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
}
