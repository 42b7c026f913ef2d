package reports

// What identified means in every report: we know which customer it is, by any method, verified or not.
const (
	meansOtherwise      = "identified in another way than by the caller's number"
	meansNotIdentified  = "not identified: we do not know which customer it is"
	meansIdentifiedOnly = "we know which customer it is, but there is no proof"
)

// The columns that several reports have in common.

func callsField() field {
	return counter("calls", "Calls", "the calls that began in the period", calls)
}

func aniField() field {
	return counter("identified_by_ani", "By ANI",
		"identified by ANI: the caller's number alone says which customer it is", ani)
}

func aniRate() field {
	return rate("identified_by_ani_percent", "ANI %", "identified by ANI, in percent of calls", ani, calls)
}

func verifiedField() field {
	return counter("verified", "Verified", "the caller proved to be the customer, at the level that the line asks for",
		verified)
}

func verifiedRate() field {
	return rate("verified_percent", "Ver. %", "verified, in percent of calls", verified, calls)
}

func failedField() field {
	return counter("failed", "Failed", "sent to an agent without the level that the line asks for", failed)
}

func failedRate() field {
	return rate("failed_percent", "Fail. %", "failed, in percent of calls", failed, calls)
}
