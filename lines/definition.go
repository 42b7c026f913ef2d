// Package lines holds service lines as people write them: what a line's file says, what is wrong with it, and what it compiles to. A file is YAML, strict:
// everything that is wrong with it is said at once, with the place, and a file with anything wrong in it compiles to nothing.
//
// It does not keep lines (package bus does), ask callers anything (package steps) or decide about calls (package session).
package lines

import (
	"time"

	"countersign/session"
)

// Format is the version of the file format that this program reads.
const Format = 1

// Definition is what a line's file says, with what it leaves out filled in. Make one with Parse; it is not changed afterwards.
//
// The tags say what is checked while it is read: bounds:"0..3" for numbers and times, enum for words, required. What depends on more than one value
// is in check.go.
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

// Identifier is one way to find out who calls. One of its fields is set.
type Identifier struct {
	ANI    *ANI            `yaml:"ani"`
	Choice *Choice         `yaml:"choice"`
	Number *NumberQuestion `yaml:"number"`
}

// ANI identifies by the caller's number.
type ANI struct {
	Enabled     bool   `yaml:"enabled"`
	Several     string `yaml:"several" enum:"ask"`
	Attestation string `yaml:"attestation" enum:"any,A"`
}

// Choice lets callers go on who press a key; the others go to a person.
type Choice struct {
	Name   string `yaml:"name"`
	Prompt string `yaml:"prompt"`
	Key    Key    `yaml:"key"`
}

// NumberQuestion asks for a number that tells who the caller is. Name is the identifier's kind; "phone" is looked up as a telephone number.
type NumberQuestion struct {
	Name        string   `yaml:"name" required:"true"`
	Prompt      string   `yaml:"prompt"`
	Digits      Digits   `yaml:"digits" bounds:"1..32"`
	Check       string   `yaml:"check" enum:"none,luhn,mod97,mod11"`
	Reasks      int      `yaml:"reasks" bounds:"0..10"`
	AllowUnsafe bool     `yaml:"allow_unsafe"`
	OptOut      Key      `yaml:"opt_out" enum:"*,none"`
	ReadBack    ReadBack `yaml:"read_back" enum:"false,true,unattested"`
}

// Verify says how sure the line must be, and what it asks.
type Verify struct {
	Level     int        `yaml:"level" bounds:"2..3"`
	Questions []Question `yaml:"questions" required:"true" items:"1..10"`
}

// Question is one way to prove who is calling. One of its fields is set.
type Question struct {
	PIN        *PIN        `yaml:"pin"`
	BirthDate  *BirthDate  `yaml:"birth_date"`
	Fact       *Fact       `yaml:"fact"`
	Passphrase *Passphrase `yaml:"passphrase"`
	SMSCode    *SMSCode    `yaml:"sms_code"`
	TOTP       *TOTP       `yaml:"totp"`
}

// PIN is a secret number.
type PIN struct {
	Digits Digits `yaml:"digits" bounds:"4..12"`
	Reasks int    `yaml:"reasks" bounds:"0..3"`
	Else   string `yaml:"else"`
}

// BirthDate is a weak factor.
type BirthDate struct {
	Reasks int    `yaml:"reasks" bounds:"0..3"`
	Else   string `yaml:"else"`
}

// Fact is any number in the customer's record: a weak factor.
type Fact struct {
	Name   string `yaml:"name" required:"true"`
	Prompt string `yaml:"prompt"`
	Digits Digits `yaml:"digits" bounds:"2..20" required:"true"`
	Reasks int    `yaml:"reasks" bounds:"0..3"`
	Else   string `yaml:"else"`
}

// Passphrase is spoken.
type Passphrase struct {
	Engine     string  `yaml:"engine" required:"true"`
	Grammar    string  `yaml:"grammar" required:"true"`
	Confidence float64 `yaml:"confidence" bounds:"0.5..1"`
	Tries      int     `yaml:"tries" bounds:"1..3"`
	Else       string  `yaml:"else"`
}

// SMSCode is a one-time code, sent to a telephone on file.
type SMSCode struct {
	Digits   int           `yaml:"digits" bounds:"6..8"`
	Lifetime time.Duration `yaml:"lifetime" bounds:"60s..600s"`
	Tries    int           `yaml:"tries" bounds:"1..5"`
	Else     string        `yaml:"else"`
}

// TOTP is a time-based one-time code from the customer's authenticator.
type TOTP struct {
	Tries int    `yaml:"tries" bounds:"1..5"`
	Else  string `yaml:"else"`
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

// Routes is where calls go. Rows that are left out are zero; Compile fills them in as session.Routes says, and Verified and Unidentified from Identified.
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

func (a *ANI) setDefaults()    { *a = ANI{Enabled: true, Several: "ask", Attestation: "any"} }
func (c *Choice) setDefaults() { *c = Choice{Name: "have_account", Prompt: "have-account", Key: "1"} }
func (n *NumberQuestion) setDefaults() {
	*n = NumberQuestion{Check: "none", Reasks: 3, OptOut: "*", ReadBack: "false"}
}
func (v *Verify) setDefaults()    { v.Level = 2 }
func (p *PIN) setDefaults()       { *p = PIN{Digits: Digits{4, 6}, Reasks: 2} }
func (b *BirthDate) setDefaults() { b.Reasks = 2 }
func (f *Fact) setDefaults()      { f.Reasks = 2 }
func (p *Passphrase) setDefaults() {
	p.Confidence, p.Tries = 0.8, 2
}
func (s *SMSCode) setDefaults() { *s = SMSCode{Digits: 6, Lifetime: 5 * time.Minute, Tries: 3} }
func (t *TOTP) setDefaults()    { t.Tries = 5 }
