package doctor

import "context"

// WhereFreeSWITCHRunsAs is o on a machine on which uid runs FreeSWITCH.
func WhereFreeSWITCHRunsAs(uid int, known bool, o Options) Options {
	o.userOfFreeSWITCH = func(string) (int, bool) { return uid, known }
	return o
}

// RunCheck runs one check, as if NATS answered.
func RunCheck(ctx context.Context, o Options, name string) []Finding {
	for _, c := range checks {
		if c.name == name {
			return c.findings(ctx, o)
		}
	}
	panic("there is no check " + name)
}

// Unmaskable are the applications for masking recordings that a FreeSWITCH lacks.
var Unmaskable = unmaskable
