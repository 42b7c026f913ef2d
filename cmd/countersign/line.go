package main

import (
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// The default line asks for this many digits.
const (
	askedAccountMin = 6
	askedAccountMax = 10
	askedPINMin     = 4
	askedPINMax     = 6
)

// defaultLine is the service line of a first start: the caller's number, else an account of 6 to 10 digits; then a PIN of 4 to 6.
func defaultLine(cfg config, d steps.Directory) *session.Line {
	to := func(extension string) session.Destination {
		return session.Destination{Extension: extension, Dialplan: "XML", Context: "default"}
	}
	return &session.Line{
		Name: "default", Version: 1, Region: cfg.Line.Region, Languages: []string{"en"}, Level: session.Verified, PopURL: cfg.Line.PopURL,
		Greeting: steps.Greeting{Prompt: "greeting"},
		Identify: []session.Step{
			steps.ANI{Directory: d},
			steps.Number{
				Directory: d, Kind: string(event.MethodAccount), Prompt: "ask-account", Again: "ask-account-again",
				Min: askedAccountMin, Max: askedAccountMax,
				Limits: steps.DefaultLimits(3),
			},
		},
		Verify: []session.Question{{
			Step:   steps.PIN{Directory: d, Prompt: "ask-pin", Again: "ask-pin-again", Min: askedPINMin, Max: askedPINMax, Limits: steps.DefaultLimits(2)},
			Factor: session.Knowledge,
		}},
		Confirmation: steps.Announcement{Step: "confirmation", Prompt: "confirmation"},
		Failure:      steps.Announcement{Step: "failure", Prompt: "failure"},
		Routes:       session.Routes{Verified: to("menu"), Identified: to("agents"), Unidentified: to("agents")},
	}
}
