package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/backend"
	"countersign/backend/email"
	"countersign/backend/recogniser"
	"countersign/backend/sms"
	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/callback"
	"countersign/esl/tap"
	"countersign/freeswitch"
	"countersign/internal/strictyaml"
	"countersign/prompts"
	"countersign/reports/deliver"
	"countersign/session"
	"countersign/session/guard"
	"countersign/session/token"
	"countersign/store/customers"
	"countersign/web/customer"
	"countersign/web/provider"
	"countersign/web/staff"
)

// Where data and settings are unless an option says so. Packages set their own (scripts/package/build.sh); a file of
// settings that is not there counts only if somebody has named it.
var defaultData, defaultConfig = "./countersign-data", ""

const day = 24 * time.Hour

// config holds every setting; countersign.example.yaml explains them. It is read at the start, and by a reload.
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
	Lines struct {
		Approval string `yaml:"approval"`
	} `yaml:"lines"`
	Prompts struct {
		Path   string         `yaml:"path"`
		Voices prompts.Voices `yaml:"voices"`
	} `yaml:"prompts"`
	Customers struct {
		Pepper string `yaml:"pepper"`
		Hash   string `yaml:"hash"`
		// Page says whether customers have one, Brand is the company's name on it.
		Page  bool   `yaml:"page"`
		Brand string `yaml:"brand"`
		// Share says what this machine does for customers of several machines: "", shareSource or shareReplica.
		Share      string   `yaml:"share"`
		StaleAfter duration `yaml:"stale_after"`
	} `yaml:"customers"`
	Backend backend.Settings    `yaml:"backend"`
	SMS     sms.Settings        `yaml:"sms"`
	Email   email.Settings      `yaml:"email"`
	Speech  recogniser.Settings `yaml:"speech"`
	// Webhooks by name.
	Webhooks map[string]webhook.Settings `yaml:"webhooks"`
	// CodeCalls is freeswitch.CodeCallSettings.
	CodeCalls codeCalls `yaml:"code_calls"`
	// TestCalls is freeswitch.TestCallSettings.
	TestCalls testCalls        `yaml:"test_calls"`
	Callbacks callbackSettings `yaml:"callbacks"`
	Guard     guard.Rules      `yaml:"guard"`
	Web       struct {
		Listen string `yaml:"listen"`
		URL    string `yaml:"url"`
		TLS    struct {
			Cert string `yaml:"cert"`
			Key  string `yaml:"key"`
		} `yaml:"tls"`
		OIDC  provider.Settings `yaml:"oidc"`
		Embed struct {
			// Origins of the pages that may have an agent's screen in a frame.
			Origins []string `yaml:"origins"`
		} `yaml:"embed"`
		Keys map[string]apiClient `yaml:"keys"`
	} `yaml:"web"`
	Tokens struct {
		Key      string   `yaml:"key"`
		Issuer   string   `yaml:"issuer"`
		Audience string   `yaml:"audience"`
		Life     duration `yaml:"life"`
	} `yaml:"tokens"`
	FreeSWITCH []freeswitchServer         `yaml:"freeswitch"`
	Wallboard  customer.WallboardSettings `yaml:"wallboard"`
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
		Replicas    int      `yaml:"replicas"`
		Timeout     duration `yaml:"timeout"`
	} `yaml:"nats"`
	Metrics struct {
		Listen string `yaml:"listen"`
	} `yaml:"metrics"`
	Traces struct {
		Endpoint string `yaml:"endpoint"`
	} `yaml:"traces"`
	Log struct {
		Level  string            `yaml:"level"`
		Levels map[string]string `yaml:"levels"`
		Format string            `yaml:"format"`
	} `yaml:"log"`

	data      string // --data
	noReports bool   // --roles without reporting
	demo      *staff.Demo
	exchange  callback.Switch // of a demo, in place of FreeSWITCH
	filed     *config         // without what was changed on the screens; nil if nothing was
}

// freeswitchServer is the event socket of a FreeSWITCH.
type freeswitchServer struct {
	Address  string `yaml:"address"`
	Password string `yaml:"password"`
}

