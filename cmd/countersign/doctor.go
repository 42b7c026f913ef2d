package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/prompts"
	"countersign/store/customers"
	"countersign/store/journal"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:        "doctor",
		Usage:       "check what Countersign needs, and say what to do",
		Description: "Starts and stops nothing. Exit code 1 means that something must be done before calls work as they should.",
		Flags: []cli.Flag{
			natsFlag(),
			&cli.StringFlag{Name: "freeswitch", Usage: "FreeSWITCH's configuration is in `DIR`, such as /etc/freeswitch"},
			&cli.BoolFlag{Name: "json", Usage: "one finding a line, as JSON"},
		},
		Action: doctor,
	}
}

// finding is what one check found.
type finding struct {
	Check string `json:"check"`
	// State is ok, note (works, could be better), problem (must be mended) or skipped (could not be checked).
	State  string `json:"state"`
	Detail string `json:"detail"`
	// Do says what to do about it.
	Do string `json:"do,omitempty"`
}

func ok(check, format string, a ...any) finding {
	return finding{Check: check, State: "ok", Detail: fmt.Sprintf(format, a...)}
}

func note(check, do, format string, a ...any) finding {
	return finding{Check: check, State: "note", Detail: fmt.Sprintf(format, a...), Do: do}
}

func problem(check, do, format string, a ...any) finding {
	return finding{Check: check, State: "problem", Detail: fmt.Sprintf(format, a...), Do: do}
}

func skipped(check, format string, a ...any) finding {
	return finding{Check: check, State: "skipped", Detail: fmt.Sprintf(format, a...)}
}

