// Package queue answers what becomes of a call after it was handed on: at whom of the staff it rang, who took it, who
// missed it, how long they talked. It is told what the FreeSWITCH servers see, and journals the facts agent_offered,
// agent_connected, agent_missed and agent_done under the call's id, each once.
//
// It knows neither sockets nor the names of FreeSWITCH's events (package freeswitch translates them), moves no calls,
// and asks nobody to take one. Of calls that are not ours it keeps nothing. DESIGN.md says who journals what.
package queue
