package staff

import (
	"strings"
	"time"

	"countersign/lines/whatif"
)

// CheckStreamsEach has streams look for whom they are this often.
func (p *Pages) CheckStreamsEach(d time.Duration) { p.alive = d }

// HasLabel says whether a setting of a line has a name in words.
func HasLabel(setting string) bool {
	return hasText("setting_"+strings.ReplaceAll(setting, ".", "_")) || hasText("setting_"+setting[strings.LastIndex(setting, ".")+1:])
}

// EvidenceOf counts results as the page does.
func EvidenceOf(results ...whatif.Result) (e evidence) {
	for _, r := range results {
		e.collect(r)
	}
	return e
}
