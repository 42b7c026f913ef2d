package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/session/event"
)

func watchCommand() *cli.Command {
	return &cli.Command{
		Name:  "watch",
		Usage: "show events live, as they come from NATS",
		Description: "Each output line is an event: when, on which call and line, and what happened. Steps are shown " +
			"when they are over.\n" +
			"--status shows a call, from its beginning, once it is known how it is handed on. --caller and --status leave " +
			"out calls\n" +
			"that began before (see --since).",
		Flags: []cli.Flag{
			natsFlag(),
			&cli.StringFlag{Name: "line", Usage: "only the service line `NAME`"},
			&cli.StringFlag{Name: "caller", Usage: "only calls from numbers that end with these four `DIGITS`"},
			&cli.StringFlag{
				Name:  "status",
				Usage: "only calls that are handed on with this `STATUS`, from their beginning: " + strings.Join(statuses, ", "),
			},
			&cli.StringSliceFlag{
				Name: "fact",
				Usage: "only this `FACT`, such as verified (may be repeated); default: all but step_started, so each step is " +
					"one line",
			},
			&cli.DurationFlag{Name: "since", Usage: "start with the events of the last `TIME`, such as 1h"},
			&cli.BoolFlag{Name: "json", Usage: "one event per line, as CloudEvents JSON"},
		},
		Action: watch,
	}
}

