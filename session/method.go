package session

import (
	"cmp"
	"slices"
	"strings"

	"countersign/session/event"
)

// Method is what is true of a way to identify or verify wherever it is met: on a line, in a step, in a token, in the
// events of a call.
type Method struct {
	Name event.Method
	// Factor is what it proves about a caller who is identified; NoFactor for what only identifies.
	Factor Factor
	// Identifies says that it tells who is calling, or who they say they are.
	Identifies bool
	// Asks names what the caller is asked for, such as "the PIN"; empty if a call never asks for it.
	Asks string
	// Login says that a token may name it: somebody can log in elsewhere by it.
	Login bool
	// Fact says that its answer is a numeric fact of the customer's record, imported as fact:<name>.
	Fact bool

	prompt string
}

// Methods of logins elsewhere: no call asks for them, a token brings them.
const (
	// MethodPassword: the password of the company's website or app.
	MethodPassword event.Method = "password"
	// MethodApp: the company's app, on a device that is bound to the customer.
	MethodApp event.Method = "app"
)

// methods is every method that has its name from us, in the order in which a caller may meet them. A company adds its
// own: identifiers, which prove nothing, and facts, which are weak. What is asked on a call takes its name from them, so
// a row more is a change for whoever uses that name: the CHANGELOG says so.
var methods = []Method{
	{Name: event.MethodANI, Identifies: true, Login: true},
	{Name: event.MethodAccount, Identifies: true, Login: true, Asks: "the account number"},
	{Name: "customer", Identifies: true, Asks: "the customer number"},
	{Name: event.MethodPhone, Identifies: true, Login: true, Asks: "the telephone number on file"},
	{Name: "tracking", Identifies: true, Asks: "the tracking number"},
	{Name: event.MethodToken, Identifies: true}, // what it stands for was proven by other methods
	{Name: event.MethodPIN, Factor: Knowledge, Login: true, Asks: "the PIN"},
	{Name: event.MethodBirthDate, Factor: Weak, Login: true, Asks: "the date of birth"},
	{Name: event.MethodPassphrase, Factor: Knowledge, Login: true, Asks: "the spoken passphrase"},
	{Name: event.MethodSMSCode, Factor: Possession, Login: true, Asks: "the one-time code", prompt: "ask-code"},
	{Name: event.MethodTOTP, Factor: Possession, Login: true, Asks: "the code of the authenticator app"},
	{Name: MethodPassword, Factor: Knowledge, Login: true},
	{Name: MethodApp, Factor: Possession, Login: true},
}

// Methods are all methods that have their names from us.
func Methods() []Method { return slices.Clone(methods) }

// MethodOf finds a method by its name; false for those that a company named.
func MethodOf(name event.Method) (Method, bool) {
	if i := slices.IndexFunc(methods, func(m Method) bool { return m.Name == name }); i >= 0 {
		return methods[i], true
	}
	return Method{}, false
}

// FactorOf is what the right answer to a question of a call proves. A question that a company named asks for a fact,
// which is weak: whatever a login elsewhere by a method of that name proves.
func FactorOf(question event.Method) Factor {
	if m, ok := MethodOf(question); ok && !m.free() {
		return m.Factor
	}
	return Weak
}

// Prompt is the prompt that asks for it the first time; the one that asks again is the same and "-again".
func (m Method) Prompt() string {
	return cmp.Or(m.prompt, "ask-"+strings.ReplaceAll(string(m.Name), "_", "-"))
}

// identifiedBy is the method by which a call was identified that has these. A token comes before every question, but
// its own methods before its name.
func identifiedBy(methods []event.Method) event.Method {
	switch {
	case len(methods) == 0:
		return ""
	case slices.Contains(methods, event.MethodToken):
		return event.MethodToken
	}
	return methods[0]
}
