// Package customer shows customers, who are signed in nowhere, what concerns them. Today that is how long callers wait: the
// wallboard, turned to face the caller (docs/waiting.md).
package customer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/waiting"
	"countersign/web/access"
)

// Options are what a Wallboard needs.
type Options struct {
	Settings WallboardSettings
	// Queues are how they are now (waiting.Board.Now).
	Queues func(zone *time.Location) []waiting.View
	Now    func() time.Time
	Log    *slog.Logger
}

// Wallboard shows queues to everybody. Any goroutine may use it.
type Wallboard struct {
	o      Options
	zone   *time.Location
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	made    *made
	streams map[netip.Addr]int // by who listens
	all     int                // of them
}

// made is what is served for a second, whoever asks.
type made struct {
	until time.Time
	json  answer
	// told is the tag of what it says without its age.
	told  string
	pages map[string]answer // by language
}

type answer struct {
	body []byte
	tag  string // the ETag
}

// Bounds of the wallboard (docs/policy.md#waiting).
const (
	// freshFor is how long an answer is served again.
	freshFor = time.Second
	// mostStreams is how many pages are told of changes at once; more of them ask again by themselves.
	mostStreams = 2000
	// mostOfOne is how many of them are of one address.
	mostOfOne = 50
	// tellEvery is after how many of these seconds a page is told that nothing changed.
	tellEvery = 5
	// streamFor is how long a page is told of changes before it has to ask anew.
	streamFor = 10 * time.Minute
)

// NewWallboard makes a Wallboard of checked settings.
func NewWallboard(o Options) *Wallboard {
	zone, err := o.Settings.zone()
	if err != nil {
		zone = time.UTC
	}
	return &Wallboard{o: o, zone: zone, closed: make(chan struct{}), streams: map[netip.Addr]int{}}
}

// Routes are the addresses of its page; those of the API are in package web.
func (b *Wallboard) Routes() []access.Route {
	return []access.Route{{
		Method: "GET", Path: "/waiting", Rule: access.Public(), Often: true, Handler: http.HandlerFunc(b.page),
	}}
}

// now is what is served now.
func (b *Wallboard) now() *made {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.o.Now()
	if m := b.made; m != nil && at.Before(m.until) && !at.Before(m.until.Add(-freshFor)) {
		return m
	}
	list := b.list(at)
	body, err := json.Marshal(list)
	if err != nil { // it has strings and numbers alone
		b.o.Log.Error("the wallboard is not written", "err", err)
	}
	ageless, _ := json.Marshal(list.ageless())
	m := &made{until: at.Add(freshFor), json: tagged(body), told: tagged(ageless).tag, pages: map[string]answer{}}
	for language := range texts {
		var page bytes.Buffer
		if err := pages.ExecuteTemplate(&page, "waiting.html", b.shown(list, language)); err != nil {
			b.o.Log.Error("the wallboard is not written", "err", err)
			continue
		}
		m.pages[language] = tagged(page.Bytes())
	}
	b.made = m
	return m
}

