// Package trunks answers "does every trunk bring the keys of its callers". A trunk that swallows them makes every
// caller look silent, and nothing else tells it. Each process counts its own calls.
package trunks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"countersign/internal/wholefile"
	"countersign/session/event"
)

// maxTrunks bounds the trunks that are told apart.
const maxTrunks = 1000

// Options configure Trunks.
type Options struct {
	// Silent is how many calls in a row, asked for keys and given time to key them, may bring none; 0: any number.
	Silent int
	// File remembers the silent trunks, for doctor and for the next start. Empty: none.
	File string
	// Alarm is called when a trunk has been silent for so many calls, and again when it is for as many calls more after a
	// day. It may take its time.
	Alarm func(line string, a event.Alarm)
	// Log gets a line when a trunk falls silent and when it brings keys again. Default: no log.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// alarmAgain is when a trunk that is still silent is said again.
const alarmAgain = 24 * time.Hour

// Trunks counts calls. Its methods may be called from any goroutine.
type Trunks struct {
	o Options

	mu     sync.Mutex
	trunks map[string]*trunk
	alarms sync.WaitGroup
}

// trunk is what is known of one.
type trunk struct {
	asked, keyed int       // calls since the process began
	silent       int       // calls in a row without a key
	since        time.Time // of the first of them
	raised       time.Time // the last alarm; zero: none since a key was heard
}

// Silent is a trunk on which no key was heard.
type Silent struct {
	Trunk string `json:"trunk"`
	// Calls is how many calls in a row brought none, when the alarm was raised; Since is when the first of them ended.
	Calls int       `json:"calls"`
	Since time.Time `json:"since"`
	// Raised is when the alarm was raised.
	Raised time.Time `json:"raised"`
}

// New makes Trunks. What File says is silent is so until a key is heard.
func New(o Options) (*Trunks, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Alarm == nil {
		o.Alarm = func(string, event.Alarm) {}
	}
	t := &Trunks{o: o, trunks: map[string]*trunk{}}
	silent, err := Read(o.File)
	for _, s := range silent {
		t.trunks[s.Trunk] = &trunk{silent: s.Calls, since: s.Since, raised: s.Raised}
	}
	return t, err
}

// Read returns the silent trunks of a file, which need not exist.
func Read(file string) (silent []Silent, err error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read which trunks are silent: %w", err)
	}
	if err := json.Unmarshal(b, &silent); err != nil {
		return nil, fmt.Errorf("read which trunks are silent: %s is damaged, delete it: %w", file, err)
	}
	return silent, nil
}

// Ended counts a call of a trunk on a line. keyed says that a key was heard; silent that the caller was asked, had the
// time to key something, and no key was heard. A call of neither kind counts for nothing: the caller hung up, or was
// not asked.
func (t *Trunks) Ended(name, line string, keyed, silent bool) {
	if t.o.Silent == 0 || name == "" || keyed == silent {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.trunks[name]
	if one == nil {
		if len(t.trunks) == maxTrunks {
			return
		}
		one = &trunk{}
		t.trunks[name] = one
	}
	one.asked++
	now := t.o.Now()
	if keyed {
		one.keyed++
		one.silent = 0
		if !one.raised.IsZero() {
			one.raised = time.Time{}
			t.o.Log.Info("keys are heard on the trunk again", "trunk", name)
			t.remember()
		}
		return
	}
	if one.silent++; one.silent == 1 {
		one.since = now
	}
	if one.silent < t.o.Silent || !one.raised.IsZero() && now.Sub(one.raised) < alarmAgain {
		return
	}
	one.raised = now
	a := event.Alarm{
		Kind: event.AlarmNoKeys, Calls: one.silent, Failures: one.silent, Trunk: name,
		Seconds: max(1, int(now.Sub(one.since)/time.Second)),
		What: fmt.Sprintf("no key was heard in %d calls in a row on the trunk %s, since %s; %s", one.silent, name,
			one.since.UTC().Format(time.RFC3339), t.others(name)),
	}
	t.o.Log.Error("no key is heard on a trunk: its callers cannot answer, and go to a person", "trunk", name, "line", line,
		"calls", one.silent, "since", one.since, "others", t.others(name))
	t.remember()
	t.alarms.Add(1)
	go func() {
		defer t.alarms.Done()
		t.o.Alarm(line, a)
	}()
}

// others says what the other trunks bring, which tells whether it is the trunk or us. The lock is held.
func (t *Trunks) others(name string) string {
	var asked, keyed int
	for other, one := range t.trunks {
		if other != name {
			asked, keyed = asked+one.asked, keyed+one.keyed
		}
	}
	if asked == 0 {
		return "no other trunk had calls"
	}
	return fmt.Sprintf("on other trunks keys were heard in %d of %d calls", keyed, asked)
}

// remember writes the file. The lock is held.
func (t *Trunks) remember() {
	if t.o.File == "" {
		return
	}
	silent := []Silent{}
	for _, name := range slices.Sorted(maps.Keys(t.trunks)) {
		if one := t.trunks[name]; !one.raised.IsZero() {
			silent = append(silent, Silent{Trunk: name, Calls: one.silent, Since: one.since, Raised: one.raised})
		}
	}
	err := wholefile.Replace(t.o.File, func(w io.Writer) error { return json.NewEncoder(w).Encode(silent) })
	if err != nil {
		t.o.Log.Error("which trunks are silent was not written: doctor does not know", "file", t.o.File, "err", err)
	}
}

// Close waits until alarms are told.
func (t *Trunks) Close() { t.alarms.Wait() }
