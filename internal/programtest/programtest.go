// Package programtest finds the programs with which tests open what we write, speak to us and call us. It is for tests
// only, and knows those that .ci/run installs; it installs none itself.
package programtest

import (
	"os"
	"os/exec"
	"testing"
)

// packages are the Debian packages of the programs.
var packages = map[string]string{
	"sipp": "sip-tester", "flite": "flite", "espeak-ng": "espeak-ng", "sqlite3": "sqlite3", "pdftotext": "poppler-utils",
	"soffice": "libreoffice-calc-nogui", "chromium": "chromium", "python3": "python3",
	"pocketsphinx_continuous": "pocketsphinx", "ip": "iproute2",
}

// Find returns the path of a program. Where it is missing the test is skipped, and says how to get it; in CI, which has
// installed it, the test fails.
func Find(tb testing.TB, program string) (path string) {
	tb.Helper()
	name, known := packages[program]
	if !known {
		tb.Fatalf("programtest knows no %s", program)
	}
	path, err := exec.LookPath(program)
	if err != nil {
		say := tb.Skipf
		if os.Getenv("CI") != "" {
			say = tb.Fatalf
		}
		say("%s is not on the PATH: install %s (Debian)", program, name)
	}
	return path
}
