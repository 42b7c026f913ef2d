package main

import (
	"fmt"
	"log/slog"

	"countersign/backend/recogniser"
	"countersign/esl/tap"
	"countersign/session"
)

// ownSpeech are the company's own recognisers, and where FreeSWITCH leaves the sound for them. Without any, sounds is
// nil.
type ownSpeech struct {
	recognisers map[string]session.Recogniser
	sounds      *tap.Folder
}

func openRecognisers(s recogniser.Settings, w insight, log *slog.Logger, open *parts) (own ownSpeech, err error) {
	if len(s.Recognisers) == 0 {
		return own, nil
	}
	own.recognisers = map[string]session.Recogniser{}
	for name, e := range s.Recognisers {
		r, err := recogniser.New(name, e, w.of("recogniser "+name, log))
		if err != nil {
			return own, err
		}
		open.addQuiet(r.Close)
		own.recognisers[name] = r
	}
	if own.sounds, err = tap.Open(s.Folder, s.Group); err != nil {
		return own, fmt.Errorf("speech.folder: %w", err)
	}
	return own, nil
}
