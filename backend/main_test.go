package backend_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/backend/stub"
	"countersign/internal/leaktest"
	"countersign/session"
	"countersign/store/customers"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// patience bounds every wait of a test.
const patience = time.Minute

// mostTime is the longest time-out and cap that the settings allow.
const mostTime = 8 * time.Second

// What must be found nowhere.
const (
	canaryPIN   = "739164"
	canaryBirth = "19151210"
	canaryToken = "token-58f1c2"
)

var ada = stub.Customer{
	ID: "C-1001", Name: "Ada Lovelace", Language: "en", Phones: []stub.Phone{{Number: "+4930123456", Since: "2020-02-03"}},
	Identifiers: map[string]string{"account": "100042"}, Secrets: map[string]string{"pin": canaryPIN,
		"birth_date": canaryBirth},
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
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

func examples(t testing.TB) []example {
	page, err := os.ReadFile("README.md")
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

// crmSettings are the first example of README.md, with the longest time-out there is.
func crmSettings(t testing.TB, url string) backend.Settings {
	s := examples(t)[0].Backend
	s.URL, s.TLS, s.Timeout = url, endpoint.TLS{}, mostTime
	return s
}

func environment(name string) (string, bool) {
	v, ok := map[string]string{"CRM_TOKEN": canaryToken, "SMS_TOKEN": canaryToken, "ERP_KEY": "erp", "SMS_BASIC": "dTpw",
		"EMPTY": "", "LINES": "a\r\nb"}[name]
	return v, ok
}

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

// serve runs a handler as a real server.
func serve(t testing.TB, h http.Handler) string {
	s := httptest.NewServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(s.Close)
	return s.URL
}

// local is a real SQLite directory with the customers of a CSV.
func local(t testing.TB, rows ...string) *customers.Directory {
	d, err := customers.Open(deadline(t), filepath.Join(t.TempDir(), "directory.db"), customers.Options{
		Pepper: customers.OnePepper(bytes.Repeat([]byte{7}, 32)), Scheme: customers.SchemeHMAC,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	if len(rows) > 0 {
		_, err = d.Import(deadline(t), strings.NewReader(strings.Join(rows, "\n")+"\n"), customers.ImportOptions{})
		require.NoError(t, err)
	}
	return d
}

func directory(t testing.TB, s backend.Settings, here backend.Local, log *slog.Logger) *backend.Directory {
	d, err := backend.New(s, here, endpoint.Options{Env: environment, Log: log})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

// withCRM is a directory in front of the stub.
func withCRM(t testing.TB, change func(*backend.Settings)) (*backend.Directory, *stub.CRM) {
	crm := stub.NewCRM(canaryToken, []stub.Customer{ada})
	s := crmSettings(t, serve(t, crm))
	if change != nil {
		change(&s)
	}
	return directory(t, s, local(t), nil), crm
}
