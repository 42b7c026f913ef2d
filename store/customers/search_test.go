package customers

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

// Whatever a search finds is found page by page, too, once each and in order.
func TestASearchIsReadPageByPage(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,name,phones,account,id:policy,emails",
		"c1,Ada 221,+12212550101;+12212550102,100221,AB1-a,",
		"c2,Bob,+12125550221,100043,,",
		"c3,Cleo,,,CA1-b,",
		"c4,Dan,,221,,d221@example.com",
		"c5,Eve,,900000,,eve@example.com",
		"x221,Fay,,800000,,")
	for search, want := range map[string][]string{
		"221": {"c1", "c2", "c3", "c4", "x221"}, "ab1": {"c1"}, "e": {"c3", "c4", "c5"}, "example": {"c4", "c5"}, "nobody": nil,
	} {
		for _, limit := range []int{1, 2, 50} {
			var found []string
			for after := ""; ; {
				page, err := d.List(deadline(t), after, limit, search)
				require.NoError(t, err)
				found = append(found, ids(page)...)
				if len(page) < limit {
					break
				}
				after = page[len(page)-1].ID
			}
			assert.Equal(t, want, found, "%q by %d", search, limit)
		}
	}
	page, err := d.List(deadline(t), "c1", 1, "221")
	require.NoError(t, err)
	assert.Equal(t, []session.Customer{{ID: "c2", Name: "Bob"}}, page)
}
