package doctor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

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
	nc, err := (&net.Dialer{Timeout: o.Timeout}).DialContext(ctx, "tcp", o.Socket)
	if err != nil {
		return []Finding{note(o.command("serve"), "nothing listens on %s", o.Socket)}
	}
	defer nc.Close()
	_ = nc.SetReadDeadline(time.Now().Add(o.Timeout))
	hello := make([]byte, len("connect\n\n")) // all of it: what is left unread would reset the connection
	_, err = io.ReadFull(nc, hello)
	switch {
	case strings.HasPrefix(string(hello), "connect"):
		return []Finding{ok("countersign answers on %s", o.Socket)}
	case errors.Is(err, os.ErrDeadlineExceeded) && serviceRuns(o):
		return []Finding{problem("restart it, such as with systemctl restart countersign; its log may say why. Callers go "+
			"to a person meanwhile, each after a wait", "the countersign that uses %s hangs: it took a connection on %s and "+
			"said nothing for %s", o.Data, o.Socket, o.Timeout)}
	}
	return []Finding{problem("stop it, or set socket.listen and the dialplan to another port",
		"another program listens on %s", o.Socket)}
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
