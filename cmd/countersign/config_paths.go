package main

import (
	"path/filepath"

	"countersign/bus"
)

// Paths under --data.
func (c config) directoryPath() string { return filepath.Join(c.data, "directory.db") }
func (c config) journalPath() string   { return filepath.Join(c.data, "journal.db") }
func (c config) attemptsPath() string  { return filepath.Join(c.data, "attempts.db") }
func (c config) trunksPath() string    { return filepath.Join(c.data, "trunks.json") }
func (c config) auditPath() string     { return filepath.Join(c.data, "audit.db") }
func (c config) reportsPath() string   { return filepath.Join(c.data, "reports.db") }
func (c config) natsDir() string       { return filepath.Join(c.data, "nats") }

// natsKeys are the keys of the embedded NATS.
func (c config) natsKeys() bus.KeyFiles {
	return bus.KeyFiles{
		Write: filepath.Join(c.data, "nats-write.key"), Read: filepath.Join(c.data, "nats-read.key"),
	}
}

func (c config) pepperPath() string {
	if c.Customers.Pepper != "" {
		return c.Customers.Pepper
	}
	return filepath.Join(c.data, "pepper")
}

func (c config) tokenKeyPath() string {
	if c.Tokens.Key != "" {
		return c.Tokens.Key
	}
	return filepath.Join(c.data, "token.key")
}

// linesPath holds a copy of the lines last in force, for a start while NATS is away.
func (c config) linesPath() string { return filepath.Join(c.data, "lines.json") }

func (c config) promptsDir() string {
	if c.Prompts.Path != "" {
		return c.Prompts.Path
	}
	return filepath.Join(c.data, "prompts")
}
