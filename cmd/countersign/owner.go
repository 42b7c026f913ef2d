package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/urfave/cli/v2"
)

// ownersData refuses to work as root in the data folder of another user, who could not open what root creates there.
// Doctor creates nothing, and root may read more of FreeSWITCH's files.
func ownersData(c *cli.Context, data string) error {
	if os.Geteuid() != 0 || c.Command.Name == doctorName || c.Command.Name == healthName {
		return nil
	}
	info, err := os.Stat(data)
	if err != nil {
		return nil // whoever needs the folder says so
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	name := "#" + strconv.Itoa(int(owner.Uid))
	if u, err := user.LookupId(strconv.Itoa(int(owner.Uid))); err == nil {
		name = u.Username
	}
	return fmt.Errorf("%s belongs to %s, who could not open what root creates there: run this as that user: "+
		"sudo -u '%s' countersign …", data, name, name)
}
