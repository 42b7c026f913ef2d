// Package freeswitch is what an operator drops into FreeSWITCH (conf/), and the client of FreeSWITCH's own event
// socket: what Countersign wants of calls that are not with it, such as to take a caller out of a talk for a step-up.
// It answers no calls (package esl does) and asks for no events. Its README is the guide, its tests hold all of it, and
// the whole service, against a real FreeSWITCH. Package sim, below it, is a simulated one.
package freeswitch
