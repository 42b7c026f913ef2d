package guard

// Waiting is how many attempts of a line's anonymous callers wait for those of others.
func Waiting(g *Guard, line string) int {
	g.anonymous.mu.Lock()
	defer g.anonymous.mu.Unlock()
	return len(g.anonymous.waiting[line])
}
