// Package freeswitch is the client of FreeSWITCH's own event socket, for calls that are not with Countersign, such as a
// step-up during a conversation, and tells package queue what becomes of them. It answers no calls (package esl does).
//
// The directory also has the files for FreeSWITCH's configuration (conf), the operator's guide (README.md), and the
// tests of the whole service on a real FreeSWITCH. Package sim simulates one.
package freeswitch
