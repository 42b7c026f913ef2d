package doctor

import "context"

// RunCheck runs one check, as if NATS answered.
func RunCheck(ctx context.Context, o Options, name string) []Finding {
	for _, c := range checks {
		if c.name == name {
			return c.findings(ctx, o)
		}
	}
	panic("there is no check " + name)
}
