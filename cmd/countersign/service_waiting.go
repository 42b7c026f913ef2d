package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"countersign/bus"
	"countersign/freeswitch"
	"countersign/internal/retry"
	"countersign/internal/wholefile"
	"countersign/waiting"
	"countersign/web/customer"
)

// openWaits begins to know how long callers wait, if the settings name queues.
func (s *service) openWaits() {
	names := s.cfg.Wallboard.Names()
	if len(names) == 0 {
		return
	}
	s.waits = waiting.New(time.Now, names...)
	if err := s.restoreWaits(); err != nil {
		s.log.Warn("what was learnt about waits is lost", "err", err)
	}
	s.parts.add(s.keepWaits)
}

// openWallboard makes what everybody may know of queues; nil if that is nothing.
func (s *service) openWallboard() *customer.Wallboard {
	if s.waits == nil {
		return nil
	}
	return customer.NewWallboard(customer.Options{
		Settings: s.cfg.Wallboard, Queues: s.waits.Now, Now: time.Now, Log: s.log,
	})
}

// waitsPath is the file of what was learnt about waits.
func (c config) waitsPath() string { return filepath.Join(c.data, "waits.json") }

func (s *service) restoreWaits() error {
	text, err := os.ReadFile(s.cfg.waitsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var kept map[string]waiting.Kept
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err == nil {
		s.waits.Restore(kept)
	}
	return err
}

// keepWaits writes what was learnt, if something was.
func (s *service) keepWaits() error {
	kept, changed := s.waits.Kept()
	if !changed {
		return nil
	}
	return wholefile.Replace(s.cfg.waitsPath(), func(w io.Writer) error { return json.NewEncoder(w).Encode(kept) })
}

// keepWaitsEvery is how much a crash may forget.
const keepWaitsEvery = time.Minute

// watchQueues follows the queues and what becomes of their callers, until ctx ends.
func (s *service) watchQueues(ctx context.Context) {
	all := newBackground()
	defer all.stop()
	if s.wallboard != nil {
		defer s.wallboard.Close() // or the API would wait for those who listen
	}
	all.run(func(ctx context.Context) {
		freeswitch.WatchQueues(ctx, freeswitch.QueueOptions{
			Servers: s.cfg.eventSockets(), Queues: s.cfg.Wallboard.Names(), See: s.waits.See, Log: s.log,
		})
	})
	all.run(func(ctx context.Context) {
		_ = s.awaitNATS(ctx) // as follow
		err := bus.Watch(ctx, s.endpoint, bus.WatchOptions{
			Since: time.Now(), Log: s.log, Subjects: []string{"countersign.v1.*.agent_connected", "countersign.v1.*.agent_done"},
		}, s.waits.Saw)
		if err != nil {
			s.log.Error("waits are not learnt from", "err", err)
		}
	})
	for retry.Pause(ctx, keepWaitsEvery) == nil {
		if err := s.keepWaits(); err != nil {
			s.log.Warn("what was learnt about waits is not kept", "err", err)
		}
	}
}
