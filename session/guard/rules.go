package guard

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Rules are the limits of docs/policy.md#lockout, docs/policy.md#velocity and docs/policy.md#otp-sends. A zero field
// has its default.
type Rules struct {
	// LockAfter failures of a customer within LockWithin lock for Lock: 5 within 24 h, 15 minutes. Each further failure
	// locks twice as long, up to LockMost: 24 h.
	LockAfter  int           `yaml:"lock_after"`
	LockWithin time.Duration `yaml:"lock_within"`
	Lock       time.Duration `yaml:"lock"`
	LockMost   time.Duration `yaml:"lock_most"`
	// Total failures since the customer's last success lock until a person unlocks: 10, at most 100.
	Total int `yaml:"total"`
	// Forget is how long failures count after the last one, unless Total was reached: 30 days.
	Forget time.Duration `yaml:"forget"`

	// CallerSteps failed steps within CallerStepsWithin, or CallerNames different identifiers within CallerNamesWithin,
	// lock a caller's number until fewer are that recent: 10 within an hour, 4 within 24 h.
	CallerSteps       int           `yaml:"caller_steps"`
	CallerStepsWithin time.Duration `yaml:"caller_steps_within"`
	CallerNames       int           `yaml:"caller_names"`
	CallerNamesWithin time.Duration `yaml:"caller_names_within"`
	// SharedNumbers are numbers behind which many people are, such as a company's main number, with limits of their own.
	SharedNumbers []SharedNumber `yaml:"shared_numbers"`

	// Anonymous wrong answers and unknown identifiers of a line's anonymous callers within AnonymousWithin, plus
	// AnonymousShare percent of the customers who were verified on the line in that time, send anonymous callers to a
	// person: 30 within an hour, 25 %.
	Anonymous       int           `yaml:"anonymous"`
	AnonymousWithin time.Duration `yaml:"anonymous_within"`
	AnonymousShare  int           `yaml:"anonymous_share"`

	// Sends codes may go to one number within SendsWithin, SendsApart from each other, and SendsPerDay within 24 h:
	// 3 within 10 minutes, 30 s, 10.
	Sends       int           `yaml:"sends"`
	SendsWithin time.Duration `yaml:"sends_within"`
	SendsApart  time.Duration `yaml:"sends_apart"`
	SendsPerDay int           `yaml:"sends_per_day"`

	// A line raises an alarm when, within AlarmWithin (5 minutes), more than AlarmPercent (30) of at least AlarmCalls
	// (20) calls failed; or when at least AlarmFailures (20) failed and that is more than AlarmTimes (3) times the usual
	// number in this hour of the day.
	AlarmWithin   time.Duration `yaml:"alarm_within"`
	AlarmPercent  int           `yaml:"alarm_percent"`
	AlarmCalls    int           `yaml:"alarm_calls"`
	AlarmFailures int           `yaml:"alarm_failures"`
	AlarmTimes    int           `yaml:"alarm_times"`
}

// SharedNumber is a number (E.164) that many people call from. CallerSteps and CallerNames replace those of Rules; zero
// means 100.
type SharedNumber struct {
	Number      string `yaml:"number"`
	CallerSteps int    `yaml:"caller_steps"`
	CallerNames int    `yaml:"caller_names"`
}

const day = 24 * time.Hour

// of are the rules for one caller's number.
func (r Rules) of(number string) Rules {
	for _, s := range r.SharedNumbers {
		if s.Number == number {
			r.CallerSteps, r.CallerNames = cmp.Or(s.CallerSteps, 100), cmp.Or(s.CallerNames, 100)
		}
	}
	return r
}

// DefaultRules are the defaults of docs/policy.md.
func DefaultRules() Rules { return Rules{}.withDefaults() }

