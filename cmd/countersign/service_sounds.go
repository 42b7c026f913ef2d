package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/prompts"
	"countersign/session"
	"countersign/session/shared"
	"countersign/web/staff"
)

// sounds are what callers hear in the lines' own words, and the recordings that machines share.
type sounds struct {
	catalogue *prompts.Catalogue
	shared    shared.Store
}

var _ staff.Prompts = sounds{}

// How often a recording is asked for while NATS is away, and how long between.
const (
	fetchTries = 20
	fetchPause = 3 * time.Second
)

// speak renders texts, and fetches recordings that this machine does not have.
func (s sounds) speak(ctx context.Context, texts []prompts.Text) error {
	var spoken []prompts.Text
	var failed []error
	for _, t := range texts {
		if t.File == "" {
			spoken = append(spoken, t)
			continue
		}
		if err := s.fetch(ctx, t); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(append(failed, s.catalogue.RenderTexts(ctx, spoken))...)
}

func (s sounds) fetch(ctx context.Context, t prompts.Text) (err error) {
	if _, found := s.catalogue.Replaced(t.Language, session.Replacement{File: t.File}); found {
		return nil
	}
	for range fetchTries {
		var wav []byte
		if wav, _, err = s.shared.Get(ctx, t.File); err == nil {
			return s.catalogue.KeepRecorded(t.Language, t.File, wav)
		}
		if errors.Is(err, shared.ErrNotFound) {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(fetchPause):
		}
	}
	return fmt.Errorf("recording %s: %w", t.File, err)
}

// Sound implements staff.Prompts.
func (s sounds) Sound(language, prompt string, own *session.Replacement) ([]byte, bool) {
	return s.catalogue.Sound(language, prompt, own)
}

// Speak implements staff.Prompts.
func (s sounds) Speak(ctx context.Context, language, text string) error {
	return s.catalogue.RenderTexts(ctx, []prompts.Text{{Language: language, Text: text}})
}

// Keep implements staff.Prompts.
func (s sounds) Keep(ctx context.Context, language string, sound []byte) (name string, err error) {
	wav, err := prompts.Recorded(ctx, sound)
	if err != nil {
		return "", err
	}
	name = prompts.RecordedName(wav)
	if _, err := s.shared.Create(ctx, name, wav, shared.ByDefault); err != nil && !errors.Is(err, shared.ErrConflict) {
		return "", fmt.Errorf("keep a recording: %w", err)
	}
	return name, s.catalogue.KeepRecorded(language, name, wav)
}
