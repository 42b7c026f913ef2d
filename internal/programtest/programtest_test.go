package programtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outcome is how a test ended that looked for a program, and what it said.
type outcome struct {
	testing.TB
	ended, said string
}

func (o *outcome) Helper() {}
func (o *outcome) Skipf(format string, args ...any) {
	o.ended, o.said = "skipped", fmt.Sprintf(format, args...)
	runtime.Goexit()
}
func (o *outcome) Fatalf(format string, args ...any) {
	o.ended, o.said = "failed", fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func find(program string) (o outcome, path string) {
	done := make(chan struct{})
	go func() { defer close(done); path = Find(&o, program) }()
	<-done
	return o, path
}

func TestAMissingProgramIsNamedAndFailsInCI(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	t.Setenv("CI", "")
	o, _ := find("sipp")
	assert.Equal(t, "skipped", o.ended)
	assert.Equal(t, "sipp is not on the PATH: install sip-tester (Debian)", o.said)
	t.Setenv("CI", "true")
	o, _ = find("sipp")
	assert.Equal(t, "failed", o.ended)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "sipp"), []byte("#!/bin/sh\n"), 0o755))
	o, path := find("sipp")
	assert.Empty(t, o.ended)
	assert.Equal(t, filepath.Join(folder, "sipp"), path)
	o, _ = find("nosuch")
	assert.Equal(t, "failed", o.ended, "a program that CI does not install")
}

func TestCIInstallsWhatTestsMayFail(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../.ci/run")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^.*apt-get install.*$`).Find(script)
	for program, name := range packages {
		assert.Contains(t, strings.Fields(string(line)), name, program)
	}
}
