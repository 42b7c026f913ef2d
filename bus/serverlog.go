package bus

import (
	"fmt"
	"log/slog"
)

// serverLog brings the embedded server's log to slog. Its errors are mostly what a client did wrong, so they are warnings here; what keeps it
// from starting becomes the error of StartEmbedded.
type serverLog struct {
	log   *slog.Logger
	fatal chan error
}

const serverSaid = "embedded nats"

func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug(serverSaid, "text", fmt.Sprintf(format, v...))
}
func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn(serverSaid, "text", fmt.Sprintf(format, v...))
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
