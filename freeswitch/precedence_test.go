package freeswitch_test

import (
	"os/exec"
	"runtime"
)

// aside does what computes for long, as anybody else on this machine.
func aside(do func()) { on(asAnybody, do) }

// output runs a command of the service to its end.
func output(cmd *exec.Cmd) (out []byte, err error) {
	on(asService, func() { out, err = cmd.CombinedOutput() })
	return out, err
}

// on does something on a thread of its own, that was prepared for it.
func on(prepare, do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the thread ends with this goroutine
		prepare()
		do()
	}()
	<-done
}
