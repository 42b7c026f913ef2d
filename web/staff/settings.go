package staff

import (
	"context"
	"net/http"

	"countersign/web/access"
)

// Settings are those of the service, which are in a file.
type Settings interface {
	// File is where they are, "" if there is none.
	File() string
	// Reloadable are the settings that change without a restart.
	Reloadable() []string
	// Pending are those in which the file differs from what is in force: what a reload would apply, and what needs a
	// restart. err says what is wrong with the file.
	Pending() (applied, restart []string, err error)
	// Reload reads the file again. With an error nothing is changed.
	Reload(ctx context.Context, actor string) (applied, restart []string, err error)
}

type settingsPage struct {
	File       string
	Reloadable []string
	// Applied and Restart are pending; Mistake is what is wrong with the file.
	Applied, Restart []string
	Mistake          string
	// Done: a reload has applied Now.
	Done bool
	Now  []string
	// Business are those that change here; nil if none do. Problem is what is wrong with what was written, Saved: it is in
	// force.
	Business *businessSettings
	Problem  string
	Saved    bool
}

func (p *Pages) settings(w http.ResponseWriter, r *http.Request) error {
	return p.showSettings(w, r, http.StatusOK, settingsPage{Saved: r.URL.Query().Get("saved") != ""})
}

func (p *Pages) showSettings(w http.ResponseWriter, r *http.Request, status int, shown settingsPage) error {
	if p.Settings == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	shown.File, shown.Reloadable = p.Settings.File(), p.Settings.Reloadable()
	var err error
	if shown.Business, err = p.business(r); err != nil {
		return err
	}
	if who, _ := access.From(r.Context()); who.Has(access.Admin) {
		if shown.Applied, shown.Restart, err = p.Settings.Pending(); err != nil {
			shown.Mistake = err.Error()
		}
	}
	page := p.page(r, shown)
	page.Problem = shown.Problem
	return p.write(w, r, status, "settings", page)
}

func (p *Pages) reload(w http.ResponseWriter, r *http.Request) error {
	if p.Settings == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	applied, _, err := p.Settings.Reload(r.Context(), who.ID)
	if err != nil {
		return p.showSettings(w, r, http.StatusUnprocessableEntity, settingsPage{})
	}
	return p.showSettings(w, r, http.StatusOK, settingsPage{Done: true, Now: applied})
}
