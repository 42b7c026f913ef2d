package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
)

// freeSWITCHPlaces are where packages and source builds of FreeSWITCH keep their configuration.
var freeSWITCHPlaces = []string{"/etc/freeswitch", "/usr/local/freeswitch/conf", "/usr/local/freeswitch/etc/freeswitch", "/opt/freeswitch/etc/freeswitch"}

// checkFreeSWITCH looks at files; whether a running FreeSWITCH has loaded them only FreeSWITCH knows (freeswitch/README.md says how to ask it).
func checkFreeSWITCH(c *cli.Context, _ config) []finding {
	const check = "freeswitch"
	conf := freeSWITCHConf(c.String("freeswitch"))
	switch {
	case conf == "":
		return []finding{skipped(check, "no configuration of FreeSWITCH found on this machine; name it with --freeswitch DIR")}
	case !exists(filepath.Join(conf, "dialplan")):
		return []finding{problem(check, "name FreeSWITCH's configuration folder with --freeswitch DIR", "%s has no dialplan", conf)}
	}
	var found []finding
	for _, file := range []string{"countersign.xml", "public/00_countersign.xml", "default/00_countersign.xml"} {
		if path := filepath.Join(conf, "dialplan", file); !exists(path) {
			found = append(found, note(check, "copy freeswitch/conf/dialplan there, and reloadxml", "%s is missing", path))
		}
	}
	if len(found) == 0 {
		found = append(found, ok(check, "our dialplan is in %s; that it is loaded, and mod_event_socket, only FreeSWITCH can say", conf))
	}
	if vars, err := os.ReadFile(filepath.Join(conf, "vars.xml")); err == nil && strings.Contains(string(vars), `data="default_password=1234"`) {
		found = append(found, problem(check, "change it in "+filepath.Join(conf, "vars.xml")+", and restart FreeSWITCH",
			"default_password is 1234: FreeSWITCH lets every call into the context default wait for ten seconds, also those that Countersign hands on"))
	}
	return found
}

// freeSWITCHConf is the configuration folder: the one that was named, the one beside the program, or one of the usual.
func freeSWITCHConf(named string) string {
	if named != "" {
		return named
	}
	places := freeSWITCHPlaces
	binary := os.Getenv("FREESWITCH")
	if binary == "" {
		binary, _ = exec.LookPath("freeswitch")
	}
	if binary != "" {
		root := filepath.Dir(filepath.Dir(binary))
		places = append([]string{filepath.Join(root, "etc", "freeswitch"), filepath.Join(root, "conf")}, places...)
	}
	for _, place := range places {
		if exists(place) {
			return place
		}
	}
	return ""
}
