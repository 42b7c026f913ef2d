package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"countersign/internal/datafile"
	"countersign/internal/wholefile"
	"countersign/store/audit"
	"countersign/web"
	"countersign/web/staff"
)

// reload is what became of reading the settings again.
type reload struct {
	At  time.Time `json:"at"`
	PID int       `json:"pid"`
	// Applied are the settings that are in force now, Restart those that were changed and need a restart.
	Applied []string `json:"applied"`
	Restart []string `json:"restart"`
	// Error says why nothing was changed.
	Error string `json:"error,omitempty"`
}

// reloadPath is the file that says what became of the last reload, and which process serves.
func (c config) reloadPath() string { return filepath.Join(c.data, "reload.json") }

// noteServing notes which process serves, for countersign reload.
func noteServing(cfg config) error {
	return writeReload(cfg, reload{At: time.Now().UTC(), PID: os.Getpid()})
}

func writeReload(cfg config, r reload) error {
	if err := datafile.MakeFolder(cfg.data); err != nil {
		return err
	}
	return wholefile.Replace(cfg.reloadPath(), func(w io.Writer) error { return json.NewEncoder(w).Encode(r) })
}

// readReload is what became of the last reload.
func readReload(cfg config) (r reload, err error) {
	text, err := os.ReadFile(cfg.reloadPath())
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// reloads reads the settings again, one at a time, and puts them in force.
type reloads struct {
	mu sync.Mutex

	settings   *settings
	log        *slog.Logger
	overridden uint64 // the revision of what was changed on the screens, in force
	// apply puts the settings in force that are no longer read anywhere but in settings; nil if there is nothing.
	apply func(cfg config) error
}

// now reads the settings again. With an error nothing is changed.
func (r *reloads) now(ctx context.Context, actor string) (done reload) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.settings.get()
	done = reload{At: time.Now().UTC(), PID: os.Getpid(), Applied: []string{}, Restart: []string{}}
	next, err := r.read(before)
	if err == nil {
		applied, restart := changes(before, next)
		done.Applied, done.Restart = append(done.Applied, applied...), append(done.Restart, restart...)
		next = before.withRestartOnly(next)
		if r.apply != nil {
			err = r.apply(next)
		}
	}
	switch {
	case err != nil:
		done.Error, done.Applied, done.Restart = err.Error(), []string{}, []string{}
		r.log.Error("settings not reloaded, those from before stay in force", "err", err)
	default:
		r.settings.set(next)
		r.log.Info("settings reloaded", "applied", strings.Join(done.Applied, ", "))
		if len(done.Restart) > 0 {
			r.log.Warn("settings that were changed need a restart", "settings", strings.Join(done.Restart, ", "))
		}
	}
	detail := "applied: " + orNothing(done.Applied)
	if done.Error != "" {
		detail = "refused"
	}
	e := audit.Entry{Actor: actor, Action: audit.Reloaded, Object: "settings", Detail: detail}
	if err := auditEntry(ctx, before, e); err != nil {
		r.log.Error("the reload is not in the audit log", "err", err)
	}
	if err := writeReload(before, done); err != nil {
		r.log.Error("what became of the reload is not written down", "err", err)
	}
	return done
}

func orNothing(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// read reads the file of the settings in force again.
func (r *reloads) read(before config) (config, error) {
	next, err := readConfig(r.settings.file)
	if err != nil {
		return config{}, err
	}
	next.data = before.data
	if err := web.CheckTLS(next.Web.TLS.Cert, next.Web.TLS.Key); err != nil {
		return config{}, fmt.Errorf("web.tls: %w", err)
	}
	return next.withOverrides()
}

// pending are the settings whose file says something else than what is in force: what a reload would apply, and what needs
// a restart.
func (r *reloads) pending() (applied, restart []string, err error) {
	before := r.settings.get()
	next, err := r.read(before)
	if err != nil {
		return nil, nil, err
	}
	applied, restart = changes(before, next)
	return applied, restart, nil
}

// shownSettings are the settings on the screens.
type shownSettings struct{ r *reloads }

var _ staff.Settings = shownSettings{}

// File implements staff.Settings.
func (s shownSettings) File() string { return s.r.settings.file }

// Reloadable implements staff.Settings.
func (shownSettings) Reloadable() []string { return reloadable }

// Pending implements staff.Settings.
func (s shownSettings) Pending() (applied, restart []string, err error) { return s.r.pending() }

// Reload implements staff.Settings.
func (s shownSettings) Reload(ctx context.Context, actor string) (applied, restart []string, err error) {
	done := s.r.now(ctx, actor)
	if done.Error != "" {
		return nil, nil, errors.New(done.Error)
	}
	return done.Applied, done.Restart, nil
}

// apply puts settings in force in what holds them: keys, the limits, the company's systems, and the lines that use these.
func (s *service) apply(cfg config) error {
	rotate, err := s.rotation(cfg)
	if err != nil {
		return err
	}
	own, err := openCompany(cfg, s.companyParts)
	if err != nil {
		return err
	}
	if err := s.lines.SetParts(s.lineParts(cfg, own), own.codes.unset); err != nil {
		own.close()
		return err
	}
	if err := s.attempts.SetRules(cfg.Guard); err != nil { // checked
		return err
	}
	s.company.set(own)
	return rotate()
}
