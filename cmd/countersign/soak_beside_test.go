package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The lines beside the default one: cards takes PIN and code, desk either of them, and the other for a step-up.
const cardsNumber, deskNumber = "5400", "5500"

// besides starts what goes on beside the calls, until ctx ends. Whatever takes turns takes so many in a run, however
// long it is.
func (s *soak) besides(ctx context.Context, all *sync.WaitGroup) {
	s.runScreens(ctx, all)
	turns := func(what string, inAll int, do func(ctx context.Context, turn int)) {
		all.Go(func() {
			each := time.NewTicker(max(s.length/time.Duration(inAll), 200*time.Millisecond))
			defer each.Stop()
			for turn := 1; ; turn++ {
				select {
				case <-ctx.Done():
					return
				case <-each.C:
				}
				do(ctx, turn)
				if ctx.Err() == nil {
					s.done(what)
				}
			}
		})
	}
	turns("rounds of the API", 1200, s.polls)
	turns("readers of events", 60, s.readsEvents)
	turns("versions of a line", 20, func(_ context.Context, turn int) { s.publish(turn) })
	turns("imports", 12, s.imports)
	turns("exports", 10, s.exports)
	turns("customers unlocked", 30, func(ctx context.Context, turn int) {
		locked := soakWrong + turn%(soakCustomers-soakWrong)
		s.operator(ctx, "", "customers", "unlock", "--author", "soak", fmt.Sprint("A-", locked))
	})
	turns("callbacks", 40, s.booksCallback)
	all.Go(func() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.length / 2):
		}
		passphrase := s.file("passphrase", "correct horse battery staple\n")
		s.operator(ctx, "", "backup", filepath.Join(s.dir, "backup"), "--passphrase-file", passphrase)
		s.operator(ctx, "", "customers", "erase", "--yes", "--author", "soak", soakErased)
		s.operator(ctx, "", "retention", "run")
		s.done("backup, erasure and retention")
	})
}

// operator runs a command of the program, as whoever keeps it does.
func (s *soak) operator(ctx context.Context, stdin string, args ...string) (stdout string) {
	cmd := command(ctx, append([]string{"--config", s.settings, "--data", s.data("service")}, args...)...)
	var out, errs strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if ctx.Err() == nil && err != nil && !strings.Contains(errs.String(), "no wrong answers are on record") {
		s.fault(strings.Join(args[:2], " "), errors.New(errs.String()))
	}
	return out.String()
}

// publish changes both lines, and back the next time.
func (s *soak) publish(turn int) {
	line := func(name, number string, level int) string {
		text := bankLine(name, number, fmt.Sprintf("pin: {digits: 6, reasks: %d}, sms_code: {}", 1+turn%2))
		text = strings.Replace(text, "identify: [", "identify: [ani: {}, ", 1)
		return s.file(name+".yaml", strings.Replace(text, "verify: {", fmt.Sprintf("verify: {level: %d, ", level), 1))
	}
	s.operator(s.t.Context(), "", "lines", "apply", "--author", "soak",
		line("cards", cardsNumber, 3), line("desk", deskNumber, 2))
}

func (s *soak) imports(ctx context.Context, turn int) {
	var csv strings.Builder
	csv.WriteString("id,phones,account,pin\n")
	for i := range 500 { // the first time they are added, then changed
		fmt.Fprintf(&csv, "N-%d,+15557%06d,%d,%06d\n", i, i, 700000+i, 100000+turn)
	}
	s.operator(ctx, csv.String(), "customers", "import", "-")
}

func (s *soak) exports(ctx context.Context, _ int) {
	s.operator(ctx, "", "customers", "export", "-o", filepath.Join(s.dir, "customers.csv"))
	s.operator(ctx, "", "journal", "export", "-o", filepath.Join(s.dir, "journal.jsonl"),
		"--from", time.Now().Add(-10*time.Minute).Format(time.RFC3339))
	s.operator(ctx, "", "report", "summary", "--period", "today", "--format", "xlsx",
		"-o", filepath.Join(s.dir, "today.xlsx"))
}

// ask asks the API; "" if it refuses.
func (s *soak) ask(ctx context.Context, method, path, body string) (text string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.api+path, strings.NewReader(body))
	if err != nil {
		s.fault(path, err)
		return ""
	}
	req.Header.Set("Authorization", "Bearer "+apiKey)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := s.load.transport.RoundTrip(req)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.fault(method+" "+path, err)
		}
		return ""
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if busy := res.StatusCode == http.StatusServiceUnavailable; busy || res.StatusCode == http.StatusNotFound {
		// A machine that is too slow says so, and does not know each call.
		at := strings.SplitN(path, "/", 4)
		s.done(fmt.Sprintf("answers %d to %s /%s/%s", res.StatusCode, method, at[1], strings.TrimRight(at[2], "?")))
		return ""
	}
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", res.Status, all)
	}
	if err != nil && ctx.Err() == nil {
		path, _, _ = strings.Cut(path, "?")
		s.fault(method+" "+path, err)
		return ""
	}
	return string(all)
}

