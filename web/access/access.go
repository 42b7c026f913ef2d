// Package access says who may do what over HTTP: the roles of people, the scopes of keys, and the rule of each route.
// It answers "may they?", and neither signs anybody in nor serves anything.
package access

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Role is what a person may do.
type Role string

// The roles (docs/screens.md#roles).
const (
	// Agent: their own calls.
	Agent Role = "agent"
	// Supervisor: the board, calls and reports of their lines.
	Supervisor Role = "supervisor"
	// Business: the board and reports of their lines, without persons, and what callers are asked there.
	Business Role = "business"
	// Admin: people and keys, and all that a supervisor sees.
	Admin Role = "admin"
)

// Roles are all of them.
func Roles() []Role { return []Role{Agent, Supervisor, Business, Admin} }

// Scope is what a key may do.
type Scope string

// The scopes (docs/contracts.md#http-api).
const (
	Calls  Scope = "calls"   // read the result of a call
	StepUp Scope = "step-up" // ask a caller for more proof
	Tokens Scope = "tokens"  // make, check and redeem ID&V tokens: whoever makes one is believed
	// Receipts: say what became of a message. The gateway for text messages needs no more.
	Receipts Scope = "receipts"
	// Reports: read reports, search calls, and read their journeys, with ids and names of customers.
	Reports Scope = "reports"
	// Embed: let agents see their calls inside a page, without a sign-in: whoever is named is believed to be there.
	Embed Scope = "embed"
	// Customers: make links to customers' pages: whoever has one can open that page.
	Customers Scope = "customers"
	// Lines: read and publish service lines.
	Lines Scope = "lines"
	// Callbacks: book callbacks, see, move and cancel them, and ask whether a customer is being called, and by whom.
	Callbacks Scope = "callbacks"
	// Administer: people, keys, screens on walls, webhooks, and runs of scheduled reports: whoever has it can make any
	// other key.
	Administer Scope = "admin"
)

// Scopes are all of them.
func Scopes() []Scope {
	return []Scope{Calls, StepUp, Tokens, Receipts, Reports, Embed, Customers, Lines, Callbacks, Administer}
}

// DefaultScopes are those of a key whose settings name none: what an agent's screen needs.
func DefaultScopes() []Scope { return []Scope{Calls, StepUp} }

// Rule says who may use a route. The zero Rule lets nobody in.
type Rule struct {
	public bool
	scope  Scope
	roles  []Role
	framed bool
}

// Public lets everybody in.
func Public() Rule { return Rule{public: true} }

// Key lets keys with the scope in.
func Key(scope Scope) Rule { return Rule{scope: scope} }

// Staff lets people in who are signed in and have one of the roles.
func Staff(roles ...Role) Rule { return Rule{roles: roles} }

// Framed lets people in who have one of the roles, with the session of a frame in another page and nothing else.
func Framed(roles ...Role) Rule { return Rule{roles: roles, framed: true} }

// Anybody lets everybody in who is signed in.
func Anybody() Rule { return Rule{roles: Roles()} }

// IsPublic says whether everybody may use the route.
func (r Rule) IsPublic() bool { return r.public }

// IsFramed says whether only the session of a frame opens the route.
func (r Rule) IsFramed() bool { return r.framed }

// Scope is the scope that a key needs; "" if no key opens the route.
func (r Rule) Scope() Scope { return r.scope }

// Roles are the roles that open the route.
func (r Rule) Roles() []Role { return slices.Clone(r.roles) }

// Allows says whether somebody with these roles may use the route.
func (r Rule) Allows(roles []Role) bool {
	return slices.ContainsFunc(roles, func(have Role) bool { return slices.Contains(r.roles, have) })
}

// Route is one address and who may use it.
type Route struct {
	Method, Path string
	Rule         Rule
	// Within bounds the time of a request; 0 is the usual 5 s.
	Within time.Duration
	// Stream: the answer has no end, so no time limit applies.
	Stream bool
	// Often: everybody may ask it all the time, so its line in the log is for debugging.
	Often bool
	// Page: browsers use it with the cookie of a session, although everybody may.
	Page    bool
	Handler http.Handler
}

// Who is a person who is signed in.
type Who struct {
	ID, Name string
	Roles    []Role
	// Lines are the lines that they see; none means all.
	Lines []string
	// Agents are their extensions and mod_callcenter agents: calls offered to these are theirs.
	Agents []string
	// Language is that of their screens, or "".
	Language string
}

// Has says whether they have the role.
func (w Who) Has(role Role) bool { return slices.Contains(w.Roles, role) }

// Sees says whether they see calls of the line, other than their own.
func (w Who) Sees(line string) bool {
	return (w.Has(Supervisor) || w.Has(Business) || w.Has(Admin)) && (len(w.Lines) == 0 || slices.Contains(w.Lines, line))
}

// MaySeePersons says whether ids and names of customers may be shown to them, beyond their own calls.
func (w Who) MaySeePersons() bool { return w.Has(Supervisor) || w.Has(Admin) }

type whoKey struct{}

// With returns ctx with the person.
func With(ctx context.Context, w Who) context.Context { return context.WithValue(ctx, whoKey{}, w) }

// From returns the person of ctx; ok is false if nobody is signed in.
func From(ctx context.Context) (w Who, ok bool) {
	w, ok = ctx.Value(whoKey{}).(Who)
	return w, ok
}
