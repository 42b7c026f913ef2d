package bus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"countersign/internal/datafile"

	"github.com/nats-io/nats-server/v2/server"
)

const lockName = "lock"

// clusterState is the folder that marks the store of a clustered NATS.
var clusterState = filepath.Join(server.JetStreamStoreDir, "$SYS", "_js_", "_meta_")

// checkFolder creates dir if missing and checks that it is writable and holds only the store of an embedded NATS.
func checkFolder(dir string) error {
	if dir == "" {
		return errors.New("embedded nats: no folder for its store")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("embedded nats: cannot create its folder: %w; "+
			"choose another data folder, or allow this user to write there", err)
	}
	inside, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("embedded nats: cannot read its folder: %w; "+
			"choose another data folder, or allow this user to read it", err)
	}
	for _, entry := range inside {
		if strings.HasPrefix(entry.Name(), datafile.ProbePrefix) { // left by a process that was killed
			_ = os.Remove(filepath.Join(dir, entry.Name()))
			continue
		}
		if name := entry.Name(); name != server.JetStreamStoreDir && name != lockName {
			return fmt.Errorf("embedded nats: %s holds %q, so it belongs to something else; choose an empty folder", dir, name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, clusterState)); err == nil {
		return fmt.Errorf("embedded nats: %s is the store of a clustered NATS; "+
			"choose an empty folder, or use that cluster as an external NATS", dir)
	}
	probe, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("embedded nats: cannot write to its folder: %w; "+
			"choose another data folder, or allow this user to write there", err)
	}
	return probe.Close()
}
