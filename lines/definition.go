// Package lines reads, checks and compiles service lines. A line is a strict YAML file: all problems are reported at
// once, with their places, and a file with a problem does not compile.
//
// It does not store lines (package bus does), ask callers anything (package steps) or decide about calls (package
// session).
package lines

import (
	"time"

	"countersign/session"
)

// Format is the version of the file format that this program reads.
const Format = 1

// Definition is the content of a line's file, with defaults filled in. Parse makes it; it is immutable.
//
// Tags say what is checked while reading: bounds:"0..3" for numbers and times, enum for words, required. check.go
// checks what depends on several values.
type Definition struct {
	Format         int                           `yaml:"format" required:"true"`
	Line           string                        `yaml:"line" required:"true"`
	Numbers        []Number                      `yaml:"numbers" items:"0..1000"`
	Region         string                        `yaml:"region"`
	Languages      []string                      `yaml:"languages" items:"1..20"`
	LanguageMenu   bool                          `yaml:"language_menu"`
	Identify       []Identifier                  `yaml:"identify" required:"true" items:"1..10"`
	Verify         *Verify                       `yaml:"verify"`
	GreetByName    bool                          `yaml:"greet_by_name"`
	RememberNumber bool                          `yaml:"remember_number"`
	SendToken      bool                          `yaml:"send_token"`
	TellWait       string                        `yaml:"tell_wait"`
	PopURL         string                        `yaml:"pop_url"`
	Allows         map[string]map[string]string  `yaml:"allows" items:"0..4"`
	OnPage         []PageChoice                  `yaml:"on_page" items:"0..10"`
	Prompts        map[string]map[string]Wording `yaml:"prompts" items:"0..200"`
	Timers         Timers                        `yaml:"timers"`
	Keys           Keys                          `yaml:"keys"`
	Speech         *Speech                       `yaml:"speech"`
	Routes         Routes                        `yaml:"routes" required:"true"`
	Hours          *Hours                        `yaml:"hours"`

	source source
}

// Verify is the level of the line and its questions.
type Verify struct {
	Level     int        `yaml:"level" bounds:"2..3"`
	Questions []Question `yaml:"questions" required:"true" items:"1..10"`
}

// Wording is the line's own version of a prompt: a text to be spoken, or a recording.
type Wording struct {
	Text string `yaml:"text"`
	File string `yaml:"file"`
}

// Routes are the destinations of calls. Missing rows are zero; Compile fills them in as session.Routes says, and
// Verified and Unidentified from Identified.
type Routes struct {
	Verified     session.Destination `yaml:"verified"`
	Identified   session.Destination `yaml:"identified" required:"true"`
	Unidentified session.Destination `yaml:"unidentified"`
	Failed       session.Destination `yaml:"failed"`
	OptedOut     session.Destination `yaml:"opted_out"`
	Locked       session.Destination `yaml:"locked"`
	Unavailable  session.Destination `yaml:"unavailable"`
}

// Hours are the opening hours.
type Hours struct {
	TZ       string              `yaml:"tz" required:"true"`
	Open     Week                `yaml:"open" required:"true"`
	Closed   session.Destination `yaml:"closed"`
	Holidays []Date              `yaml:"holidays" items:"0..1000"`
}

// defaulter fills in the defaults of docs/policy.md.
type defaulter interface{ setDefaults() }

func (d *Definition) setDefaults() {
	d.Languages = []string{"en"}
	d.Keys.setDefaults()
	d.Timers = Timers{FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second}
}

func (v *Verify) setDefaults() { v.Level = 2 }
