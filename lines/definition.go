// Package lines holds service lines as people write them: what a line's file says, what is wrong with it, and what it
// compiles to. A file is YAML, strict: everything that is wrong with it is said at once, with the place, and a file
// with anything wrong in it compiles to nothing.
//
// It does not keep lines (package bus does), ask callers anything (package steps) or decide about calls (package
// session).
package lines

import (
	"time"

	"countersign/session"
)

// Format is the version of the file format that this program reads.
const Format = 1

// Definition is what a line's file says, with what it leaves out filled in. Make one with Parse; it is not changed
// afterwards.
//
// The tags say what is checked while it is read: bounds:"0..3" for numbers and times, enum for words, required. What
// depends on more than one value is in check.go.
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
	PopURL         string                        `yaml:"pop_url"`
	Prompts        map[string]map[string]Wording `yaml:"prompts" items:"0..200"`
	Timers         Timers                        `yaml:"timers"`
	Routes         Routes                        `yaml:"routes" required:"true"`
	Hours          *Hours                        `yaml:"hours"`

	source source
}

// Verify says how sure the line must be, and what it asks.
type Verify struct {
	Level     int        `yaml:"level" bounds:"2..3"`
	Questions []Question `yaml:"questions" required:"true" items:"1..10"`
}

// Wording is what the line says in place of a prompt: a text to be spoken, or a recording.
type Wording struct {
	Text string `yaml:"text"`
	File string `yaml:"file"`
}

// Timers are the caller's time to key.
type Timers struct {
	FirstDigit time.Duration `yaml:"first_digit" bounds:"1s..99s"`
	InterDigit time.Duration `yaml:"inter_digit" bounds:"1s..30s"`
}

// Routes is where calls go. Rows that are left out are zero; Compile fills them in as session.Routes says, and Verified
// and Unidentified from Identified.
type Routes struct {
	Verified     session.Destination `yaml:"verified"`
	Identified   session.Destination `yaml:"identified" required:"true"`
	Unidentified session.Destination `yaml:"unidentified"`
	Failed       session.Destination `yaml:"failed"`
	OptedOut     session.Destination `yaml:"opted_out"`
	Locked       session.Destination `yaml:"locked"`
	Unavailable  session.Destination `yaml:"unavailable"`
}

// Hours are when the line is open.
type Hours struct {
	TZ       string              `yaml:"tz" required:"true"`
	Open     Week                `yaml:"open" required:"true"`
	Closed   session.Destination `yaml:"closed"`
	Holidays []Date              `yaml:"holidays" items:"0..1000"`
}

// defaulter fills in what a file leaves out (policy.md).
type defaulter interface{ setDefaults() }

func (d *Definition) setDefaults() {
	d.Languages = []string{"en"}
	d.Timers = Timers{FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second}
}

func (v *Verify) setDefaults() { v.Level = 2 }
