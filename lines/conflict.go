package lines

import (
	"cmp"
	"fmt"
	"slices"
)

// Conflicts returns the numbers and names that several of the lines have, reported at the later line in all: pass those
// in force first. region is that of lines without one.
func Conflicts(all []*Definition, region string) Problems {
	type owner struct {
		def    *Definition
		number Number
	}
	var out Problems
	names, numbers := map[string]*Definition{}, map[string]owner{}
	for _, d := range all {
		if first, ok := names[d.Line]; ok {
			p := d.source.problem("line", "%s is the name of the line in %s too", d.Line, first.source.file)
			out = append(out, p)
			continue
		}
		names[d.Line] = d
		for i, n := range d.Numbers {
			path := fmt.Sprintf("numbers[%d]", i)
			keys := []string{numberKey(n, cmp.Or(d.Region, region)), string(n)}
			slices.Sort(keys)
			for _, key := range slices.Compact(keys) {
				if first, ok := numbers[key]; ok && first.def != d {
					out = append(out, d.source.problem(path, "%s is a number of the line %s already (%s in %s)",
						n, first.def.Line, first.number, first.def.source.file))
					break
				} else if !ok {
					numbers[key] = owner{d, n}
				}
			}
		}
	}
	return out
}
