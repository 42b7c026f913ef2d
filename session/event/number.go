package event

// NumberForm says how a telephone number was written.
type NumberForm string

const (
	// NumberInternational: with "+".
	NumberInternational NumberForm = "international"
	// NumberPrefixed: with an international prefix, such as 00 or 011.
	NumberPrefixed NumberForm = "prefixed"
	// NumberWithoutPlus: with a country code, without "+".
	NumberWithoutPlus NumberForm = "without_plus"
	// NumberNational: without a country code.
	NumberNational NumberForm = "national"
)

// NumberWarning says what is odd about a telephone number.
type NumberWarning string

const (
	// NumberNotANumber: a name, or digits that are no number anywhere.
	NumberNotANumber NumberWarning = "not_a_number"
	// NumberNoCountry: no country code, and the line has no region.
	NumberNoCountry NumberWarning = "no_country"
	// NumberLocalOnly: no area code.
	NumberLocalOnly NumberWarning = "local_only"
	// NumberTwoReadings: it can be an international and a national number.
	NumberTwoReadings NumberWarning = "two_readings"
	// NumberPlaceholder: it stands for a withheld or unknown number.
	NumberPlaceholder NumberWarning = "placeholder"
	// NumberNotValid: its length is possible, but its country's numbering plan does not have it.
	NumberNotValid NumberWarning = "not_valid"
)

// Number says what a look-up by telephone number was told, and what it made of it. It holds no whole number.
type Number struct {
	// ToldLast4 and Last4 are the last four digits as told, and of the number that was looked up; empty if none was.
	ToldLast4 string     `json:"told_last4,omitempty"`
	Form      NumberForm `json:"form,omitempty"`
	Last4     string     `json:"last4,omitempty"`
	// Country is the number's country calling code, such as 49.
	Country int           `json:"country,omitempty"`
	Warning NumberWarning `json:"warning,omitempty"`
}
