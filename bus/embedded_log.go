package bus

import (
	"fmt"
	"log/slog"
)

// serverLog passes the embedded server's log to slog. The server's errors are mostly mistakes of clients, so they are
// warnings here; a fatal one becomes the error of StartEmbedded.
type serverLog struct {
	log   *slog.Logger
	fatal chan error
	// complained receives a value with each warning.
	complained chan struct{}
}

const serverSaid = "embedded nats"

func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug(serverSaid, "text", fmt.Sprintf(format, v...))
}
func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn(serverSaid, "text", fmt.Sprintf(format, v...))
	select {
	case l.complained <- struct{}{}:
	default:
	}
}
func (l *serverLog) Errorf(format string, v ...any) { l.Warnf(format, v...) }
func (l *serverLog) Debugf(string, ...any)          {}
func (l *serverLog) Tracef(string, ...any)          {}

func (l *serverLog) Fatalf(format string, v ...any) {
	select {
	case l.fatal <- fmt.Errorf(format, v...):
	default:
	}
}
