package customer

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"countersign/internal/timezones"
)

// WallboardSettings say what the public may know of queues. Without queues nobody knows anything.
type WallboardSettings struct {
	// Queues are those of mod_callcenter that are shown, by their names there.
	Queues map[string]QueueSettings `yaml:"queues"`
	// TZ is the time zone in which today ends. Default: this machine's.
	TZ string `yaml:"tz"`
	// Origins are those of pages that may have the wallboard in a frame, such as https://www.bank.example.
	Origins []string `yaml:"origins"`
}

// QueueSettings say how a queue is shown.
type QueueSettings struct {
	// Title is its name by language. Default: its name in mod_callcenter.
	Title map[string]string `yaml:"title"`
	// Numbers shows how many agents there are and how many callers wait; without it only bands are shown.
	Numbers bool `yaml:"numbers"`
	// Alternatives are what else a caller can do.
	Alternatives []Alternative `yaml:"alternatives"`
}

// Alternative is a link, such as to a chat.
type Alternative struct {
	Title map[string]string `yaml:"title"`
	URL   string            `yaml:"url"`
}

var queuePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$`)

// Check returns everything that is wrong; each error begins with the setting's name.
func (s WallboardSettings) Check() (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(s.Queues)) {
		if !queuePattern.MatchString(name) {
			errs = append(errs, fmt.Errorf("queues: %q is no name of a queue, such as support@default", name))
		}
		for i, a := range s.Queues[name].Alternatives {
			u, err := url.Parse(a.URL)
			if err != nil || u.Scheme != "https" && u.Scheme != "tel" && u.Scheme != "mailto" || len(a.Title) == 0 {
				errs = append(errs, fmt.Errorf("queues.%s.alternatives[%d]: it must have a title by language and a url that "+
					"begins with https, tel or mailto", name, i))
			}
		}
	}
	if _, err := s.zone(); err != nil {
		errs = append(errs, fmt.Errorf("tz is %q: it must be a time zone, such as Europe/Berlin", s.TZ))
	}
	for _, o := range s.Origins {
		if u, err := url.Parse(o); err != nil || u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != o ||
			strings.ContainsAny(o, " ;,'\"") {
			errs = append(errs, fmt.Errorf("origins: %q must be an origin, such as https://www.bank.example", o))
		}
	}
	return errs
}

func (s WallboardSettings) zone() (*time.Location, error) {
	if s.TZ == "" {
		return time.Local, nil
	}
	if s.TZ == "Local" {
		return nil, errors.New("name it")
	}
	return timezones.Load(s.TZ)
}

// in is a text in a language, or in English, or in any.
func in(language string, texts map[string]string) string {
	for _, l := range []string{language, "en"} {
		if t := texts[l]; t != "" {
			return t
		}
	}
	for _, l := range slices.Sorted(maps.Keys(texts)) {
		return texts[l]
	}
	return ""
}
