package session

import (
	"context"

	"countersign/session/event"
)

// Prompts finds the audio of what is said.
type Prompts interface {
	// File is what FreeSWITCH plays for a prompt. found is false if there is no audio and file is a tone in its place.
	File(language, prompt string) (file string, found bool)
	// Replaced is what FreeSWITCH plays for what a line says in place of a prompt. found is false if there is no audio (yet).
	Replaced(language string, r Replacement) (file string, found bool)
	// Speak makes audio of a text that belongs to one call alone, such as a name. done removes it.
	Speak(ctx context.Context, language, text string) (file string, done func(), err error)
}

// said is a prompt in a language, or a file.
type said struct{ language, prompt, file string }

// Say queues prompts. They are played in front of the next Play or Ask, so that the caller may interrupt them with the first digit.
func (s *Session) Say(prompts ...string) {
	for _, p := range prompts {
		s.queued = append(s.queued, said{language: s.language, prompt: p})
	}
}

// SayIn queues a prompt in a language of its own.
func (s *Session) SayIn(language, prompt string) {
	s.queued = append(s.queued, said{language: language, prompt: prompt})
}

// SayDigits queues a number, digit by digit.
func (s *Session) SayDigits(digits []byte) {
	for _, d := range digits {
		s.Say("digit-" + string(rune(d)))
	}
}

// Speak queues a text that belongs to this call alone, such as the customer's name. done must be called when it has been said. Without a voice nothing is
// said.
func (s *Session) Speak(ctx context.Context, text string) (done func()) {
	file, done, err := s.prompts.Speak(ctx, s.language, text)
	if err != nil {
		return func() {}
	}
	s.queued = append(s.queued, said{file: file})
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

func (s *Session) takeQueued() []string {
	files := make([]string, 0, len(s.queued))
	for _, p := range s.queued {
		files = append(files, s.audio(p))
	}
	s.queued, s.spoken = s.queued[:0], true
	return files
}

// audio finds what to play: the line's own, the catalogue's, the catalogue's in the line's first language, a tone.
func (s *Session) audio(p said) string {
	if p.file != "" {
		return p.file
	}
	if own, ok := s.line.Replaced[p.language][p.prompt]; ok {
		if file, found := s.prompts.Replaced(p.language, own); found {
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

// miss tells once in a call that there is no audio for a prompt.
func (s *Session) miss(p said) {
	if s.missing[p] {
		return
	}
	if s.missing == nil {
		s.missing = map[said]bool{}
	}
	s.missing[p] = true
	s.events.record(event.PromptMissing{Prompt: p.prompt, Language: p.language})
}
