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
	compared    []string // columns that Query.Compare compares
	make        maker
}

var reportKinds = []reportKind{
	{
		name: "summary", title: "Identified, verified, failed", sections: orTime("line"), usual: []string{"line", "day"},
		compared: []string{
			"calls", "identified_by_ani", "identified_by_ani_percent", "identified", "verified", "verified_percent", "failed",
			"failed_percent", "median_seconds",
		},
		make: makeSummary,
	},
	{
		name: "ani", title: "Identified by caller number (ANI)", sections: orTime("line"), usual: []string{"line", "day"},
		compared: []string{
			"calls", "identified_by_ani", "identified_by_ani_percent", "identified_otherwise",
			"identified_otherwise_percent", "not_identified", "not_identified_percent",
		},
		make: makeANI,
	},
	{
		name: "verified", title: "Verified callers", sections: orTime("methods", "line"),
		usual:    []string{"methods", "line", "day"},
		compared: []string{"calls", "verified", "verified_percent", "strong", "median_seconds", "p95_seconds"},
		make:     makeVerified,
	},
	{
		name: "failed", title: "Failed, and why", sections: orTime("reason", "step", "line"),
		usual:    []string{"reason", "step", "line", "day"},
		compared: []string{"calls", "failed", "failed_percent", "identified_only", "neither"},
		make:     makeFailed,
	},
	{
		name: "funnel", title: "What was asked, and the results",
		compared: []string{"asked", "success", "success_percent", "mean_seconds"}, make: makeFunnel,
	},
	{name: "calls", title: "Calls", make: makeCalls},
}

// orTime are sections, and those that divide time.
func orTime(sections ...string) []string { return append(sections, timeSections...) }

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
