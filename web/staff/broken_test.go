package staff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAScreenThatIsClosedWhileItLoadsIsNoErrorOfOurs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := &Pages{Options: Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	p.broken("session not read", fmt.Errorf("people/session: %w", context.Canceled))
	assert.Empty(t, log.String())
	p.broken("session not read", errors.New("NATS is away"))
	assert.Contains(t, log.String(), "level=ERROR")
}
