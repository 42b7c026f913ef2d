package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/lines/change"
	"countersign/session/shared"
	"countersign/store/audit"
)

func shareFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "share", Usage: "begin with this `PERCENT` of the calls, such as 10%; the others stay on the version before"},
		&cli.StringFlag{
			Name: "return-when",
			Usage: "with --share: return to the version before when the new one is worse by more than these `POINTS` of a hundred " +
				"calls, beyond chance",
			Value: "unverified=5,abandoned=5,errors=2",
		},
	}
}

// percent reads 10% or 10.
func percent(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if err != nil || n < 1 || n > 99 {
		return 0, wrongUse("%q is no share: give 1%% to 99%%, and leave it out for all calls", text)
	}
	return n, nil
}

// readBounds reads unverified=5,abandoned=5,errors=2. What is left out has its usual bound.
func readBounds(text string) (b shared.Bounds, err error) {
	b = change.UsualBounds
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		points, err := strconv.ParseFloat(value, 64)
		to, ok := map[string]*float64{"unverified": &b.Unverified, "abandoned": &b.Abandoned, "errors": &b.Errors}[name]
		if !ok || err != nil || !(points >= 0 && points <= 100) {
			return b, wrongUse("--return-when %q: write unverified=5,abandoned=5,errors=2, each from 0 to 100", text)
		}
		*to = points
	}
	return b, nil
}

// staging is how changes begin with the share of the flags; nil if all calls take them at once.
type staging func(inForce shared.LineVersion, ch *change.Change) (*shared.Staged, error)

func stagingOf(c *cli.Context) (staging, error) {
	if !c.IsSet("share") {
		if c.IsSet("return-when") {
			return nil, wrongUse("--return-when needs --share")
		}
		return nil, nil
	}
	n, err := percent(c.String("share"))
	if err != nil {
		return nil, err
	}
	bounds, err := readBounds(c.String("return-when"))
	if err != nil {
		return nil, err
	}
	return func(inForce shared.LineVersion, ch *change.Change) (*shared.Staged, error) {
		return change.Stage(inForce, ch, n, bounds)
	}, nil
}

// linesShare changes the share of the calls that a version has which began with one.
func linesShare(c *cli.Context) error {
	if err := arguments(c, 2, "two arguments, the line's name and its share, such as 50% or all"); err != nil {
		return err
	}
	name, share := c.Args().First(), c.Args().Get(1)
	n := 0
	if share != "all" {
		var err error
		if n, err = percent(share); err != nil {
			return err
		}
	}
	return withLines(c, func(ctx context.Context, cfg config, stored *bus.Lines) error {
		have, err := stored.Get(ctx, name)
		if err != nil {
			return unknownLine(name, err)
		}
		if have.Staged == nil {
			return fmt.Errorf("line %s: all calls take version %d already", name, have.Version)
		}
		ch := &change.Change{
			Line: name, From: have.Version, Text: have.YAML,
			Changes: []string{fmt.Sprintf("share: %d%% → %s", have.Staged.Percent, share)},
		}
		put := bus.Change{
			Author: author(c), Comment: c.String("comment"), ExpectedVersion: versionIs(c, have.Version), Summary: ch.Changes,
		}
		if n > 0 {
			if put.Staged, err = change.Stage(have, ch, n, have.Staged.Bounds); err != nil {
				return err
			}
		}
		s, err := stored.Put(ctx, name, have.YAML, put)
		if err = announced(c, err); err != nil {
			return err
		}
		ch.To = s.Version
		return errors.Join(report(c, []*change.Change{ch}), auditChange(c, cfg, ch, audit.LineApplied, ", share "+share))
	})
}
