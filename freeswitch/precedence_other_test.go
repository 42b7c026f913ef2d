//go:build !linux

package freeswitch_test

func goFirst()      {}
func asFreeSWITCH() {}
func asService()    {}
func asAnybody()    {}
