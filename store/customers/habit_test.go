package customers

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

func TestHowACustomerLikesToBeAskedIsRemembered(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,name", "C-1,Ada")
	read := func(id string) session.Habit {
		h, err := d.Habit(deadline(t), id)
		require.NoError(t, err)
		return h
	}
	assert.Zero(t, read("C-1"))
	for _, h := range []session.Habit{
		{Slow: true}, {Language: "de", Slow: true, Answers: session.MannerSpoken}, {Answers: session.MannerKeyed},
	} {
		for _, id := range []string{"C-1", "of a CRM"} {
			require.NoError(t, d.Remember(deadline(t), id, h, time.Now()))
			assert.Equal(t, h, read(id))
		}
	}
	for id, known := range map[string]bool{"C-1": true, "of a CRM": true, "C-2": false} {
		forgotten, err := d.ForgetHabit(deadline(t), id)
		require.NoError(t, err)
		assert.Equal(t, known, forgotten)
		assert.Zero(t, read(id))
	}
	require.NoError(t, d.Remember(deadline(t), "C-1", session.Habit{Slow: true}, time.Now()))
	require.NoError(t, d.Remove(deadline(t), "C-1"))
	assert.Zero(t, read("C-1"), "it goes with the customer")
}

func TestHabitsAreExportedAndReadBack(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,name", "C-1,Ada", "C-2,Grace", "C-3,Alan")
	export := func(of *Directory) string {
		var out strings.Builder
		_, err := of.Export(deadline(t), &out)
		require.NoError(t, err)
		return out.String()
	}
	assert.Equal(t, "id,name,phones,emails,language\nC-1,Ada,,,\nC-2,Grace,,,\nC-3,Alan,,,\n", export(d), "none")
	all := map[string]session.Habit{
		"C-1": {Language: "de-AT", Slow: true, Answers: session.MannerSpoken}, "C-3": {Answers: session.MannerKeyed},
	}
	for id, h := range all {
		require.NoError(t, d.Remember(deadline(t), id, h, time.Now()))
	}
	written := export(d)
	assert.Equal(t, "id,name,phones,emails,language,habits\nC-1,Ada,,,,slow;spoken;language=de-AT\n"+
		"C-2,Grace,,,,\nC-3,Alan,,,,keyed\n", written)
	other := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, other, strings.Split(strings.TrimSpace(written), "\n")...)
	for _, id := range []string{"C-1", "C-2", "C-3"} {
		h, err := other.Habit(deadline(t), id)
		require.NoError(t, err)
		assert.Equal(t, all[id], h)
	}
	r, err := other.Import(deadline(t), strings.NewReader(written), ImportOptions{})
	require.NoError(t, err)
	assert.Equal(t, 3, r.Unchanged)
	r, err = other.Import(deadline(t), strings.NewReader("id,habits\nC-1,keyed\nC-3,\n"), ImportOptions{ClearEmpty: true})
	require.NoError(t, err)
	assert.Equal(t, 2, r.Changed)
	h, err := other.Habit(deadline(t), "C-1")
	require.NoError(t, err)
	assert.Equal(t, session.Habit{Answers: session.MannerKeyed}, h)
	var bad []BadRow
	_, err = other.Import(deadline(t), strings.NewReader("id,habits\nC-1,fast\n"),
		ImportOptions{OnBad: func(b BadRow) { bad = append(bad, b) }})
	require.ErrorIs(t, err, ErrBadRows)
	require.Len(t, bad, 1)
	assert.Equal(t, `habit "fast": write slow, keyed or spoken, and language=de, with ; between them`, bad[0].Problem)
}
