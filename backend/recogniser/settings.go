// Package recogniser answers "what did the caller say" with a speech recogniser of the company's own, over HTTP: one
// POST for each utterance, whose body is the sound while it is being said (backend/README.md#speech-recognisers). It
// decides nothing: what the words mean is for package spoken. It keeps and logs nothing that was said, and its errors
// quote nothing of an answer.
package recogniser

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"countersign/backend/endpoint"
	"countersign/session"
)

// Settings are the recognisers of a service, and where FreeSWITCH leaves the sound for them.
type Settings struct {
	// Folder is in memory and shared with FreeSWITCH, which writes there what callers say.
	Folder string `yaml:"folder"`
	// Group is FreeSWITCH's, if it runs as another user: who may write there, too.
	Group string `yaml:"group"`
	// Recognisers by their names, which lines use as names of speech engines.
	Recognisers map[string]Engine `yaml:"recognisers"`
}

// Engine says how to reach a recogniser.
type Engine struct {
	// URL receives the sound. It has no user, query or fragment. Redirects are not followed.
	URL string `yaml:"url"`
	// Headers go with every request. ${NAME} in a value is an environment variable; it is read once, at the start,
	// and must be set and not empty.
	Headers map[string]string `yaml:"headers"`
	TLS     endpoint.TLS      `yaml:"tls"`
	// Rate is how many samples a second the recogniser wants: 8000, as telephones have it, or 16000. Default 8000.
	Rate int `yaml:"rate"`
	// Timeout bounds the wait for the answer after the caller has ended. Default and most 1 s
	// (docs/policy.md#speech-recognisers).
	Timeout time.Duration `yaml:"timeout"`
	// BargeIn lets callers speak into a prompt. Default true; false for telephones whose echo stops prompts.
	BargeIn *bool `yaml:"barge_in"`
}

const (
	// longestAnswer and leastAnswer bound Timeout.
	longestAnswer = time.Second
	leastAnswer   = 100 * time.Millisecond
	// defaultRate is that of telephone lines, wideRate that of wideband ones.
	defaultRate = 8000
	wideRate    = 16000
	// maxResponse bounds an answer in bytes.
	maxResponse = 64 << 10
)

// breaker is when a recogniser is not asked for a while (docs/policy.md#speech-recognisers).
var breaker = endpoint.Breaker{Failures: 3, Window: time.Minute, HalfOpen: 30 * time.Second}

func (e Engine) defaults() Engine {
	e.Rate = endpoint.OrDefault(e.Rate, defaultRate)
	e.Timeout = endpoint.OrDefault(e.Timeout, longestAnswer)
	return e
}

// Check returns everything that is wrong with the settings, but for what only New can tell.
func (s Settings) Check() (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(s.Recognisers)) {
		for _, err := range s.Recognisers[name].check(name) {
			errs = append(errs, fmt.Errorf("recognisers.%s.%w", name, err))
		}
	}
	return errs
}

func (e Engine) check(name string) (errs []error) {
	e = e.defaults()
	if !session.IsEngine(name) {
		errs = append(errs, errors.New("url is of a recogniser whose name is not one: want letters, digits and _:.-"))
	}
	if e.URL == "" {
		errs = append(errs, errors.New("url is missing: where is the sound sent to?"))
	}
	if e.Rate != defaultRate && e.Rate != wideRate {
		errs = append(errs, fmt.Errorf("rate is %d: it can be %d or %d samples a second", e.Rate, defaultRate, wideRate))
	}
	if e.Timeout < leastAnswer || e.Timeout > longestAnswer {
		errs = append(errs, fmt.Errorf("timeout is %s: it must be from %s to %s: a caller is waiting",
			e.Timeout, leastAnswer, longestAnswer))
	}
	return errs
}
