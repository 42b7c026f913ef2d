// Package prompts is the catalogue of what Countersign says to callers: the prompts' names, words and audio, by
// language.
//
// It answers "which file does FreeSWITCH play for this prompt?", unpacks the shipped audio where FreeSWITCH finds it,
// and has an installed speech engine speak what nobody recorded. It does not decide what is said when (package steps
// does), play anything, or judge an operator's recordings: any recording may replace ours, and a prompt without audio
// is a tone, never a lost call.
package prompts

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"countersign/session"

	"github.com/goccy/go-yaml"
)

//go:embed de en en-GB
var embedded embed.FS

// Prompt is one thing that Countersign can say to a caller.
type Prompt struct {
	// Name is the prompt's name in steps and lines, and its file name without ".wav".
	Name string
	// Doc says when it is played, for the person who records it.
	Doc string
}

// All lists the prompts that the shipped steps play, roughly in the order in which a caller may hear them. A line may
// name others, which its operator records.
func All() []Prompt {
	prompts := []Prompt{
		{"closed", "Outside the opening hours, in place of everything else."},
		{"greeting", "Opens every call; short, because callers are in a hurry and a lookup may run behind it."},
	}
	for n := 1; n <= MaxLanguages; n++ {
		doc := "The language menu, where this language is number %d: every language says its own, one after the other."
		prompts = append(prompts, Prompt{fmt.Sprintf("language-%d", n), fmt.Sprintf(doc, n)})
	}
	prompts = append(prompts, []Prompt{
		{"ask-language-again", "Opens the language menu after a retry prompt."},
		{"have-account", "Asks whether the caller has an account: 1 yes, 2 no."},
		{"have-account-again", "Asks the same after a retry prompt, in the same breath."},
	}...)
	prompts = append(prompts, asked(func(m session.Method) bool { return m.Identifies })...)
	prompts = append(prompts, Prompt{"letters",
		"How letters are keyed, where a number has some. Plays after the question, the first time."})
	prompts = append(prompts, Prompt{"read-back",
		"Before the digits that were keyed; read-back-confirm follows them: one breath."})
	for d := range 10 {
		doc := "A digit that is read back; short and flat, because others follow it."
		prompts = append(prompts, Prompt{fmt.Sprintf("digit-%d", d), doc})
	}
	for l := 'a'; l <= 'z'; l++ {
		doc := "A letter that is read back, with a word that begins with it."
		prompts = append(prompts, Prompt{fmt.Sprintf("letter-%c", l), doc})
	}
	prompts = append(prompts, []Prompt{
		{"read-back-confirm", "Asks whether the digits are right: 1 yes, 2 no."},
		{"read-back-confirm-said", "Asks the same of a caller who said the number: yes or no, 1 or 2, or what is wrong."},
		{"read-back-confirm-again", "Asks the same after a retry prompt, in the same breath."},
	}...)
	prompts = append(prompts, asked(func(m session.Method) bool { return !m.Identifies })...)
	prompts = append(prompts, []Prompt{
		{"ask-fact", "Asks for a number on file the first time. Lines replace it with their own question."},
		{"ask-fact-again", "Asks for a number on file after a retry prompt, in the same breath. Lines replace it."},
		{"code-sent", "A one-time code is on its way. Plays before ask-code."},
		{"code-reminder-1", "While we wait for the one-time code: there is time."},
		{"code-reminder-2", "While we wait for it longer: how to have it sent again, and how to go on without."},
		{"code-sent-again", "The same code is on its way again. Plays before ask-code-again."},
		{"code-sent-to", "The code is on its way to a number of the caller's; its last two digits follow: one breath."},
		{"code-called", "A call with the code is on its way to a number of the caller's; its last two digits follow."},
		{"code-mailed", "The code is on its way by e-mail."},
		{"code-other", "How to have the code sent to another number on file: 1 and the hash key. Plays before ask-code."},
		{"code-other-number", "Offers another number; its last two digits, code-other-press and a digit follow: one breath."},
		{"code-other-press", "Before the digit to press."},
		{"code-not-delivered", "The code cannot arrive, as its gateway says: how to get it another way. " +
			"Plays before ask-code-again."},
		{"code-call", "Opens the call that speaks the code, to a telephone that did not ask for it just now: " +
			"who calls, and any key to hear it. Nothing is said to an answering machine. Lines put their company's name in it."},
		{"code-call-code", "Before the digits of the code, in that call; played twice."},
		{"code-call-end", "Ends that call."},
		{"callback-ask", "Opens a call that a customer had asked for: who calls, 1 to talk, 2 for later. Nobody is connected " +
			"without a key, an answering machine least of all. Replace it with one that has your company's name in it."},
		{"callback-accept", "The customer pressed 1, and is connected with the agent, who waits."},
		{"callback-later", "The customer pressed 2: they are called again in an hour. Ends that call."},
		{"callback-booked", "A caller in a queue has booked a callback, and keeps their place. Ends that call."},
		{"no-input-1", "Nothing was keyed. Plays before the question's -again prompt."},
		{"no-input-2", "Nothing was keyed, again: says how, and how to reach a person."},
		{"no-match-1", "What was keyed could not be an answer: too short, or a wrong check digit. " +
			"Plays before the question's -again prompt."},
		{"no-match-2", "What was keyed could not be an answer, again: says how, and how to reach a person."},
		{"not-right-1", "A possible answer, but not the right one. " +
			"The same for an unknown account and a wrong PIN, so that nobody learns which."},
		{"not-right-2", "Not the right answer, again: says what to check, and how to reach a person."},
		{"or-spell-it", "After the question for a number with letters, where callers may also spell it: letters said as words."},
		{"or-say-it", "After the question, where callers may also say the answer."},
		{"please-key", "Asks a caller who was not understood to use the keys. Plays before the question's -again prompt."},
		{"take-your-time", "The caller asked us to be slower, or needs more time. Plays before the question."},
		{"repeat-press", "How to hear a question again. Plays before key-star, or before the digit of the key and key-hash."},
		{"key-star", "The star key. Plays after repeat-press."},
		{"key-hash", "And the hash key. Plays after a digit."},
		{"clear-press", "How to key a number anew, on lines with keys: {clear: \"*\"}."},
		{"start-again", "The caller cleared what they had keyed. Plays before the question's -again prompt."},
		{"correct-identifier", "How to key the account or customer number again. " +
			"Plays after not-right, before the question's -again prompt."},
		{"not-heard-1", "Nothing was said or understood. Plays before ask-passphrase-again."},
		{"not-heard-2", "Nothing was understood, again: says how to speak."},
		{"one-moment", "A lookup takes more than a second."},
		{"step-up", "Opens a call that comes back because it needs a higher level."},
		{"confirmation-name", "Before the spoken name and the confirmation, where the line asks for it; " +
			"its voice stays up."},
		{"remember-number", "Asks a verified caller whether to remember the number they call from: 1 yes, 2 no."},
		{"number-remembered", "The number they call from is remembered."},
		{"confirmation", "The caller is verified and handed on."},
		{"failure", "The caller is handed on to a person unverified: the same words whatever the reason."},
	}...)
	for _, minutes := range []string{"1", "2", "3", "5", "10", "15", "20", "30"} {
		prompts = append(prompts, Prompt{"wait-" + minutes, "The caller waits at most this many minutes for an agent. Plays last, " +
			"on lines with tell_wait."})
	}
	return append(prompts, Prompt{"wait-long", "The caller waits more than half an hour for an agent."})
}