// testCalls say how a test call rings its author.
type testCalls struct {
	Dial   string `yaml:"dial"`
	Caller string `yaml:"caller"`
	Socket string `yaml:"socket"`
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
	c.Customers.Hash, c.Customers.Page = customers.SchemeArgon2id, true
	c.Customers.StaleAfter = duration(5 * time.Minute)
	c.Lines.Approval = approvalOne
	c.Prompts.Voices = prompts.Voices{}
	c.Guard = guard.DefaultRules()
	c.Guard.SharedNumbers = []guard.SharedNumber{}
	c.Web.Keys = map[string]apiClient{}
	c.Web.Embed.Origins = []string{}
	c.FreeSWITCH = []freeswitchServer{}
	c.Webhooks = map[string]webhook.Settings{}
	c.Web.Listen = "127.0.0.1:8085"
	c.Web.OIDC = provider.DefaultSettings()
	c.Tokens.Issuer, c.Tokens.Audience = "countersign", "countersign"
	c.Tokens.Life = duration(token.DefaultLife)
	// 25 months are 761 days (docs/policy.md#what-is-kept-and-for-how-long).
	c.Retention.Journal, c.Retention.Totals, c.Retention.Audit = duration(90*day), duration(761*day), duration(365*day)
	c.Reports.Schedules, c.Reports.Mail.TLS = []deliver.Schedule{}, deliver.StartTLS
	c.Reports.Benefits.SelfService = []string{}
	c.Wallboard.Queues, c.Wallboard.Origins = map[string]customer.QueueSettings{}, []string{}
	c.TestCalls.Dial = "user/{telephone}"
	c.Callbacks = defaultCallbacks()
	c.CodeCalls.Ring, c.CodeCalls.Countries = duration(30*time.Second), []string{}
	c.Email.TLS, c.Email.Texts = deliver.StartTLS, map[string]email.Text{}
	c.Speech.Folder, c.Speech.Recognisers = tap.DefaultFolder, map[string]recogniser.Engine{}
	c.NATS.Listen = bus.DefaultListen
	c.NATS.Timeout = duration(750 * time.Millisecond)
	c.Log.Level, c.Log.Levels = "info", map[string]string{}
	c.Log.Format = "text"
	c.data = defaultData
	return c
}

// loadConfig reads --config over the defaults, and --data. Its error names every problem, with its line.
func loadConfig(c *cli.Context) (config, error) {
	cfg, err := readConfig(configFile(c))
	if err != nil {
		return config{}, err
	}
	if c.IsSet("data") && c.String("data") == "" {
		return config{}, wrongUse("--data needs a folder")
	}
	cfg.data = cmp.Or(c.String("data"), os.Getenv("COUNTERSIGN_DATA"), defaultData)
	if err := ownersData(c, cfg.data); err != nil {
		return config{}, err
	}
	if cfg, err = cfg.withOverrides(); err != nil {
		fmt.Fprintf(c.App.ErrWriter, "countersign: settings that were changed on the screens are left out: %v\n", err)
	}
	return cfg, nil
}

// configFile is --config, or "".
func configFile(c *cli.Context) string {
	if file := cmp.Or(c.String("config"), os.Getenv("COUNTERSIGN_CONFIG")); file != "" || !exists(defaultConfig) {
		return file
	}
	return defaultConfig
}

// readConfig reads file over the defaults; "" is none.
func readConfig(file string) (config, error) {
	cfg := defaults()
	if file == "" {
		cfg.readEnvironment()
		if err := cfg.check(); err != nil {
			return config{}, fmt.Errorf("settings of the environment: %w", err)
		}
		return cfg, nil
	}
	return cfg, cfg.readFile(file)
}

// readFile reads file over c, and checks the result.
func (c *config) readFile(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("read settings: %w: run this as the service's user, such as with sudo -u countersign", err)
	}
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
		"COUNTERSIGN_OIDC_SECRET":    &c.Web.OIDC.ClientSecret,
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

func newLogger(to io.Writer, format string, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(to, o))
	}
	return slog.New(slog.NewTextHandler(to, o))
}
