//go:build !linux

package freeswitch_test

import "syscall"

func dieWithUs() *syscall.SysProcAttr { return nil }