func doctor(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	findings := checkAll(c, cfg)
	problems := 0
	out := json.NewEncoder(c.App.Writer)
	for _, f := range findings {
		if f.State == "problem" {
			problems++
		}
		if c.Bool("json") {
			if err := out.Encode(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(c.App.Writer, "%-8s %-11s %s\n", f.State, f.Check, f.Detail)
		if f.Do != "" {
			fmt.Fprintf(c.App.Writer, "%-8s %-11s → %s\n", "", "", f.Do)
		}
	}
	if problems > 0 {
		return fmt.Errorf("to be mended: %d", problems)
	}
	return nil
}

// checkAll makes all checks. Those that ask NATS are left out when it does not answer: each would wait for it.
func checkAll(c *cli.Context, cfg config) (found []finding) {
	nats := checkNATS(c, cfg)
	answers := nats[0].State == "ok"
	for _, check := range []func(*cli.Context, config) []finding{checkData, checkCustomers, checkBackend, checkGateway, checkJournal, checkAudit, checkSchedules, checkPrompts, checkSocket} {
		found = append(found, check(c, cfg)...)
	}
	found = append(found, nats...)
	if answers {
		found = append(append(append(found, checkPepper(c, cfg)...), checkLines(c, cfg)...), checkReports(c, cfg)...)
	} else {
		found = append(found, skipped("lines", "NATS does not answer"), skipped("reports", "NATS does not answer"))
	}
	return append(append(append(found, checkFreeSWITCH(c, cfg)...), checkEventSockets(c, cfg)...), checkClock(c, cfg)...)
}

func checkData(_ *cli.Context, cfg config) []finding {
	info, err := os.Stat(cfg.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []finding{note("data", "countersign customers import FILE, or countersign serve, makes it", "%s does not exist yet", cfg.data)}
	case err != nil:
		return []finding{problem("data", "give this user the right to read it, or use another --data folder", "%v", err)}
	case !info.IsDir():
		return []finding{problem("data", "use another --data folder", "%s is not a folder", cfg.data)}
	}
	probe, err := os.CreateTemp(cfg.data, ".doctor-*")
	if err != nil {
		return []finding{problem("data", "give this user the right to write there, or use another --data folder", "%v", err)}
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	return []finding{ok("data", "%s can be written", cfg.data)}
}

// exists keeps doctor from creating what it looks at.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func checkCustomers(c *cli.Context, cfg config) (found []finding) {
	if cfg.Backend.URL != "" && !exists(cfg.directoryPath()) {
		return []finding{ok("customers", "none here: the backend has them")}
	}
	if !exists(cfg.directoryPath()) {
		return []finding{note("customers", "countersign customers import FILE", "there are none yet: every caller goes to an agent")}
	}
	if info, err := os.Stat(cfg.pepperPath()); err != nil {
		return []finding{problem("customers", "restore it from a backup: the stored PINs cannot be checked without it", "the pepper %s is missing", cfg.pepperPath())}
	} else if info.Mode().Perm()&0o077 != 0 {
		found = append(found, problem("customers", "chmod 600 "+cfg.pepperPath(), "others can read the pepper"))
	}
	d, err := openDirectory(c.Context, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return append(found, problem("customers", "see the message", "%v", err))
	}
	defer d.Close()
	count, err := d.Count(c.Context)
	left, err2 := d.Unwrapped(c.Context)
	switch err := errors.Join(err, err2); {
	case err != nil:
		found = append(found, problem("customers", "see the message", "%v", err))
	case count == 0 && cfg.Backend.URL != "":
		found = append(found, ok("customers", "none here: the backend has them"))
	case count == 0:
		found = append(found, note("customers", "countersign customers import FILE", "there are none yet: every caller goes to an agent"))
	default:
		found = append(found, ok("customers", "%d on file", count))
	}
	if left > 0 && cfg.Customers.Hash == customers.SchemeArgon2id {
		found = append(found, note("customers", "countersign serve wraps them in the background", "%d PINs are not wrapped in argon2id yet", left))
	}
	if cfg.Customers.Hash == customers.SchemeHMAC {
		found = append(found, note("customers", "set customers.hash to argon2id unless every millisecond counts",
			"PINs are stored as HMAC only: whoever gets both the database and the pepper can try them all"))
	}
	return found
}

func checkJournal(c *cli.Context, cfg config) []finding {
	if !exists(cfg.journalPath()) {
		return []finding{skipped("journal", "no calls yet")}
	}
	j, err := journal.Open(c.Context, cfg.journalPath(), journal.Options{})
	if err != nil {
		return []finding{problem("journal", "see the message", "%v", err)}
	}
	defer j.Close(c.Context)
	waiting, oldest, err := j.Backlog(c.Context)
	switch {
	case err != nil:
		return []finding{problem("journal", "see the message", "%v", err)}
	case waiting > 0 && time.Since(oldest) > time.Minute:
		return []finding{note("journal", "start countersign serve, and check NATS", "%d events wait for NATS, the oldest since %s", waiting, oldest.Local().Format(time.DateTime))}
	}
	return []finding{ok("journal", "%d events wait for NATS", waiting)}
}

func checkPrompts(_ *cli.Context, cfg config) []finding {
	dir := cfg.promptsDir()
	if !exists(dir) {
		if cfg.Prompts.Path != "" {
			return []finding{problem("prompts", "make it, or take prompts.path away to use ours", "prompts.path %s does not exist", dir)}
		}
		return []finding{skipped("prompts", "countersign serve writes them to %s", dir)}
	}
	catalogue, err := prompts.Open(dir)
	if err != nil {
		return []finding{problem("prompts", "see the message", "%v", err)}
	}
	var missing []string
	for _, p := range prompts.All() {
		if _, found := catalogue.File("en", p.Name); !found {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) > 0 {
		return []finding{problem("prompts", "record them as 8 kHz mono WAV in "+filepath.Join(dir, "en"), "callers hear a tone in place of %s", strings.Join(missing, ", "))}
	}
	if closed := closedFolder(dir); closed != "" {
		return []finding{note("prompts", "chmod o+x "+closed+", or keep --data elsewhere, unless FreeSWITCH runs as the same user",
			"all %d are there, but other users cannot enter %s: FreeSWITCH could play nothing, and callers would go to an agent at once", len(prompts.All()), closed)}
	}
	return []finding{ok("prompts", "all %d are in %s, and every user may read them", len(prompts.All()), dir)}
}

// closedFolder is the first folder on the way that other users may not enter, or "".
func closedFolder(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	closed := ""
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o001 == 0 {
			closed = dir
		}
		if dir == filepath.Dir(dir) {
			return closed
		}
	}
}

// answerTimeout bounds what doctor waits for somebody on the network.
const answerTimeout = 3 * time.Second

func checkSocket(c *cli.Context, cfg config) []finding {
	nc, err := (&net.Dialer{Timeout: answerTimeout}).DialContext(c.Context, "tcp", cfg.Socket.Listen)
	if err != nil {
		return []finding{note("socket", "countersign serve", "nobody listens on %s", cfg.Socket.Listen)}
	}
	defer nc.Close()
	_ = nc.SetReadDeadline(time.Now().Add(answerTimeout))
	hello := make([]byte, len("connect"))
	if _, err := nc.Read(hello); err != nil || string(hello) != "connect" {
		return []finding{problem("socket", "stop it, or set socket.listen and the dialplan to another port", "somebody else listens on %s", cfg.Socket.Listen)}
	}
	return []finding{ok("socket", "countersign answers on %s", cfg.Socket.Listen)}
}

func checkNATS(c *cli.Context, cfg config) []finding {
	endpoint, err := natsEndpoint(c, cfg)
	if err != nil {
		return []finding{problem("nats", "correct the nats settings", "%v", err)}
	}
	conn, err := endpoint.Connect("countersign doctor", slog.New(slog.DiscardHandler))
	if err != nil {
		return []finding{problem("nats", "correct the nats settings", "%v", err)}
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(c.Context, answerTimeout)
	defer cancel()
	if err := conn.FlushWithContext(ctx); err != nil {
		if cfg.NATS.URL == "" && c.String("nats") == "" {
			return []finding{note("nats", "countersign serve brings its own", "no NATS on %s", cfg.NATS.Listen)}
		}
		return []finding{problem("nats", "start NATS or correct nats.url; calls go on meanwhile, and their events follow", "%s does not answer", endpoint)}
	}
	return []finding{ok("nats", "%s answers", endpoint)}
}

func checkClock(*cli.Context, config) []finding {
	if now := time.Now(); now.Year() < 2025 {
		return []finding{problem("clock", "set it, best by NTP", "it says %s", now.Format(time.DateTime))}
	}
	return []finding{ok("clock", "%s", time.Now().Format(time.RFC3339))}
}
