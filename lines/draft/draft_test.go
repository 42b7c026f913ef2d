package draft

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
	"countersign/session/shared"
)

func TestOneOfTwoWhoSaveWins(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), NewBook(shared.NewMemory(), time.Now)
	_, err := b.Get(ctx, "retail")
	require.ErrorIs(t, err, ErrNone)
	ada, err := b.Save(ctx, Draft{Line: "retail", Base: 3, Text: "one", Author: "ada"})
	require.NoError(t, err)
	_, err = b.Save(ctx, Draft{Line: "retail", Base: 3, Text: "two", Author: "bob"})
	var conflict *ConflictError
	require.ErrorAs(t, err, &conflict)
	assert.Equal(t, "one", conflict.Have.Text)
	assert.Contains(t, err.Error(), "ada saved")
	bob := conflict.Have
	bob.Text, bob.Author = "two", "bob"
	bob, err = b.Save(ctx, bob)
	require.NoError(t, err)
	_, err = b.Save(ctx, ada)
	require.ErrorAs(t, err, &conflict)
	require.ErrorAs(t, b.Discard(ctx, ada), &conflict)
	require.NoError(t, b.Discard(ctx, bob))
	_, err = b.Get(ctx, "retail")
	require.ErrorIs(t, err, ErrNone)
	_, err = b.Save(ctx, bob)
	require.ErrorAs(t, err, &conflict)
	assert.Contains(t, err.Error(), "published or discarded")
	_, err = b.Save(ctx, Draft{Line: "retail", Text: "three"})
	require.NoError(t, err, "a new one may begin")
	all, err := b.All(ctx)
	require.NoError(t, err)
	assert.Equal(t, "three", all["retail"].Text)
}

func TestADraftIsNoLongerThanALine(t *testing.T) {
	t.Parallel()
	b := NewBook(shared.NewMemory(), time.Now)
	_, err := b.Save(t.Context(), Draft{Line: "retail", Text: strings.Repeat("x", lines.MaxSize+1)})
	require.ErrorContains(t, err, "at most 256 KB")
	assert.NoError(t, b.Discard(t.Context(), Draft{Line: "retail"}))
}

func TestADraftKnowsAllWhoHaveChangedIt(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), NewBook(shared.NewMemory(), time.Now)
	d, err := b.Save(ctx, Draft{Line: "retail", Text: "one", Author: "ada"})
	require.NoError(t, err)
	for _, author := range []string{"bob", "bob", "ada"} {
		d.Author, d.Text = author, d.Text+"."
		d, err = b.Save(ctx, d)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"ada", "bob"}, d.Authors)
	d.Author = "cleo"
	same, err := b.Save(ctx, d)
	require.NoError(t, err)
	assert.Equal(t, []string{"ada", "bob"}, same.Authors, "who changes nothing is no author")
	assert.Equal(t, d.Revision, same.Revision)
}