func (r Rules) withDefaults() Rules {
	number := func(n *int, byDefault int) {
		if *n == 0 {
			*n = byDefault
		}
	}
	length := func(d *time.Duration, byDefault time.Duration) {
		if *d == 0 {
			*d = byDefault
		}
	}
	number(&r.LockAfter, 5)
	length(&r.LockWithin, day)
	length(&r.Lock, 15*time.Minute)
	length(&r.LockMost, day)
	number(&r.Total, 10)
	length(&r.Forget, 30*day)
	number(&r.CallerSteps, 10)
	length(&r.CallerStepsWithin, time.Hour)
	number(&r.CallerNames, 4)
	length(&r.CallerNamesWithin, day)
	number(&r.Anonymous, 30)
	length(&r.AnonymousWithin, time.Hour)
	number(&r.AnonymousShare, 25)
	number(&r.Sends, 3)
	length(&r.SendsWithin, 10*time.Minute)
	length(&r.SendsApart, 30*time.Second)
	number(&r.SendsPerDay, 10)
	length(&r.AlarmWithin, 5*time.Minute)
	number(&r.AlarmPercent, 30)
	number(&r.AlarmCalls, 20)
	number(&r.AlarmFailures, 20)
	number(&r.AlarmTimes, 3)
	return r
}

// maxShared bounds the limits of a shared number: its record holds twice as many entries.
const maxShared = 1000

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)

// Validate returns all fields that are out of bounds.
func (r Rules) Validate() error {
	r = r.withDefaults()
	var errs []error
	number := func(name string, n, least, most int) {
		if n < least || n > most {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", name, n, least, most))
		}
	}
	length := func(name string, d, least, most time.Duration) {
		if d < least || d > most {
			errs = append(errs, fmt.Errorf("%s is %s; it must be from %s to %s", name, d, least, most))
		}
	}
	number("total", r.Total, 1, 100)
	number("lock_after", r.LockAfter, 1, 100)
	if r.LockAfter > r.Total {
		errs = append(errs, fmt.Errorf("lock_after is %d and total %d; lock_after must not exceed total",
			r.LockAfter, r.Total))
	}
	length("lock_within", r.LockWithin, time.Hour, 30*day)
	length("lock", r.Lock, 30*time.Second, day)
	length("lock_most", r.LockMost, r.Lock, 30*day)
	length("forget", r.Forget, r.LockWithin, 365*day)
	if r.Forget < r.LockMost {
		errs = append(errs, fmt.Errorf("forget is %s and lock_most %s; forget must not be shorter than lock_most",
			r.Forget, r.LockMost))
	}
	number("caller_steps", r.CallerSteps, 1, 100)
	length("caller_steps_within", r.CallerStepsWithin, time.Minute, 30*day)
	number("caller_names", r.CallerNames, 1, 100)
	length("caller_names_within", r.CallerNamesWithin, time.Minute, 30*day)
	for i, s := range r.SharedNumbers {
		if !e164.MatchString(s.Number) {
			errs = append(errs, fmt.Errorf("shared_numbers[%d].number is %q; it must be a number with + and its country code, "+
				"such as +12125550100", i, s.Number))
		}
		number(fmt.Sprintf("shared_numbers[%d].caller_steps", i), cmp.Or(s.CallerSteps, 1), 1, maxShared)
		number(fmt.Sprintf("shared_numbers[%d].caller_names", i), cmp.Or(s.CallerNames, 1), 1, maxShared)
	}
	number("anonymous", r.Anonymous, 1, 10_000)
	length("anonymous_within", r.AnonymousWithin, time.Minute, day)
	number("anonymous_share", r.AnonymousShare, 1, 100)
	number("sends", r.Sends, 1, 5)
	length("sends_within", r.SendsWithin, 10*time.Minute, day)
	length("sends_apart", r.SendsApart, time.Second, time.Hour)
	number("sends_per_day", r.SendsPerDay, 1, 100)
	length("alarm_within", r.AlarmWithin, time.Minute, time.Hour)
	number("alarm_percent", r.AlarmPercent, 1, 100)
	number("alarm_calls", r.AlarmCalls, 1, 1_000_000)
	number("alarm_failures", r.AlarmFailures, 1, 1_000_000)
	number("alarm_times", r.AlarmTimes, 1, 1000)
	return errors.Join(errs...)
}
