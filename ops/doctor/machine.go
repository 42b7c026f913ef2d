package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"countersign/esl"
	"countersign/internal/datafile"
	"countersign/internal/timezones"
)

// probeBytes is how much is written to the data folder, and read back.
const probeBytes = 64 << 10

func dataFolderIsWritable(_ context.Context, o Options) []Finding {
	info, err := os.Stat(o.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{note(o.command("serve")+" creates it",
			"%s does not exist yet", o.Data)}
	case err != nil:
		return []Finding{problem("give this user the right to read it, or use another --data folder", "%v", err)}
	case !info.IsDir():
		return []Finding{problem("use another --data folder", "%s is not a folder", o.Data)}
	}
	switch err := datafile.Prove(o.Data, probeBytes); {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return []Finding{problem("make room on its disk; everything goes on by itself then", "%s: %v", o.Data, err)}
	case err != nil:
		return []Finding{problem("give this user the right to write there, or use another --data folder", "%v", err)}
	}
	return []Finding{ok("%s can be written", o.Data)}
}

func serviceListens(ctx context.Context, o Options) []Finding {
	switch err := esl.Probe(ctx, o.Socket, o.Timeout); {
	case err == nil:
		return []Finding{ok("countersign answers on %s", o.Socket)}
	case errors.Is(err, esl.ErrSilent) && serviceRuns(o):
		return []Finding{problem("restart it, such as with systemctl restart countersign; its log may say why. Callers go "+
			"to a person meanwhile, each after a wait", "the countersign that uses %s hangs: it took a connection on %s and "+
			"said nothing for %s", o.Data, o.Socket, o.Timeout)}
	case errors.Is(err, esl.ErrRefusing) && serviceRuns(o):
		return []Finding{note("nothing, if it has just started or is being stopped; otherwise see socket.allow and "+
			"socket.max_calls", "countersign refuses calls on %s: FreeSWITCH takes them to a person", o.Socket)}
	case errors.Is(err, esl.ErrSilent), errors.Is(err, esl.ErrRefusing), errors.Is(err, esl.ErrForeign):
		return []Finding{problem("stop it, or set socket.listen and the dialplan to another port",
			"another program listens on %s", o.Socket)}
	}
	return []Finding{note(o.command("serve"), "nothing listens on %s", o.Socket)}
}

// serviceRuns reports whether a service uses the data folder.
func serviceRuns(o Options) bool {
	lock := datafile.FolderLock(o.Data)
	if !exists(lock) { // Lock would create it
		return false
	}
	unlock, err := datafile.Lock(lock)
	if err == nil {
		unlock()
	}
	return errors.Is(err, datafile.ErrInUse)
}

func clockIsSet(context.Context, Options) []Finding {
	if now := time.Now(); now.Year() < 2025 {
		return []Finding{problem("set it, preferably by NTP", "it shows %s", now.Format(time.DateTime))}
	}
	return []Finding{ok("%s, time zones %s", time.Now().Format(time.RFC3339), timezones.Version())}
}

// exists reports whether a file exists: opening some of them would create them.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