func watch(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	facts, err := watchedFacts(c)
	if err != nil {
		return err
	}
	calls, err := watchedCalls(c)
	if err != nil {
		return err
	}
	endpoint, err := readingNATS(c, cfg)
	if err != nil {
		return err
	}
	subscribed := facts
	if calls != nil {
		subscribed = event.Facts() // to learn the caller and the status
	}
	log := slog.New(slog.NewTextHandler(c.App.ErrWriter, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o := bus.WatchOptions{Subjects: watchSubjects(c.String("line"), subscribed), Log: log}
	if c.Duration("since") < 0 {
		return wrongUse("--since %s: write how long ago, such as 1h", c.Duration("since"))
	}
	if d := c.Duration("since"); d > 0 {
		o.Since = time.Now().Add(-d)
	}
	out, p := json.NewEncoder(c.App.Writer), painterFor(c.App.Writer)
	return bus.Watch(c.Context, endpoint, o, func(e event.Event) {
		for _, e := range calls.pick(e) {
			switch {
			case !slices.Contains(facts, e.Fact()):
			case c.Bool("json"):
				_ = out.Encode(e)
			default:
				fmt.Fprintln(c.App.Writer, p.paint(factColours[e.Fact()], eventLine(e)))
			}
		}
	})
}

// watchedFacts are the facts to show. People see a step when it is over; programs see it begin, too.
func watchedFacts(c *cli.Context) (facts []event.Fact, err error) {
	wanted := c.StringSlice("fact")
	for _, f := range wanted {
		if !slices.Contains(event.Facts(), event.Fact(f)) {
			return nil, wrongUse("--fact %q: must be one of %s", f, joinFacts(event.Facts()))
		}
		facts = append(facts, event.Fact(f))
	}
	if len(wanted) == 0 {
		facts = slices.DeleteFunc(event.Facts(), func(f event.Fact) bool {
			return f == event.FactStepStarted && !c.Bool("json")
		})
	}
	return facts, nil
}

func watchSubjects(line string, facts []event.Fact) (subjects []string) {
	for _, f := range facts {
		subject := event.Subject(line, f)
		if line == "" {
			subject = event.Subject("any", f)
			subject = strings.Replace(subject, ".any.", ".*.", 1)
		}
		subjects = append(subjects, subject)
	}
	return subjects
}

func joinFacts(facts []event.Fact) string {
	var s []string
	for _, f := range facts {
		s = append(s, string(f))
	}
	return strings.Join(s, ", ")
}

// eventLine is an event for people: time, call, fact and what matters of it.
func eventLine(e event.Event) string {
	head := fmt.Sprintf("%s  %s  %-10s %-14s", e.Time.Local().Format("15:04:05.000"), shortCall(e.Call), e.Line, e.Fact())
	if e.Replay != "" {
		head += " (replay)"
	}
	if e.Test {
		head += " (test)"
	}
	return printable(strings.TrimRight(head+" "+eventText(e.Data, e.LineVersion), " "))
}

// printable keeps text in an event from moving the cursor or forging another line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// shortCall is the end of a call's id, which differs from call to call; the beginning is the time. Events without a
// call get a dash.
func shortCall(id string) string {
	if strings.HasPrefix(id, "line-") || strings.HasPrefix(id, "alarm-") {
		return "–"
	}
	return id[max(0, len(id)-8):]
}

func eventText(data event.Data, version int) string {
	switch d := data.(type) {
	case event.CallStarted:
		return fmt.Sprintf("from %s to %s", orDash(caller(d)), orDash("…"+d.DialledLast4))
	case event.StepStarted:
		return d.Step
	case event.StepFinished:
		return fmt.Sprintf("%s %s %s %s%s", d.Step, d.Result, d.Reason, seconds(d.Milliseconds), attemptsText(d.Attempts))
	case event.Identified:
		return fmt.Sprintf("%s by %s %s", named(d.Customer, d.Name), d.Method, d.PopURL)
	case event.Verified:
		return fmt.Sprintf("%s level %d by %s %s", named(d.Customer, d.Name), d.Level, joinMethods(d.Methods), d.PopURL)
	case event.Failed:
		return fmt.Sprintf("%s at %s, status %s %s %s", d.Reason, orDash(d.Step), d.Status, d.Customer, d.PopURL)
	case event.Routed:
		return fmt.Sprintf("to %s as %s", d.Destination, d.Status)
	case event.CallEnded:
		return fmt.Sprintf("%s, %s, %s after %s", d.End, d.Status, d.Reason, seconds(d.Milliseconds))
	case event.CodeSent:
		to := ""
		if d.Last2 != "" {
			to = " to …" + d.Last2
		}
		after := ""
		if d.Milliseconds > 0 {
			after = " after " + seconds(d.Milliseconds)
		}
		return fmt.Sprintf("%s by %s%s %s%s", d.Step, d.Way, to, d.State, after)
	case event.ProofShown:
		return fmt.Sprintf("%s shown after %s", d.Step, seconds(d.Milliseconds))
	case event.ProofConfirmed:
		with := "with the digits"
		if d.Passkey {
			with = "with a passkey"
		}
		return fmt.Sprintf("%s %s after %s", d.Step, with, seconds(d.Milliseconds))
	case event.ProofDenied:
		return fmt.Sprintf("%s %s after %s", d.Step, d.Why, seconds(d.Milliseconds))
	case event.AgentOffered:
		return fmt.Sprintf("%s rings%s, waiting for %s", d.Agent, throughQueue(d.Queue), seconds(d.WaitedMilliseconds))
	case event.AgentConnected:
		return fmt.Sprintf("%s answers%s after %s", d.Agent, throughQueue(d.Queue), seconds(d.WaitedMilliseconds))
	case event.AgentMissed:
		return fmt.Sprintf("%s %s%s after %s %s", d.Agent, d.Reason, throughQueue(d.Queue), seconds(d.RangMilliseconds),
			d.Cause)
	case event.AgentDone:
		if d.Agent == "" {
			return fmt.Sprintf("%s%s after %s", d.End, throughQueue(d.Queue), seconds(d.WaitedMilliseconds))
		}
		return fmt.Sprintf("%s ended by %s%s after %s", d.Agent, d.End, throughQueue(d.Queue), seconds(d.TalkedMilliseconds))
	case event.PromptMissing:
		return fmt.Sprintf("%s in %s: no audio yet", d.Prompt, d.Language)
	case event.Locked:
		return fmt.Sprintf("%s %s until %s", d.On, d.Customer, orDash(untilText(d.Until)))
	case event.TokenRefused:
		return string(d.Reason)
	case event.StepUpRequested:
		return fmt.Sprintf("to level %d from %d", d.Level, d.Has)
	case event.ConfigChanged:
		return fmt.Sprintf("version %d by %s: %s", version, strings.TrimSpace(d.Author+" "+d.Comment),
			strings.Join(d.Summary, "; "))
	case event.Alarm:
		if d.What != "" {
			return fmt.Sprintf("%s: %s", d.Kind, d.What)
		}
		return fmt.Sprintf("%s: %d of %d calls failed within %d s", d.Kind, d.Failures, d.Calls, d.Seconds)
	default:
		return describeCallback(d)
	}
}

// throughQueue names the queue that a call came through, if any.
func throughQueue(queue string) string {
	if queue == "" {
		return ""
	}
	return " in " + queue
}

// named is a customer, with a name if the event has one.
func named(customer, name string) string {
	if name == "" {
		return customer
	}
	return customer + " (" + name + ")"
}

func untilText(t *time.Time) string {
	if t == nil {
		return "somebody unlocks"
	}
	return t.Local().Format(time.DateTime)
}

func caller(d event.CallStarted) string {
	switch {
	case d.CallerWithheld:
		return "withheld"
	case d.CallerLast4 == "":
		return ""
	default:
		return "…" + d.CallerLast4
	}
}

func attemptsText(attempts []event.Attempt) string {
	if len(attempts) == 0 {
		return ""
	}
	var s []string
	for _, a := range attempts {
		text := string(a.Result)
		var how []string
		if a.Wish != "" {
			how = append(how, string(a.Wish))
		}
		if a.Spoken {
			how = append(how, "said")
		}
		if a.Slow {
			how = append(how, "slow")
		}
		if len(how) > 0 {
			text += " (" + strings.Join(how, ", ") + ")"
		}
		s = append(s, text)
	}
	return " [" + strings.Join(s, " ") + "]"
}

func joinMethods(methods []event.Method) string {
	var s []string
	for _, m := range methods {
		s = append(s, string(m))
	}
	return strings.Join(s, "+")
}

func seconds(ms int64) string { return fmt.Sprintf("%.1fs", float64(ms)/1000) }

func orDash(s string) string {
	if s == "" || s == "…" {
		return "–"
	}
	return s
}
