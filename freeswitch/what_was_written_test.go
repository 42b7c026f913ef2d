package freeswitch_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// places is everything that FreeSWITCH and services have written or said so far, by a name for it. Prompts are left
// out.
func (s *site) places(t testing.TB, services ...*service) places {
	t.Helper()
	all := places{}
	for name, b := range s.Written(t) {
		short, err := filepath.Rel(s.LogDir, name)
		require.NoError(t, err)
		all[short] = b
	}
	for i, m := range s.Events.All() {
		all[fmt.Sprintf("NATS message %d", i+1)] = m
	}
	for i, service := range services {
		other := ""
		if i > 0 {
			other = fmt.Sprintf("service %d: ", i+1)
		}
		all[other+"service/log"] = []byte(service.Log(t))
		out, err := os.ReadFile(service.out)
		require.NoError(t, err)
		all[other+"service/out"] = out
		require.NoError(t, fs.WalkDir(os.DirFS(service.Data), ".", func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil // SQLite and NATS remove files as they please
			}
			if err != nil || d.IsDir() {
				if path == "prompts" {
					return fs.SkipDir
				}
				return err
			}
			b, err := os.ReadFile(filepath.Join(service.Data, path))
			if os.IsNotExist(err) {
				return nil
			}
			all[other+"data/"+path] = b
			return err
		}))
	}
	return all
}
