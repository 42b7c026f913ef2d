package staff_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/staff"
)

// filed are settings in a file that somebody has changed.
type filed struct {
	wrong    bool
	reloaded []string
}

func (*filed) File() string         { return "/etc/countersign.yaml" }
func (*filed) Reloadable() []string { return []string{"guard", "log.level"} }

func (f *filed) Pending() (applied, restart []string, err error) {
	if f.wrong {
		return nil, nil, errors.New("countersign.yaml:3:1: guard.lock_after is -1 <")
	}
	if len(f.reloaded) > 0 {
		return nil, []string{"socket.listen"}, nil
	}
	return []string{"guard.lock_after"}, []string{"socket.listen"}, nil
}

func (f *filed) Reload(_ context.Context, actor string) (applied, restart []string, err error) {
	if applied, restart, err = f.Pending(); err == nil {
		f.reloaded = append(f.reloaded, actor)
	}
	return applied, restart, err
}

func TestSettingsAreReadAgainInTheBrowser(t *testing.T) {
	t.Parallel()
	f := &filed{}
	o := newOffice(t, func(s *staff.Options) { s.Settings = f })
	o.hire("admin")
	b := o.as("admin")
	page := b.get("/settings")
	require.Equal(t, http.StatusOK, page.status)
	for _, want := range []string{"/etc/countersign.yaml", "<code>guard.lock_after</code>", "<code>socket.listen</code>", "needs a restart"} {
		assert.Contains(t, page.text, want)
	}
	f.wrong = true
	refused := b.post("/settings/reload")
	assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
	assert.Contains(t, refused.text, "guard.lock_after is -1 &lt;")
	assert.Contains(t, refused.text, "The settings from before stay in force, whole.")
	f.wrong = false
	assert.Contains(t, b.post("/settings/reload").text, "In force now: <code>guard.lock_after</code>")
	assert.Equal(t, []string{"admin"}, f.reloaded)
}
