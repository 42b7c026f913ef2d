package reports

import (
	"errors"
	"os"
	"strings"
	"time"
)

// ErrNoZone is an unknown name of a time zone.
var ErrNoZone = errors.New("there is no such time zone; write its name as Europe/Berlin, America/New_York or UTC")

// LoadZone is the time zone with this name; "" is that of this machine, by its name if that can be found.
func LoadZone(name string) (*time.Location, error) {
	if name == "" {
		return localZone(), nil
	}
	zone, err := time.LoadLocation(name)
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
	if zone, err := time.LoadLocation(strings.TrimPrefix(name, ":")); err == nil && (name != "" || set) {
		return zone
	}
	return time.Local
}
