package session

import (
	"context"
	"io"
)

// Recogniser is a speech recogniser of the company's own, which hears callers over the network. Any goroutine may call
// its methods.
type Recogniser interface {
	// Ready is false while nobody is to be asked, because the recogniser failed lately.
	Ready() bool
	// Rate is how many samples a second it wants, 8000 or 16000.
	Rate() int
	// BargeIn says that callers may speak into a prompt.
	BargeIn() bool
	// Recognise sends what a caller says while they say it, closes sound, and returns what it was: Spoken, with words, without any
	// (NoMatch), or that nothing was said (NoInput). Its caller wipes the Entry. An error is never the caller's failure,
	// and comes at the latest a second after the sound has ended. The end of ctx with a cause of its own, such as a key,
	// is no failure of the recogniser.
	Recognise(ctx context.Context, x Expected, grammar string, sound Sound) (Entry, error)
}

// Sound is what a caller says: samples of 16 bits, the low byte first, one channel.
type Sound interface {
	// Read waits for sound; io.EOF is the end of what was said. Close ends a Read that waits, with an error, and wipes
	// the sound; closing twice is harmless.
	io.ReadCloser
	// Ended is closed when the caller has ended, even if nobody has read that yet.
	Ended() <-chan struct{}
}
