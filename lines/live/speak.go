package live

import (
	"context"

	"countersign/prompts"
)

// speak leaves texts for Render, together with those that it has not begun with.
func (l *Lines) speak(texts []prompts.Text) {
	if len(texts) == 0 {
		return
	}
	select {
	case waiting := <-l.texts:
		texts = append(waiting, texts...)
	default:
	}
	l.texts <- texts
}

// Render gives the lines' own texts a voice, until ctx ends. Until then callers hear the catalogue's.
func (l *Lines) Render(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case texts := <-l.texts:
			if err := l.o.Speak(ctx, texts); err != nil && ctx.Err() == nil {
				l.o.Log.Warn("a line's own words have no audio, callers hear the usual ones", "err", err)
			}
		}
	}
}
