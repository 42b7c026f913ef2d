package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countersign/backend/sms"
	"countersign/internal/datafile"
	"countersign/internal/retry"
	"countersign/internal/wholefile"
	"countersign/store/audit"
	"countersign/web/overrides"
)

// overridden is c with what was changed on the screens, checked as a whole.
func (c config) overridden(o overrides.Overrides) (config, error) {
	filed := c
	filed.filed = nil
	c.filed = &filed
	var errs []error
	if len(o.SMS) > 0 {
		texts := maps.Clone(c.SMS.Texts)
		if texts == nil {
			texts = map[string]string{}
		}
		for language, text := range o.SMS {
			texts[strings.ToLower(language)] = text
			if err := sms.CheckText(text); err != nil {
				errs = append(errs, fmt.Errorf("sms.texts.%s: %w", language, err))
			}
		}
		c.SMS.Texts = texts
	}
	for _, of := range []struct {
		days int
		to   *duration
	}{
		{o.Retention.Journal, &c.Retention.Journal}, {o.Retention.Totals, &c.Retention.Totals}, {o.Retention.Audit, &c.Retention.Audit},
	} {
		if of.days != 0 {
			*of.to = duration(of.days) * duration(day)
		}
	}
	for _, s := range o.Schedules {
		if s.Node == c.Node {
			c.Reports.Schedules = append(slices.Clip(c.Reports.Schedules), s.Schedule)
		}
	}
	errs = append(errs, c.check())
	return c, errors.Join(errs...)
}

// asFiled are the settings without what was changed on the screens.
func (c config) asFiled() config {
	if c.filed != nil {
		return *c.filed
	}
	return c
}

// overridesPath is this machine's copy of what was changed on the screens: a start needs no NATS.
func (c config) overridesPath() string { return filepath.Join(c.data, "overrides.json") }

func readOverrides(cfg config) (o overrides.Overrides, err error) {
	if _, err := os.Stat(cfg.overridesPath()); err != nil { // without a data folder there is none
		return o, nil //nolint:nilerr // whoever needs the folder says what is wrong with it
	}
	text, err := os.ReadFile(cfg.overridesPath())
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		return overrides.Overrides{}, fmt.Errorf("read %s: %w", cfg.overridesPath(), err)
	}
	return o, nil
}

// withOverrides is c with this machine's copy of what was changed on the screens. With an error it is c with as much of that
// as fits, so that one mistake does not remove data that was to be kept longer than the file says.
func (c config) withOverrides() (config, error) {
	o, err := readOverrides(c)
	if err != nil || o.At.IsZero() {
		return c, err
	}
	next, wrong := c.overridden(o)
	if wrong == nil {
		return next, nil
	}
	err = fmt.Errorf("with what was changed on the screens: %w", wrong)
	for _, some := range []overrides.Overrides{ // of what does not fit, as little as can be is left out
		{SMS: o.SMS, Retention: o.Retention}, {Retention: o.Retention, Schedules: o.Schedules}, {Retention: o.Retention},
		{Retention: o.Retention.Longer(daysOf(c))},
	} {
		if next, wrong = c.overridden(some); wrong == nil {
			return next, err
		}
	}
	return c, err
}

// override puts what was changed on the screens in force, over the file as it was read last. With an error nothing is
// changed.
func (r *reloads) override(o overrides.Overrides) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.Revision < r.overridden { // a later change was faster
		return nil
	}
	before := r.settings.get()
	next, err := before.asFiled().overridden(o)
	if err != nil {
		return err
	}
	next = before.withRestartOnly(next)
	applied, _ := changes(before, next)
	if len(applied) > 0 && r.apply != nil {
		if err := r.apply(next); err != nil {
			return err
		}
	}
	r.settings.set(next)
	if len(applied) > 0 {
		r.log.Info("settings changed on the screens are in force", "settings", strings.Join(applied, ", "), "by", o.By)
	}
	if err := datafile.MakeFolder(before.data); err != nil {
		return err
	}
	err = wholefile.Replace(before.overridesPath(), func(w io.Writer) error { return json.NewEncoder(w).Encode(o) })
	if err == nil {
		r.overridden = o.Revision
	}
	return err
}

// inForce is the revision of the overrides in force.
func (r *reloads) inForce() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.overridden
}

// forget has the next overrides put in force whatever their revision: the state that machines share was lost.
func (r *reloads) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.overridden = 0
}

// overridesEvery is how often machines look for what was changed on the screens of another.
const overridesEvery = 2 * time.Second

// followOverrides puts in force what is changed on the screens of any machine, until ctx ends. What fails is tried again.
func (s *service) followOverrides(ctx context.Context) {
	said := ""
	for retry.Pause(ctx, overridesEvery) == nil {
		o, err := s.overrides.Get(ctx)
		if err != nil || o.Revision == 0 || o.Revision == s.reloads.inForce() {
			continue
		}
		if o.Revision < s.reloads.inForce() {
			s.reloads.forget()
		}
		problem := ""
		if err := s.reloads.override(o); err != nil {
			problem = err.Error()
		}
		if problem != "" && problem != said {
			s.log.Error("settings that were changed on the screens are not in force", "by", o.By, "err", problem)
		}
		said = problem
	}
}

// shownOverrides are the settings that change on the screens.
type shownOverrides struct{ s *service }

var _ overrides.Settings = shownOverrides{}

// Now implements overrides.Settings.
func (o shownOverrides) Now(ctx context.Context) (overrides.InForce, error) {
	kept, err := o.s.overrides.Get(ctx)
	if err != nil {
		return overrides.InForce{}, err
	}
	now := o.s.settings.get()
	filed := now.asFiled()
	return overrides.InForce{
		Overrides: kept, Node: now.Node, KeepsReports: !now.noReports,
		Texts: now.SMS.EffectiveTexts(), FiledTexts: filed.SMS.EffectiveTexts(),
		Periods: daysOf(now), FiledPeriods: daysOf(filed), Mails: now.Reports.Mail.Server != "",
	}, nil
}

func daysOf(c config) overrides.Retention {
	return overrides.Retention{
		Journal: int(c.Retention.Journal / duration(day)), Totals: int(c.Retention.Totals / duration(day)),
		Audit: int(c.Retention.Audit / duration(day)),
	}
}

// Change implements overrides.Settings.
func (o shownOverrides) Change(
	ctx context.Context, actor, what string, revision uint64, change func(*overrides.Overrides),
) error {
	next, err := o.s.overrides.Get(ctx)
	if err != nil {
		return err
	}
	if next.Revision != revision {
		return overrides.ErrConflict
	}
	change(&next)
	next.By = actor
	if _, err := o.s.settings.get().asFiled().overridden(next); err != nil {
		return &overrides.InvalidError{Text: err.Error()}
	}
	if next, err = o.s.overrides.Put(ctx, next); err != nil {
		return err
	}
	e := audit.Entry{Actor: actor, Action: audit.SettingsSet, Object: "settings", Detail: what}
	if err := auditEntry(ctx, o.s.cfg, e); err != nil {
		o.s.log.Error("the change of settings is not in the audit log", "err", err)
	}
	if err := o.s.reloads.override(next); err != nil { // followOverrides tries again
		o.s.log.Error("settings that were changed on the screens are not in force yet", "by", actor, "err", err)
	}
	return nil
}
