package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/backend"
	"countersign/backend/email"
	"countersign/backend/recogniser"
	"countersign/backend/sms"
	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/esl/tap"
	"countersign/freeswitch"
	"countersign/internal/strictyaml"
	"countersign/lines"
	"countersign/prompts"
	"countersign/reports/deliver"
	"countersign/session"
	"countersign/session/guard"
	"countersign/session/token"
	"countersign/store/customers"
	"countersign/web/staff"
)

const defaultData = "./countersign-data"

const day = 24 * time.Hour

// config holds every setting; countersign.example.yaml explains them. It is read once, at the start.
type config struct {
	Node   string `yaml:"node"`
	Socket struct {
		Listen   string   `yaml:"listen"`
		Allow    []string `yaml:"allow"`
		MaxCalls int      `yaml:"max_calls"`
		Drain    duration `yaml:"drain"`
	} `yaml:"socket"`
	Calls struct {
		MaxDuration duration `yaml:"max_duration"`
		MaxActions  int      `yaml:"max_actions"`
	} `yaml:"calls"`
	Keys   trunkKeys `yaml:"keys"`
	Caller struct {
		Placeholders []string `yaml:"placeholders"`
	} `yaml:"caller"`
	Line struct {
		Region string `yaml:"region"`
		PopURL string `yaml:"pop_url"`
	} `yaml:"line"`
	Prompts struct {
		Path   string         `yaml:"path"`
		Voices prompts.Voices `yaml:"voices"`
	} `yaml:"prompts"`
	Customers struct {
		Pepper string `yaml:"pepper"`
		Hash   string `yaml:"hash"`
	} `yaml:"customers"`
	Backend backend.Settings    `yaml:"backend"`
	SMS     sms.Settings        `yaml:"sms"`
	Email   email.Settings      `yaml:"email"`
	Speech  recogniser.Settings `yaml:"speech"`
	// Webhooks by name.
	Webhooks map[string]webhook.Settings `yaml:"webhooks"`
	// CodeCalls is freeswitch.CodeCallSettings.
	CodeCalls codeCalls   `yaml:"code_calls"`
	Guard     guard.Rules `yaml:"guard"`
	Web       struct {
		Listen string `yaml:"listen"`
		URL    string `yaml:"url"`
		TLS    struct {
			Cert string `yaml:"cert"`
			Key  string `yaml:"key"`
		} `yaml:"tls"`
		Keys map[string]apiClient `yaml:"keys"`
	} `yaml:"web"`
	Tokens struct {
		Key      string   `yaml:"key"`
		Issuer   string   `yaml:"issuer"`
		Audience string   `yaml:"audience"`
		Life     duration `yaml:"life"`
	} `yaml:"tokens"`
	FreeSWITCH []freeswitchServer `yaml:"freeswitch"`
	Retention  struct {
		Journal duration `yaml:"journal"`
		Totals  duration `yaml:"totals"`
		Audit   duration `yaml:"audit"`
	} `yaml:"retention"`
	Reports deliver.Settings `yaml:"reports"`
	NATS    struct {
		URL         string   `yaml:"url"`
		Listen      string   `yaml:"listen"`
		User        string   `yaml:"user"`
		Password    string   `yaml:"password"`
		Token       string   `yaml:"token"`
		Credentials string   `yaml:"credentials"`
		CA          string   `yaml:"ca"`
		Cert        string   `yaml:"cert"`
		Key         string   `yaml:"key"`
		Timeout     duration `yaml:"timeout"`
	} `yaml:"nats"`
	Log struct {
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`

	data      string // --data
	noReports bool   // --roles without reporting
	demo      *staff.Demo
}

// freeswitchServer is the event socket of a FreeSWITCH.
type freeswitchServer struct {
	Address  string `yaml:"address"`
	Password string `yaml:"password"`
}

// codeCalls are freeswitch.CodeCallSettings.
type codeCalls struct {
	Dial      string   `yaml:"dial"`
	Caller    string   `yaml:"caller"`
	Ring      duration `yaml:"ring"`
	Countries []string `yaml:"countries"`
}

func (c codeCalls) settings() freeswitch.CodeCallSettings {
	return freeswitch.CodeCallSettings{
		Dial: c.Dial, Caller: c.Caller, Ring: time.Duration(c.Ring), Countries: c.Countries,
	}
}

// eventSockets are the FreeSWITCH machines.
func (c config) eventSockets() []freeswitch.Server {
	servers := make([]freeswitch.Server, len(c.FreeSWITCH))
	for i, f := range c.FreeSWITCH {
		servers[i] = freeswitch.Server{Address: f.Address, Password: session.NewSecret([]byte(f.Password))}
	}
	return servers
}

// duration is a time with its unit, such as 30s or 90d.
type duration time.Duration

func (d *duration) UnmarshalYAML(text []byte) error {
	v, err := strictyaml.ParseDuration(strings.Trim(string(text), "\"' \n"))
	*d = duration(v)
	return err
}

func (d duration) MarshalYAML() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// defaults are the settings of a start without a file.
func defaults() config {
	var c config
	c.Node = "countersign"
	c.Socket.Listen = "127.0.0.1:8084"
	c.Socket.Allow = []string{"127.0.0.0/8", "::1/128"}
	c.Socket.MaxCalls = 5000
	c.Socket.Drain = duration(30 * time.Second)
	c.Calls.MaxDuration = duration(180 * time.Second)
	c.Calls.MaxActions = 60
	c.Caller.Placeholders = []string{}
	c.Keys = defaultTrunkKeys()
	c.Customers.Hash = customers.SchemeArgon2id
	c.Prompts.Voices = prompts.Voices{}
	c.Guard = guard.DefaultRules()
	c.Guard.SharedNumbers = []guard.SharedNumber{}
	c.Web.Keys = map[string]apiClient{}
	c.FreeSWITCH = []freeswitchServer{}
	c.Webhooks = map[string]webhook.Settings{}
	c.Web.Listen = "127.0.0.1:8085"
	c.Tokens.Issuer, c.Tokens.Audience = "countersign", "countersign"
	c.Tokens.Life = duration(token.DefaultLife)
	// 25 months are 761 days (docs/policy.md#what-is-kept-and-for-how-long).
	c.Retention.Journal, c.Retention.Totals, c.Retention.Audit = duration(90*day), duration(761*day), duration(365*day)
	c.Reports.Schedules, c.Reports.Mail.TLS = []deliver.Schedule{}, deliver.StartTLS
	c.CodeCalls.Ring, c.CodeCalls.Countries = duration(30*time.Second), []string{}
	c.Email.TLS, c.Email.Texts = deliver.StartTLS, map[string]email.Text{}
	c.Speech.Folder, c.Speech.Recognisers = tap.DefaultFolder, map[string]recogniser.Engine{}
	c.NATS.Listen = bus.DefaultListen
	c.NATS.Timeout = duration(750 * time.Millisecond)
	c.Log.Level = "info"
	c.Log.Format = "text"
	c.data = defaultData
	return c
}

// loadConfig reads --config over the defaults. Its error names every problem, with its line.
func loadConfig(c *cli.Context) (config, error) {
	cfg := defaults()
	file := cmp.Or(c.String("config"), os.Getenv("COUNTERSIGN_CONFIG"))
	if file == "" {
		cfg.readEnvironment()
		if err := cfg.check(); err != nil {
			return config{}, fmt.Errorf("settings of the environment: %w", err)
		}
	} else if err := cfg.readFile(file); err != nil {
		return config{}, err
	}
	if c.IsSet("data") && c.String("data") == "" {
		return config{}, wrongUse("--data needs a folder")
	}
	cfg.data = cmp.Or(c.String("data"), os.Getenv("COUNTERSIGN_DATA"), defaultData)
	return cfg, nil
}

// readFile reads file over c, and checks the result.
func (c *config) readFile(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	source, err := strictyaml.Read(file, text, c)
	var problems strictyaml.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	c.readEnvironment()
	switch problems = append(problems, source.Locate(c.check())...); len(problems) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("settings: %w", problems)
	}
	problems.Sort()
	return fmt.Errorf("%d problems in the settings:\n%w", len(problems), problems)
}

// readEnvironment reads secrets that need not be in a file.
func (c *config) readEnvironment() {
	for name, to := range map[string]*string{
		"COUNTERSIGN_NATS_PASSWORD": &c.NATS.Password, "COUNTERSIGN_NATS_TOKEN": &c.NATS.Token,
		"COUNTERSIGN_SMTP_PASSWORD":  (*string)(&c.Reports.Mail.Password),
		"COUNTERSIGN_EMAIL_PASSWORD": (*string)(&c.Email.Password),
	} {
		if v, ok := os.LookupEnv(name); ok {
			*to = v
		}
	}
	if v, ok := os.LookupEnv("COUNTERSIGN_FREESWITCH_PASSWORD"); ok {
		for i := range c.FreeSWITCH {
			c.FreeSWITCH[i].Password = v
		}
	}
}

func (c config) check() error {
	var errs []error
	if _, err := c.allow(); err != nil {
		errs = append(errs, err)
	}
	if c.Customers.Hash != customers.SchemeArgon2id && c.Customers.Hash != customers.SchemeHMAC {
		errs = append(errs, fmt.Errorf("customers.hash is %q: it can be %s or %s", c.Customers.Hash, customers.SchemeArgon2id,
			customers.SchemeHMAC))
	}
	if c.Socket.MaxCalls < 1 {
		errs = append(errs, fmt.Errorf("socket.max_calls is %d: it must be at least 1", c.Socket.MaxCalls))
	}
	if c.Socket.Drain < 0 {
		errs = append(errs, fmt.Errorf("socket.drain is %s: it cannot be negative", time.Duration(c.Socket.Drain)))
	}
	if d := time.Duration(c.Calls.MaxDuration); d < 30*time.Second || d > 600*time.Second {
		errs = append(errs, fmt.Errorf("calls.max_duration is %s: it must be from 30s to 600s", d))
	}
	if c.Calls.MaxActions < 5 || c.Calls.MaxActions > 1000 {
		errs = append(errs, fmt.Errorf("calls.max_actions is %d: it must be from 5 to 1000", c.Calls.MaxActions))
	}
	if d := time.Duration(c.NATS.Timeout); d < 100*time.Millisecond || d > 5*time.Second {
		errs = append(errs, fmt.Errorf("nats.timeout is %s: it must be from 100ms to 5s", d))
	}
	if _, err := c.logLevel(); err != nil {
		errs = append(errs, err)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		errs = append(errs, fmt.Errorf("log.format is %q: it can be text or json", c.Log.Format))
	}
	errs = append(errs, below("guard", c.Guard.Validate())...)
	errs = append(errs, below("email", errors.Join(c.Email.Check()...))...)
	errs = append(errs, below("speech", errors.Join(c.Speech.Check()...))...)
	errs = append(errs, below("keys", c.Keys.check())...)
	errs = append(errs, c.checkWebhooks()...)
	errs = append(errs, below("code_calls", errors.Join(c.CodeCalls.settings().Check()...))...)
	if c.CodeCalls.Dial != "" && len(c.FreeSWITCH) == 0 {
		errs = append(errs,
			errors.New("code_calls.dial needs the FreeSWITCH that places the calls: name it under freeswitch"))
	}
	for _, text := range lines.CheckPopURL(c.Line.PopURL) {
		errs = append(errs, fmt.Errorf("line.pop_url is wrong: %s", text))
	}
	errs = append(errs, c.checkWeb()...)
	_, wrong := c.apiKeys()
	errs = append(errs, wrong...)
	if l := time.Duration(c.Tokens.Life); l <= 0 || l > token.MaxLife {
		errs = append(errs, fmt.Errorf("tokens.life is %s: it must be more than 0 and at most %s", l, token.MaxLife))
	}
	errs = append(errs, c.checkRetention()...)
	errs = append(errs, c.Reports.Check()...)
	for i, f := range c.FreeSWITCH {
		if _, _, err := net.SplitHostPort(f.Address); err != nil {
			errs = append(errs, fmt.Errorf("freeswitch[%d].address is %q: it must be HOST:PORT, such as 127.0.0.1:8021", i,
				f.Address))
		}
	}
	if c.Node == "" || strings.ContainsAny(c.Node, " /\n\t") {
		errs = append(errs, fmt.Errorf("node is %q: it must be one word without a slash", c.Node))
	}
	if r := c.Line.Region; r != "" && !isRegion(r) {
		errs = append(errs, fmt.Errorf(
			"line.region is %q: it must be an ISO 3166 code of two letters, such as DE, GB or US", r))
	}
	if _, err := c.placeholders(); err != nil {
		errs = append(errs, fmt.Errorf("caller.placeholders has %w", err))
	}
	return errors.Join(errs...)
}

// below puts a section's name in front of each problem of its settings.
func below(section string, err error) (errs []error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			errs = append(errs, fmt.Errorf("%s.%w", section, e))
		}
		return errs
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("%s.%w", section, err))
	}
	return errs
}

func (c config) placeholders() (session.Placeholders, error) {
	return session.NewPlaceholders(c.Caller.Placeholders, c.Line.Region)
}

func (c config) checkRetention() (errs []error) {
	if r := time.Duration(c.Retention.Journal); r < day || r > 365*day {
		errs = append(errs, fmt.Errorf("retention.journal is %s: it must be from 1d to 365d", r))
	}
	if r := time.Duration(c.Retention.Totals); r < 90*day || r > 3650*day {
		errs = append(errs, fmt.Errorf("retention.totals is %s: it must be from 90d to 3650d", r))
	} else if c.Retention.Totals < c.Retention.Journal {
		errs = append(errs, fmt.Errorf("retention.totals is %s: it cannot be less than retention.journal, %s", r,
			time.Duration(c.Retention.Journal)))
	}
	if r := time.Duration(c.Retention.Audit); r < 30*day || r > 2555*day {
		errs = append(errs, fmt.Errorf("retention.audit is %s: it must be from 30d to 2555d", r))
	}
	return errs
}

// isRegion accepts lower case too, as session.E164 does.
func isRegion(r string) bool { return session.IsRegion(strings.ToUpper(r)) }

// widestAllowed is the shortest prefix in socket.allow: a network as large as 10.0.0.0/8.
const widestAllowed = 7

func (c config) allow() ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(c.Socket.Allow))
	for _, s := range c.Socket.Allow {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("socket.allow has %q: write a network as 192.0.2.0/24, or one address as 192.0.2.7/32", s)
		}
		if p.Bits() < widestAllowed {
			return nil, fmt.Errorf("socket.allow has %q: whoever can connect can speak as FreeSWITCH, so name the networks of "+
				"your FreeSWITCH machines, such as 10.0.0.0/8", s)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}

func (c config) logLevel() (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return 0, fmt.Errorf("log.level is %q: it can be debug, info, warn or error", c.Log.Level)
	}
	return l, nil
}

func (c config) logger(to io.Writer) *slog.Logger {
	level, _ := c.logLevel()
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(to, o))
	}
	return slog.New(slog.NewTextHandler(to, o))
}

// Paths under --data.
func (c config) directoryPath() string { return filepath.Join(c.data, "directory.db") }
func (c config) journalPath() string   { return filepath.Join(c.data, "journal.db") }
func (c config) attemptsPath() string  { return filepath.Join(c.data, "attempts.db") }
func (c config) trunksPath() string    { return filepath.Join(c.data, "trunks.json") }
func (c config) auditPath() string     { return filepath.Join(c.data, "audit.db") }
func (c config) reportsPath() string   { return filepath.Join(c.data, "reports.db") }
func (c config) natsDir() string       { return filepath.Join(c.data, "nats") }

// natsKeys are the keys of the embedded NATS.
func (c config) natsKeys() bus.KeyFiles {
	return bus.KeyFiles{
		Write: filepath.Join(c.data, "nats-write.key"), Read: filepath.Join(c.data, "nats-read.key"),
	}
}

func (c config) pepperPath() string {
	if c.Customers.Pepper != "" {
		return c.Customers.Pepper
	}
	return filepath.Join(c.data, "pepper")
}

func (c config) tokenKeyPath() string {
	if c.Tokens.Key != "" {
		return c.Tokens.Key
	}
	return filepath.Join(c.data, "token.key")
}

// linesPath holds a copy of the lines last in force, for a start while NATS is away.
func (c config) linesPath() string { return filepath.Join(c.data, "lines.json") }

func (c config) promptsDir() string {
	if c.Prompts.Path != "" {
		return c.Prompts.Path
	}
	return filepath.Join(c.data, "prompts")
}

func (c config) external() bus.ExternalOptions {
	n := c.NATS
	return bus.ExternalOptions{
		URL: n.URL, CredentialsFile: n.Credentials, User: n.User, Password: n.Password, Token: n.Token, CAFile: n.CA,
		CertFile: n.Cert, KeyFile: n.Key,
	}
}
