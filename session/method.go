package session

import (
	"cmp"
	"slices"
	"strings"

	"countersign/session/event"
)

// Method describes a way to identify or verify, for lines, steps, tokens and events alike.
type Method struct {
	Name event.Method
	// Factor is what it proves about an identified caller; NoFactor if it only identifies.
	Factor Factor
	// Identifies says that it names the customer.
	Identifies bool
	// Asks names the question, such as "the PIN"; empty if no call asks it.
	Asks string
	// Login says that a token may name it: other channels use it for logins.
	Login bool
	// Fact says that its answer is a numeric fact of the customer's record, imported as fact:<name>.
	Fact bool
	// By is the question that can end with this method in place of its own; empty if none does.
	By event.Method

	prompt string
}

// Login methods of other channels: tokens name them, no call asks them.
const (
	// MethodPassword: the password of the company's website or app.
	MethodPassword event.Method = "password"
	// MethodApp: the company's app, on a device bound to the customer.
	MethodApp event.Method = "app"
)

// methods lists the built-in methods, in the order in which a caller may meet them. A company adds its own:
// identifiers, which prove nothing, and facts, which are weak. A new row reserves its name, which a company may use
// already: note it in the CHANGELOG.
var methods = []Method{
	{Name: event.MethodANI, Identifies: true, Login: true},
	{Name: event.MethodAccount, Identifies: true, Login: true, Asks: "the account number"},
	{Name: "customer", Identifies: true, Asks: "the customer number"},
	{Name: event.MethodPhone, Identifies: true, Login: true, Asks: "the telephone number on file"},
	{Name: "tracking", Identifies: true, Asks: "the tracking number"},
	{Name: event.MethodToken, Identifies: true}, // the methods it carries were the proof
	{Name: event.MethodPIN, Factor: Knowledge, Login: true, Asks: "the PIN"},
	{Name: event.MethodBirthDate, Factor: Weak, Login: true, Asks: "the date of birth"},
	{Name: event.MethodPassphrase, Factor: Knowledge, Login: true, Asks: "the spoken passphrase"},
	{Name: event.MethodSMSCode, Factor: Possession, Login: true, Asks: "the one-time code", prompt: "ask-code"},
	{Name: event.MethodTOTP, Factor: Possession, Login: true, Asks: "the code of the authenticator app"},
	{Name: event.MethodAppLink, Factor: Possession, Asks: "the link to the customer's page"},
	{Name: event.MethodPasskey, Factor: TwoFactors, Login: true, By: event.MethodAppLink},
	{Name: MethodPassword, Factor: Knowledge, Login: true},
	{Name: MethodApp, Factor: Possession, Login: true},
}

// Methods returns all built-in methods.
func Methods() []Method { return slices.Clone(methods) }

// MethodOf finds a built-in method by its name; false for a company's own.
func MethodOf(name event.Method) (Method, bool) {
	if i := slices.IndexFunc(methods, func(m Method) bool { return m.Name == name }); i >= 0 {
		return methods[i], true
	}
	return Method{}, false
}

// FactorOf is what the right answer to a question proves. A company's own question asks for a fact, which is weak even
// if a login method has the same name.
func FactorOf(question event.Method) Factor {
	if m, ok := MethodOf(question); ok && !m.free() {
		return m.Factor
	}
	return Weak
}

// Prompt is the prompt that asks the first time; with "-again", the one that asks again.
func (m Method) Prompt() string {
	return cmp.Or(m.prompt, "ask-"+strings.ReplaceAll(string(m.Name), "_", "-"))
}

// identifiedBy is the method that identified a call with these methods. A token comes before every question, but after
// the methods it carries.
func identifiedBy(methods []event.Method) event.Method {
	switch {
	case len(methods) == 0:
		return ""
	case slices.Contains(methods, event.MethodToken):
		return event.MethodToken
	}
	return methods[0]
}
