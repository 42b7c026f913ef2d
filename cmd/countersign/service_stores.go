package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"countersign/prompts"
	"countersign/session"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

// loadPepper reads the pepper. It creates one only where there are no customers yet.
func loadPepper(cfg config) (customers.Peppers, error) {
	if hadCustomers := exists(cfg.directoryPath()) || sqlite.WasCreated(cfg.directoryPath()); hadCustomers &&
		!exists(cfg.pepperPath()) {
		return customers.Peppers{}, fmt.Errorf("the pepper %s is missing: restore it from a backup, "+
			"because the stored PINs cannot be checked without it",
			cfg.pepperPath())
	}
	return customers.LoadPepper(cfg.pepperPath())
}

// openDirectory opens the local customers for reading and writing.
func openDirectory(ctx context.Context, cfg config, log *slog.Logger) (*customers.Directory, error) {
	pepper, err := loadPepper(cfg)
	if err != nil {
		return nil, err
	}
	return customers.Open(ctx, cfg.directoryPath(), customers.Options{
		Pepper: pepper, Scheme: cfg.Customers.Hash, Log: log,
	})
}

const (
	// spillRoom is reserved beside the journal (docs/policy.md#sqlite).
	spillRoom = 8 << 20
	// writeTimeout bounds how long the first write to the journal may take.
	writeTimeout = 30 * time.Second
)

// openJournal opens the journal for a service, and ends the calls that the previous run left open.
func openJournal(ctx context.Context, cfg config, log *slog.Logger) (*journal.Journal, error) {
	j, err := journal.Open(ctx, cfg.journalPath(), journal.Options{Spill: spillRoom, Log: log})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, writeTimeout, fmt.Errorf("not written within %s", writeTimeout))
	defer cancel()
	interrupted, err := j.EndInterrupted(ctx, session.Source(cfg.Node), time.Now())
	if interrupted > 0 {
		log.Warn("calls interrupted by the last stop, now ended in the journal", "calls", interrupted)
	}
	if err != nil {
		_ = closeJournal(j)
		return nil, sqlite.Explain(cfg.journalPath(), err)
	}
	return j, nil
}

// journalNotReady says that events wait for the journal.
func journalNotReady(s journal.Status) (reason string) {
	switch {
	case s.Full:
		return fmt.Sprintf("the journal cannot be written and its spill is full: callers are not verified; "+
			"%d events wait: %v", s.Waiting, s.Err)
	case s.Err != nil:
		return fmt.Sprintf("the journal cannot be written: %d events wait, %d of them in its spill: %v",
			s.Waiting, s.InSpill, s.Err)
	}
	return ""
}

func closeJournal(j *journal.Journal) error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	return j.Close(ctx)
}

// openPrompts unpacks our recordings for FreeSWITCH, unless the operator has their own folder.
func openPrompts(cfg config) (*prompts.Catalogue, error) {
	if cfg.Prompts.Path == "" {
		if err := prompts.Unpack(cfg.promptsDir()); err != nil {
			return nil, err
		}
	}
	return prompts.OpenWith(cfg.promptsDir(), cfg.Prompts.Voices)
}
