package sms_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/session"
)

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// What must be found nowhere.
const (
	canaryPIN   = "739164"
	canaryBirth = "19151210"
	canaryToken = "token-58f1c2"
)

// mostTime is the longest time-out and cap that the settings allow.
const mostTime = 8 * time.Second

// serve runs a handler as a real server.
func serve(t testing.TB, h http.Handler) string {
	s := httptest.NewServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(s.Close)
	return s.URL
}

// patience bounds every wait of a test.
const patience = time.Minute

// logbook is a log that a test reads.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logbook) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func environment(name string) (string, bool) {
	v, ok := map[string]string{"CRM_TOKEN": canaryToken, "SMS_TOKEN": canaryToken, "ERP_KEY": "erp", "SMS_BASIC": "dTpw",
		"EMPTY": "", "LINES": "a\r\nb"}[name]
	return v, ok
}

func examples(t testing.TB) []example {
	page, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	var all []example
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		var e example
		require.NoError(t, yaml.NewDecoder(strings.NewReader(block[1]), yaml.Strict()).Decode(&e))
		if e.Speech.Recognisers == nil { // package recogniser tests those
			all = append(all, e)
		}
	}
	require.Len(t, all, 2)
	return all
}

func secret(s string) session.Secret { return session.NewSecret([]byte(s)) }

// example is what a yaml block of README.md says.
type example struct {
	Backend backend.Settings `yaml:"backend"`
	SMS     sms.Settings     `yaml:"sms"`
	Speech  struct {
		Recognisers map[string]any `yaml:"recognisers"`
	} `yaml:"speech"`
}

var endpointOptions = endpoint.Options{Env: environment}
