package customers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/internal/crashtest"
)

func importUntilKilled(path string) error {
	d, err := Open(context.Background(), path, Options{Pepper: testPepper})
	if err != nil {
		return err
	}
	_, err = d.Import(context.Background(), os.Stdin,
		ImportOptions{Progress: func(rows int, _ int64) { fmt.Println(rows) }})
	return err
}

func TestAKilledImportHasImportedNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	fill(t, openDirectory(t, path, Options{}), "id,name", "c0,Before")
	crashtest.KillAfter(t, 4, "import", path, manyCustomers(5_000))
	d := openDirectory(t, path, Options{})
	assert.Equal(t, 1, count(t, d))
	fill(t, d, "id,name", "c1,After")
	assert.Equal(t, 2, count(t, d))
}
