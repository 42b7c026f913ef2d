// Package freeswitch is what an operator drops into FreeSWITCH (conf/) and the tests that hold it, and the whole service, against a real one. Its README is
// the guide. It has no code of its own yet; package sim, below it, is a simulated FreeSWITCH.
package freeswitch
