package freeswitch_test

import "syscall"

// dieWithUs makes a process that we start end when we do, even when the tests are killed and no cleanup runs.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
