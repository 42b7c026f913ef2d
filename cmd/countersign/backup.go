package main

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/ops/backup"
	"countersign/store/audit"
)

// passphraseVariable may have the passphrase of a backup, for a timer.
const passphraseVariable = "COUNTERSIGN_BACKUP_PASSPHRASE"

func passphraseFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "passphrase-file",
		Usage: "read the passphrase from the first line of `FILE`; default: $" + passphraseVariable + ", else it is asked for",
	}
}

func backupCommand() *cli.Command {
	return &cli.Command{
		Name: "backup", Usage: "copy everything that this machine keeps into a sealed file", ArgsUsage: "FILE",
		Description: "Databases, the embedded NATS, settings and keys. Calls go on meanwhile. The file is sealed with a " +
			"passphrase:\nkeep that elsewhere, without it nothing comes back. An external NATS is not in it.",
		Flags:  []cli.Flag{passphraseFlag(), authorFlag()},
		Action: makeBackup,
	}
}

func restoreCommand() *cli.Command {
	return &cli.Command{
		Name: "restore", Usage: "bring a backup back, into an empty data folder", ArgsUsage: "FILE",
		Description: "Checks the file, every page of the databases, and what is counted in them, before anything is in force. " +
			"Stop the\nmachine whose backup it is first: two with the same keys and calls must not run.",
		Flags: []cli.Flag{
			passphraseFlag(), &cli.BoolFlag{Name: "check", Usage: "only read the file to its end, and say what is in it"},
		},
		Action: restoreBackup,
	}
}

func makeBackup(c *cli.Context) error {
	if err := arguments(c, 1, "one argument: the new file"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	secret, err := passphrase(c, func() (string, error) {
		s, err := readSecret(c, "passphrase")
		return string(s.Reveal()), err
	})
	if err != nil {
		return err
	}
	o := backup.Options{
		Data: cfg.data, Others: filesElsewhere(c, cfg), Passphrase: secret, Version: thisBuild().Version, Node: cfg.Node,
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	at, closeNATS, err := natsForBackup(c, cfg, o.Log)
	if err != nil {
		return err
	}
	defer closeNATS()
	o.NATS = at
	m, err := backup.Make(c.Context, c.Args().First(), o)
	if err != nil {
		return err
	}
	printManifest(c, m)
	fmt.Fprintf(c.App.Writer, "backed up to %s; countersign restore --check reads it again\n", c.Args().First())
	return auditEntry(c.Context, cfg, audit.Entry{Actor: author(c), Action: audit.BackedUp, Object: "data"})
}

// natsForBackup is the embedded NATS of the service that runs, or one that is started for the backup; nil if it is
// external.
func natsForBackup(c *cli.Context, cfg config, log *slog.Logger) (at *bus.Endpoint, end func(), err error) {
	end = func() {}
	if cfg.NATS.URL != "" || !exists(cfg.natsDir()) {
		return nil, end, nil
	}
	unlock, err := datafile.Lock(datafile.FolderLock(cfg.data))
	switch {
	case errors.Is(err, datafile.ErrInUse):
		found, err := reachableNATS(c, cfg)
		return &found, end, err
	case err != nil:
		return nil, end, err
	}
	embedded, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: cfg.natsDir(), Listen: "127.0.0.1:0", Keys: cfg.natsKeys(), Log: log,
	})
	if err != nil {
		unlock()
		return nil, end, err
	}
	found := embedded.Endpoint()
	return &found, func() { embedded.Shutdown(); unlock() }, nil
}

// settingsName is what the file of the settings is called in a backup.
const settingsName = "settings.yaml"

// filesElsewhere are settings and keys that are not in the data folder.
func filesElsewhere(c *cli.Context, cfg config) map[string]string {
	others := map[string]string{}
	for name, path := range map[string]string{
		settingsName: configFile(c), "pepper": cfg.Customers.Pepper, "token.key": cfg.Tokens.Key,
	} {
		if path != "" && exists(path) && !sameFile(path, filepath.Join(cfg.data, name)) {
			others[name] = path
		}
	}
	return others
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// passphrase reads one as the options say; otherwise ask does.
func passphrase(c *cli.Context, ask func() (string, error)) (string, error) {
	if file := c.String("passphrase-file"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read the passphrase: %w", err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		return strings.TrimSuffix(first, "\r"), nil
	}
	if s, ok := os.LookupEnv(passphraseVariable); ok {
		return s, nil
	}
	return ask()
}

func restoreBackup(c *cli.Context) error {
	if err := arguments(c, 1, "one argument: the backup"); err != nil {
		return err
	}
	file, err := os.Open(c.Args().First())
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer file.Close()
	secret, err := passphrase(c, func() (string, error) {
		s, err := readPassphrase(c)
		return string(s.Reveal()), err
	})
	if err != nil {
		return err
	}
	if c.Bool("check") {
		m, err := backup.Check(file, secret)
		if err != nil {
			return err
		}
		printManifest(c, m)
		_, err = fmt.Fprintln(c.App.Writer, "the backup is whole")
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	m, err := backup.Restore(c.Context, file, backup.RestoreOptions{
		Data: cfg.data, Passphrase: secret, Log: slog.New(slog.DiscardHandler),
		Keys: func(folder string) bus.KeyFiles {
			in := cfg
			in.data = folder
			return in.natsKeys()
		},
	})
	if err != nil {
		return err
	}
	printManifest(c, m)
	fmt.Fprintf(c.App.Writer, "restored to %s\n", cfg.data)
	sayWhatWasElsewhere(c, cfg, m)
	return auditEntry(c.Context, cfg, audit.Entry{
		Actor: systemUser(), Action: audit.Restored, Object: "data", Detail: "backup of " + m.Began.Format(time.RFC3339),
	})
}

// sayWhatWasElsewhere tells an operator which files the settings look for in another place.
func sayWhatWasElsewhere(c *cli.Context, cfg config, m backup.Manifest) {
	if m.Files[settingsName] != "" {
		fmt.Fprintf(c.App.Writer, "the settings are in %s: move them to where you keep them\n",
			filepath.Join(cfg.data, settingsName))
	}
	for name, path := range map[string]string{"pepper": cfg.Customers.Pepper, "token.key": cfg.Tokens.Key} {
		if path != "" && m.Files[name] != "" {
			fmt.Fprintf(c.App.Writer, "%s is in %s: your settings look for it in %s\n", name, filepath.Join(cfg.data, name), path)
		}
	}
	if len(m.Streams) == 0 {
		fmt.Fprintln(c.App.Writer, "it has no NATS: the machine used an external one, which keeps lines, people, attempts and locks")
	}
}

// printManifest says what is counted in a backup.
func printManifest(c *cli.Context, m backup.Manifest) {
	fmt.Fprintf(c.App.Writer, "made by %s on %s, from %s to %s\n", m.Version, printable(m.Node),
		m.Began.Format(time.RFC3339), m.Ended.Format(time.RFC3339))
	for _, name := range slices.Sorted(maps.Keys(m.Databases)) {
		var tables []string
		for _, table := range slices.Sorted(maps.Keys(m.Databases[name])) {
			tables = append(tables, fmt.Sprintf("%s %d", table, m.Databases[name][table]))
		}
		fmt.Fprintf(c.App.Writer, "%-16s %s\n", printable(name), printable(strings.Join(tables, ", ")))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Streams)) {
		fmt.Fprintf(c.App.Writer, "%-16s %s\n", printable(name), counted(int(m.Streams[name]), "message"))
	}
	fmt.Fprintf(c.App.Writer, "%s in all\n", counted(len(m.Files), "file"))
}
