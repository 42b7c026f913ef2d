package doctor

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// userOfFreeSWITCH is who runs FreeSWITCH here: the user of its process, or else the owner of its configuration.
func userOfFreeSWITCH(conf string) (uid int, known bool) {
	names, _ := filepath.Glob("/proc/[0-9]*/comm") // Linux; elsewhere there are none
	for _, name := range names {
		if comm, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(comm)) == "freeswitch" {
			return ownerOf(filepath.Dir(name)), true
		}
	}
	if conf == "" {
		return 0, false
	}
	uid = ownerOf(conf)
	return uid, uid > 0 // root owns configurations that others use
}

// ownerOf is the user id of a file's owner; -1: unknown.
func ownerOf(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

func nameOf(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "user " + strconv.Itoa(uid)
}
