package event

// FactTokenRefused: the call brought an ID&V token that was refused. The normal flow runs.
const FactTokenRefused Fact = "token_refused"

// Refusal says in one word why a token was refused.
type Refusal string

const (
	// RefusedMalformed: not a token.
	RefusedMalformed Refusal = "malformed"
	// RefusedForged: not signed by us, or not with our algorithm.
	RefusedForged Refusal = "forged"
	// RefusedExpired: expired, or from the future.
	RefusedExpired Refusal = "expired"
	// RefusedReplayed: used before.
	RefusedReplayed Refusal = "replayed"
	// RefusedForeign: for another audience, from another issuer or for another line.
	RefusedForeign Refusal = "foreign"
	// RefusedUnknown: we have no record of it (any more).
	RefusedUnknown Refusal = "unknown"
	// RefusedUnavailable: it could not be checked.
	RefusedUnavailable Refusal = "unavailable"
)

// TokenRefused holds the reason, and nothing of the token.
type TokenRefused struct {
	Reason Refusal `json:"reason"`
}

// Fact implements Data.
func (TokenRefused) Fact() Fact { return FactTokenRefused }
