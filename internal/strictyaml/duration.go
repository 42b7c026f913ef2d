package strictyaml

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

const day = 24 * time.Hour

var days = regexp.MustCompile(`^([0-9]+)d(.*)$`)

// ParseDuration reads what time.ParseDuration does, and days in front of it: 90d, 1d12h. A day has 24 hours.
func ParseDuration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%s: write a time with its unit, such as 30s, 5m or 90d", text)
	match := days.FindStringSubmatch(text)
	if match == nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, wrong
		}
		return d, nil
	}
	n, err := strconv.Atoi(match[1])
	if err != nil || n > 36500 {
		return 0, wrong
	}
	var rest time.Duration
	if match[2] != "" {
		if rest, err = time.ParseDuration(match[2]); err != nil || rest < 0 || match[2][0] == '+' {
			return 0, wrong
		}
	}
	return time.Duration(n)*day + rest, nil
}
