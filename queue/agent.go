package queue

import (
	"strings"

	"countersign/session/event"
)

// A user of only digits and at least this many is a telephone number: its agent is reached from outside.
const numberDigits = 7

// outside stands in front of the last four digits of such a number.
const outside = "number-"

// Canonical writes an agent's address in the one way in which events have it. It takes the name of an agent in
// mod_callcenter, an extension, user@domain, a SIP address, or a dial string (user/1001@example.com). Of a telephone
// number it keeps the last four digits. It returns "" for nothing.
func Canonical(address string) string {
	a := strings.TrimSpace(address)
	a = strings.TrimSuffix(strings.TrimPrefix(a, "<"), ">")
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		if len(a) >= len(scheme) && strings.EqualFold(a[:len(scheme)], scheme) {
			a = a[len(scheme):]
		}
	}
	if extension, ok := strings.CutPrefix(a, "loopback/"); ok {
		a, _, _ = strings.Cut(extension, "/")
	} else if i := strings.LastIndexByte(a, '/'); i >= 0 {
		a = a[i+1:]
	}
	a, _, _ = strings.Cut(a, ";")
	user, domain, _ := strings.Cut(a, "@")
	if digits, ok := number(user); ok {
		return outside + digits[len(digits)-4:]
	}
	if strings.HasPrefix(domain, "[") { // IPv6
		domain, _, _ = strings.Cut(domain, "]")
		domain = strings.TrimPrefix(domain, "[")
	} else if strings.Count(domain, ":") == 1 {
		domain, _, _ = strings.Cut(domain, ":")
	}
	switch {
	case user == "":
		return ""
	case domain == "":
		return user
	}
	return user + "@" + strings.ToLower(domain)
}

// number returns the digits of a telephone number, as people write it.
func number(user string) (digits string, ok bool) {
	digits = strings.Map(func(r rune) rune {
		if strings.ContainsRune("+-.() ", r) {
			return -1
		}
		return r
	}, user)
	if len(digits) < numberDigits || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	return digits, true
}

// AgentOf says which agent a fact is for, in canonical form. It is false for events that are for no agent: of other
// facts, and of a caller who gave up waiting.
func AgentOf(e event.Event) (agent string, ok bool) {
	switch d := e.Data.(type) {
	case event.AgentOffered:
		agent = d.Agent
	case event.AgentConnected:
		agent = d.Agent
	case event.AgentMissed:
		agent = d.Agent
	case event.AgentDone:
		agent = d.Agent
	}
	return agent, agent != ""
}

// IsAt says whether a person with this address is that agent. An address without a domain stands for the extension in
// any domain; an agent without one is any domain's.
func IsAt(address, agent string) bool {
	address, agent = Canonical(address), Canonical(agent)
	if address == "" || agent == "" {
		return false
	}
	user, domain, _ := strings.Cut(address, "@")
	of, at, _ := strings.Cut(agent, "@")
	return user == of && (domain == at || domain == "" || at == "")
}