// polls is what a CRM and a dashboard ask for.
func (s *soak) polls(ctx context.Context, turn int) {
	for _, path := range []string{"/v1/board", "/v1/queues"} {
		s.ask(ctx, http.MethodGet, path, "")
	}
	if call := s.callers.lastCall(); call != "" {
		s.ask(ctx, http.MethodGet, "/v1/calls/"+call, "")
	}
	if turn%20 == 0 {
		for _, path := range []string{
			"/v1/calls?limit=50", "/v1/reports/summary?period=today", "/v1/reports/funnel?period=today",
		} {
			s.ask(ctx, http.MethodGet, path, "")
		}
		if token := s.token(ctx, turn); token != "" {
			s.ask(ctx, http.MethodPost, "/v1/redeem", `{"token": "`+token+`"}`)
		}
		s.ask(ctx, http.MethodPost, "/v1/links", fmt.Sprintf(`{"customer": "A-%d", "purpose": "page"}`, turn%soakWrong))
	}
}

// booksCallback books a callback for now, which nobody takes. Every second one is cancelled.
func (s *soak) booksCallback(ctx context.Context, turn int) {
	text := s.ask(ctx, http.MethodPost, "/v1/callbacks",
		fmt.Sprintf(`{"customer": "B-%d", "line": "cards", "soon": true, "subject": "soak"}`, turn%1000))
	_, id, found := strings.Cut(text, `"callback":"`)
	if id, _, _ = strings.Cut(id, `"`); found && turn%2 == 0 {
		s.ask(ctx, http.MethodDelete, "/v1/callbacks/"+id, "")
	}
}

// readsEvents is somebody who watches for a while, by the command line or on a wallboard.
func (s *soak) readsEvents(ctx context.Context, turn int) {
	ctx, cancel := context.WithTimeout(ctx, min(20*time.Second, s.length/30))
	defer cancel()
	if turn%4 == 0 {
		s.operator(ctx, "", "watch", "--json")
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api+"/v1/queues/stream", nil)
	if err == nil {
		var res *http.Response
		if res, err = s.load.transport.RoundTrip(req); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
	if ctx.Err() == nil {
		s.fault("the stream of queues", err)
	}
}

// runScreens has people look at their screens, go away and come back.
func (s *soak) runScreens(ctx context.Context, all *sync.WaitGroup) {
	said := s.operator(ctx, "", "people", "add", "ada", "--role", "admin", "--author", "soak")
	admin := s.load.client(s.t)
	status, text := s.load.post(s.t, admin, joinPattern.FindString(said),
		url.Values{"password": {"four words of no sense"}, "again": {"four words of no sense"}})
	if status != http.StatusSeeOther {
		s.fault("sign in", fmt.Errorf("%d %s", status, text))
		return
	}
	for i := range 8 {
		one := &screen{load: s.load, path: "/desk"}
		if i%4 == 3 {
			one.path, one.client = "/board", s.load.hire(s.t, admin, fmt.Sprint("board-", i), "supervisor", "")
		} else {
			one.client = s.load.hire(s.t, admin, fmt.Sprint("agent-", i), "agent", fmt.Sprint(1000+i))
		}
		all.Go(func() {
			for ctx.Err() == nil {
				ctx, away := context.WithTimeout(ctx, s.length/60+rand.N(s.length/30))
				one.watch(ctx)
				away()
				s.done("screens opened")
			}
			s.load.mu.Lock()
			defer s.load.mu.Unlock()
			for _, text := range s.load.errors {
				if strings.Contains(text, "503") {
					s.done("screens answered 503")
					continue
				}
				s.fault("a screen", errors.New(text))
			}
			s.load.errors = nil
		})
	}
}

// soakReceiver takes webhooks. A tenth of the time it is slow, a tenth away.
type soakReceiver struct {
	began          time.Time
	length         time.Duration
	taken, refused atomic.Int64
}

func newSoakReceiver(length time.Duration) *soakReceiver {
	return &soakReceiver{began: time.Now(), length: length}
}

func (r *soakReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	switch int(time.Since(r.began) * 20 / r.length % 20) {
	case 4, 11: // longer than the service waits
		select {
		case <-req.Context().Done():
		case <-time.After(3 * time.Second):
		}
		r.refused.Add(1)
	case 7, 14:
		w.WriteHeader(http.StatusServiceUnavailable)
		r.refused.Add(1)
	default:
		r.taken.Add(1)
	}
}
