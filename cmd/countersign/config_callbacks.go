package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/callback"
	"countersign/freeswitch"
	"countersign/lines"
	"countersign/session"
)

// callbackSettings say whether and how customers are called back. Without a dial string they are not.
type callbackSettings struct {
	Dial      string   `yaml:"dial"`
	Agents    string   `yaml:"agents"`
	Line      string   `yaml:"line"`
	Caller    string   `yaml:"caller"`
	Ring      duration `yaml:"ring"`
	Socket    string   `yaml:"socket"`
	Countries []string `yaml:"countries"`
	Window    duration `yaml:"window"`
	Capacity  int      `yaml:"capacity"`
	Ahead     duration `yaml:"ahead"`
	Remind    duration `yaml:"remind"`
	Hours     struct {
		TZ       string   `yaml:"tz"`
		Open     string   `yaml:"open"`
		Holidays []string `yaml:"holidays"`
	} `yaml:"hours"`
}

func defaultCallbacks() (c callbackSettings) {
	c.Agents, c.Ring = "user/{telephone}", duration(30*time.Second)
	c.Line, c.Countries = "default", []string{}
	c.Window, c.Capacity, c.Ahead, c.Remind = duration(30*time.Minute), 4, duration(7*day), duration(15*time.Minute)
	c.Hours.TZ, c.Hours.Open, c.Hours.Holidays = "UTC", "Mo-Fr 08:00-18:00", []string{}
	return c
}

// on says whether customers are called back.
func (c callbackSettings) on() bool { return c.Dial != "" }

func (c callbackSettings) calls() freeswitch.CallbackSettings {
	return freeswitch.CallbackSettings{
		Dial: c.Dial, Agents: c.Agents, Caller: c.Caller, Ring: time.Duration(c.Ring), Socket: c.Socket,
	}
}

// windows are those that can be booked. The settings were checked.
func (c callbackSettings) windows() callback.Windows {
	hours, err := lines.ParseHours(c.Hours.TZ, c.Hours.Open, c.Hours.Holidays)
	if err != nil {
		return callback.Windows{Zone: time.UTC, Length: time.Duration(c.Window), Hours: closed{}}
	}
	return callback.Windows{Zone: hours.Zone(), Length: time.Duration(c.Window), Hours: hours}
}

type closed struct{}

func (closed) Open(time.Time) bool { return false }

func (c callbackSettings) check() error {
	if !c.on() {
		return nil
	}
	errs := c.calls().Check()
	if _, err := lines.ParseHours(c.Hours.TZ, c.Hours.Open, c.Hours.Holidays); err != nil {
		errs = append(errs, fmt.Errorf("hours.%w", err))
	}
	if w := time.Duration(c.Window); w < 5*time.Minute || w > 12*time.Hour || w%time.Minute != 0 || 24*time.Hour%w != 0 {
		errs = append(errs, fmt.Errorf("window is %s: it must be from 5m to 12h, and a day must be a multiple of it", w))
	}
	if c.Line == "" {
		errs = append(errs, errors.New("line is missing: name the line whose agents call back who books on the customers' page"))
	}
	if c.Capacity < 1 || c.Capacity > 1000 {
		errs = append(errs, fmt.Errorf("capacity is %d: it must be from 1 to 1000", c.Capacity))
	}
	if a := time.Duration(c.Ahead); a < time.Hour || a > callback.WordFor {
		errs = append(errs, fmt.Errorf("ahead is %s: it must be from 1h to 7d, as long as the customer's word is kept", a))
	}
	if r := time.Duration(c.Remind); r < 0 || r > 24*time.Hour {
		errs = append(errs, fmt.Errorf("remind is %s: it must be from 0 to 24h", r))
	}
	for _, country := range c.Countries {
		if !session.IsRegion(country) {
			errs = append(errs, fmt.Errorf("countries: %q is not an ISO 3166 code of two capital letters, such as DE", country))
		}
	}
	return errors.Join(slices.Clip(errs)...)
}
