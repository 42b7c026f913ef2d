package reports

import (
	"errors"
	"os"
	"strings"
	"time"

	"countersign/internal/timezones"
)

// ErrNoZone is an unknown name of a time zone.
var ErrNoZone = errors.New("there is no such time zone; write its name as Europe/Berlin, America/New_York or UTC")

// LoadZone is the time zone with this name; "" is that of this machine, by its name if that can be found.
func LoadZone(name string) (*time.Location, error) {
	if name == "" {
		return localZone(), nil
	}
	zone, err := timezones.Load(name)
	if err != nil || name == "Local" {
		return nil, ErrNoZone
	}
	return zone, nil
}

func localZone() *time.Location {
	name, set := os.LookupEnv("TZ")
	if !set {
		target, _ := os.Readlink("/etc/localtime")
		_, name, _ = strings.Cut(target, "zoneinfo/")
	}
	if set && name == "" {
		return time.UTC
	}
	if zone, err := timezones.Load(strings.TrimPrefix(name, ":")); err == nil {
		return zone
	}
	return time.Local
}
