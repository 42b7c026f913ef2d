package reports

import (
	"context"
	"database/sql"
	"time"
)

// maker makes one kind of report in a transaction, so that all numbers are of the same moment.
type maker func(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error)

type reportKind struct {
	name, title string
	sections    []string // that By may name
	usual       []string // without By
	make        maker
}

var reportKinds = []reportKind{
	{"summary", "Identified, verified, failed", []string{"line", "day", "hour"}, []string{"line", "day"}, makeSummary},
	{"ani", "Identified by caller number (ANI)", []string{"line", "day", "hour"}, []string{"line", "day"}, makeANI},
	{
		"verified", "Verified callers", []string{"methods", "line", "day", "hour"}, []string{"methods", "line", "day"},
		makeVerified,
	},
	{
		"failed", "Failed, and why", []string{"reason", "step", "line", "day", "hour"},
		[]string{"reason", "step", "line", "day"}, makeFailed,
	},
	{"funnel", "What was asked, and the results", nil, nil, makeFunnel},
	{"calls", "Calls", nil, nil, makeCalls},
}

// Names lists the reports.
func Names() []string {
	var names []string
	for _, k := range reportKinds {
		names = append(names, k.name)
	}
	return names
}

// Sections lists the sections of a report that Query.By may name.
func Sections(name string) []string { return reportKindOf(name).sections }

func reportKindOf(name string) reportKind {
	for _, k := range reportKinds {
		if k.name == name {
			return k
		}
	}
	return reportKind{}
}