func tagged(body []byte) answer {
	sum := sha256.Sum256(body)
	return answer{body, `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// List is GET /v1/queues.
type List struct {
	// MaxAgeSeconds is when as_of is too old to be of now.
	MaxAgeSeconds int     `json:"max_age_seconds"`
	Queues        []Queue `json:"queues"`
}

// ageless is the list without what changes every second.
func (l List) ageless() List {
	l.Queues = slices.Clone(l.Queues)
	for i := range l.Queues {
		l.Queues[i].AsOf, l.Queues[i].AgeSeconds = time.Time{}, 0
	}
	return l
}

// Queue is a queue as the public sees it.
type Queue struct {
	Queue string            `json:"queue"`
	Title map[string]string `json:"title"`
	// State is unknown, nobody, free or wait.
	State waiting.Phase `json:"state"`
	// AsOf is when the telephone system said so, AgeSeconds how long ago that was when this was written.
	AsOf       time.Time `json:"as_of,omitzero"`
	AgeSeconds int       `json:"age_seconds"`
	// Free is about how many agents are free: none, few, several or many.
	Free waiting.Band `json:"free,omitempty"`
	Wait *WaitRange   `json:"wait,omitempty"`
	Right
	// BestToday is the hour still to come today in which callers usually wait less than now.
	BestToday    *time.Time `json:"best_today,omitempty"`
	Numbers      *Numbers   `json:"numbers,omitempty"`
	Alternatives []Link     `json:"alternatives"`
}

// WaitRange is how long callers who join now wait in 8 of 10 calls, in minutes.
type WaitRange struct {
	// LowMinutes 0 is less than a minute. Without HighMinutes it is more than LowMinutes.
	LowMinutes  int  `json:"low_minutes"`
	HighMinutes *int `json:"high_minutes,omitempty"`
}

// Right is how right the estimates of the last 30 days were.
type Right struct {
	// WaitedLess of Told calls waited less than they were told.
	Told       int `json:"told_30_days"`
	WaitedLess int `json:"waited_less_30_days"`
}

// Numbers are how many there are, where the company shows it.
type Numbers struct {
	Waiting int `json:"waiting"`
	OnDuty  int `json:"on_duty"`
	Free    int `json:"free"`
}

// Link is an alternative.
type Link struct {
	Title map[string]string `json:"title"`
	URL   string            `json:"url"`
}

func (b *Wallboard) list(at time.Time) List {
	l := List{MaxAgeSeconds: int(waiting.Stale / time.Second), Queues: []Queue{}}
	for _, v := range b.o.Queues(b.zone) {
		s := b.o.Settings.Queues[v.Queue]
		q := Queue{
			Queue: v.Queue, Title: s.Title, State: v.Phase, Alternatives: []Link{},
			Right: Right{Told: v.Right.Told, WaitedLess: v.Right.Less},
		}
		if len(q.Title) == 0 {
			q.Title = map[string]string{"en": v.Queue}
		}
		if !v.At.IsZero() {
			q.AsOf, q.AgeSeconds = v.At.UTC().Truncate(time.Millisecond), int(max(0, at.Sub(v.At))/time.Second)
		}
		for _, a := range s.Alternatives {
			q.Alternatives = append(q.Alternatives, Link(a))
		}
		if v.Phase != waiting.Unknown {
			q.Free = waiting.BandOf(v.State.Free - v.State.Waiting)
			if s.Numbers {
				q.Numbers = &Numbers{v.State.Waiting, v.State.OnDuty, v.State.Free}
			}
		}
		if v.Phase == waiting.Free || v.Phase == waiting.Wait {
			q.Wait = &WaitRange{LowMinutes: int(v.Wait.Low / time.Minute)}
			if v.Wait.High > 0 {
				high := int(v.Wait.High / time.Minute)
				q.Wait.HighMinutes = &high
			}
		}
		if !v.Best.IsZero() {
			best := v.Best.In(b.zone)
			q.BestToday = &best
		}
		l.Queues = append(l.Queues, q)
	}
	return l
}

// Queues is GET /v1/queues.
func (b *Wallboard) Queues(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	forAnybody(h)
	serve(w, r, b.now().json)
}

// forAnybody lets scripts of any page read it: nothing in it is anybody's.
func forAnybody(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

func serve(w http.ResponseWriter, r *http.Request, a answer) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=1, stale-while-revalidate=10")
	h.Set("ETag", a.tag)
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, a.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(a.body)
}

// Stream is GET /v1/queues/stream: the same, when it says something else, and every 5 s.
func (b *Wallboard) Stream(w http.ResponseWriter, r *http.Request) {
	from := access.Remote(r).Addr()
	if !b.listens(from) {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "Too many listen now: ask /v1/queues.", http.StatusServiceUnavailable)
		return
	}
	defer b.leaves(from)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	forAnybody(h)
	out := http.NewResponseController(w)
	ctx, cancel := context.WithTimeout(r.Context(), streamFor)
	defer cancel()
	tick := time.NewTicker(freshFor)
	defer tick.Stop()
	last, quiet := "", 0
	for {
		if m := b.now(); m.told != last || quiet >= tellEvery {
			last, quiet = m.told, 0
			_ = out.SetWriteDeadline(time.Now().Add(10 * time.Second)) // of the network, not of what is shown
			if _, err := fmt.Fprintf(w, "data: %s\n\n", m.json.body); err != nil || out.Flush() != nil {
				return
			}
		}
		quiet++
		select {
		case <-ctx.Done():
			return
		case <-b.closed:
			return
		case <-tick.C:
		}
	}
}

// listens counts who listens; false: too many do.
func (b *Wallboard) listens(from netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= mostStreams || b.streams[from] >= mostOfOne {
		return false
	}
	b.all++
	b.streams[from]++
	return true
}

func (b *Wallboard) leaves(from netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.streams[from]--; b.streams[from] == 0 {
		delete(b.streams, from)
	}
}

// Close ends the streams.
func (b *Wallboard) Close() { b.once.Do(func() { close(b.closed) }) }

// page is GET /waiting, which pages of the company may have in a frame.
func (b *Wallboard) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	ancestors := "'none'"
	if len(b.o.Settings.Origins) > 0 {
		ancestors = strings.Join(b.o.Settings.Origins, " ")
		h.Del("X-Frame-Options") // it cannot name origins
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types countersign; frame-ancestors "+ancestors)
	h.Set("Vary", "Accept-Language")
	language := languageOf(r)
	h.Set("Content-Language", language)
	serve(w, r, b.now().pages[language])
}

// languageOf is what the address says, or the browser.
func languageOf(r *http.Request) string {
	if l := r.URL.Query().Get("language"); texts[l] != nil {
		return l
	}
	for _, part := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		l, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		l, _, _ = strings.Cut(strings.ToLower(l), "-")
		if texts[l] != nil {
			return l
		}
	}
	return "en"
}

// Names are the queues that are shown.
func (s WallboardSettings) Names() []string { return slices.Sorted(maps.Keys(s.Queues)) }
