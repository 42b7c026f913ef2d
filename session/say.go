package session

import (
	"context"

	"countersign/session/event"
)

// Prompts finds the audio of prompts.
type Prompts interface {
	// File is what FreeSWITCH plays for a prompt. If found is false, there is no audio and file is a tone.
	File(language, prompt string) (file string, found bool)
	// Replaced is what FreeSWITCH plays for a line's own prompt. found is false if there is no audio (yet).
	Replaced(language string, r Replacement) (file string, found bool)
	// Speak makes audio of a text for one call only, such as a name. done removes it.
	Speak(ctx context.Context, language, text string) (file string, done func(), err error)
}

// utterance is a prompt in a language, or a file.
type utterance struct{ language, prompt, file string }

// Say queues prompts. They are played before the next Play or Ask, so that the caller may interrupt them with the first
// digit.
func (s *Session) Say(prompts ...string) {
	for _, p := range prompts {
		s.queued = append(s.queued, utterance{language: s.language, prompt: p})
	}
}

// SayIn queues a prompt in another language.
func (s *Session) SayIn(language, prompt string) {
	s.queued = append(s.queued, utterance{language: language, prompt: prompt})
}

// SayDigits queues a number, digit by digit, and letter by letter (A to Z).
func (s *Session) SayDigits(digits []byte) {
	for _, d := range digits {
		if d >= 'A' && d <= 'Z' {
			s.Say("letter-" + string(rune(d-'A'+'a')))
		} else {
			s.Say("digit-" + string(rune(d)))
		}
	}
}

// Speak queues a text for this call only, such as the customer's name. done must be called after it was played. Without
// a voice it queues nothing.
func (s *Session) Speak(ctx context.Context, text string) (done func()) {
	file, done, err := s.prompts.Speak(ctx, s.language, text)
	if err != nil {
		return func() {}
	}
	s.queued = append(s.queued, utterance{file: file})
	return done
}

// Play plays what was queued, then prompts, to their end.
func (s *Session) Play(ctx context.Context, prompts ...string) error {
	s.Say(prompts...)
	if len(s.queued) == 0 {
		return nil
	}
	if err := s.act(ctx); err != nil {
		return err
	}
	return s.channel.Play(ctx, s.takeQueued())
}

// Fill plays what was queued, then prompts, while the caller waits for us. A key ends it, and begins the next entry.
func (s *Session) Fill(ctx context.Context, prompts ...string) error {
	s.Say(prompts...)
	if len(s.queued) == 0 {
		return nil
	}
	if err := s.act(ctx); err != nil {
		return err
	}
	return s.channel.Fill(ctx, s.takeQueued())
}

func (s *Session) takeQueued() []string {
	files := make([]string, 0, len(s.queued))
	for _, p := range s.queued {
		files = append(files, s.audio(p))
	}
	s.queued, s.spoken = s.queued[:0], true
	return files
}

// audio finds the file: the line's own, the catalogue's, the catalogue's in the line's first language, or a tone.
func (s *Session) audio(p utterance) string {
	if p.file != "" {
		return p.file
	}
	if own, language, ok := s.line.Own(p.language, p.prompt); ok {
		if file, found := s.prompts.Replaced(language, own); found {
			return file
		}
		s.miss(p)
	}
	file, found := s.prompts.File(p.language, p.prompt)
	if found {
		return file
	}
	s.miss(p)
	if first := s.line.Languages[0]; first != p.language {
		if other, found := s.prompts.File(first, p.prompt); found {
			return other
		}
	}
	return file
}

// miss reports, once in a call, a prompt without audio.
func (s *Session) miss(p utterance) {
	if s.missing[p] {
		return
	}
	if s.missing == nil {
		s.missing = map[utterance]bool{}
	}
	s.missing[p] = true
	s.events.record(event.PromptMissing{Prompt: p.prompt, Language: p.language})
}
