//go:build !linux

package freeswitch_test

func goFirst() {}
