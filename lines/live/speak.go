package live

import (
	"context"

	"countersign/prompts"
)

// speak queues texts for Render, with those not rendered yet.
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

// Render renders the lines' own texts until ctx ends. Until then callers hear the catalogue's.
func (l *Lines) Render(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case texts := <-l.texts:
			if err := l.o.Speak(ctx, texts); err != nil && ctx.Err() == nil {
				l.o.Log.Warn("a line's own texts have no audio, callers hear the catalogue's prompts", "err", err)
			}
		}
	}
}