// asked are the prompts that ask for methods (session.Methods): one for the first time and one for later times.
func asked(which func(session.Method) bool) (prompts []Prompt) {
	for _, m := range session.Methods() {
		if m.Asks == "" || !which(m) {
			continue
		}
		first := "Asks for " + m.Asks + " the first time"
		again := "Asks for " + m.Asks + " after a retry prompt, in the same breath"
		if m.Identifies {
			first += ", and says what to do without one"
		}
		for _, p := range []Prompt{{m.Prompt(), first + "."}, {m.Prompt() + "-again", again + "."}} {
			p.Doc = cmp.Or(saysMore[p.Name], p.Doc)
			prompts = append(prompts, p)
		}
	}
	return prompts
}

// saysMore documents prompts that do more than ask.
var saysMore = map[string]string{
	"ask-birth-date": "Asks for the date of birth the first time; " +
		"the order is the language's own, and no key ends it.",
	"ask-birth-date-again": "Asks for the date of birth after a retry prompt, in the same breath, " +
		"and says the order again.",
	"ask-passphrase":       "Asks for the spoken passphrase the first time; a tone follows.",
	"ask-passphrase-again": "Asks for the spoken passphrase after a retry prompt, in the same breath; a tone follows.",
	"ask-code": "Asks for the one-time code the first time, and says how to have it sent again: " +
		"0 and the hash key.",
	"ask-app-link": "A link to the customer's page is on its way to their telephone, and the page asks for two digits, " +
		"which follow: one breath.",
	"ask-app-link-again": "The same while we wait for the customer's answer; the two digits follow.",
	"ask-code-again":     "Asks for the one-time code after a retry prompt or after code-sent-again, in the same breath.",
}

// MaxLanguages is how many languages a language menu can offer: language-1 to language-4.
const MaxLanguages = 4

// Languages lists the shipped languages, sorted; languages with a region use their prompts.
func Languages() []string {
	found, err := fs.ReadDir(embedded, ".")
	if err != nil {
		panic(err) // the binary's own files
	}
	var names []string
	for _, f := range found {
		if !strings.Contains(f.Name(), "-") {
			names = append(names, f.Name())
		}
	}
	return names
}

// Texts are the words of the shipped prompts of a language, by name; fs.ErrNotExist for a language that is not shipped.
func Texts(language string) (map[string]string, error) { return readTexts(embedded, language) }

func readTexts(fsys fs.FS, language string) (map[string]string, error) {
	file := path.Join(language, "texts.yaml")
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("read the texts of the prompts: %w", err)
	}
	texts := map[string]string{}
	if err := yaml.UnmarshalWithOptions(b, &texts, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return texts, nil
}
