package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"countersign/freeswitch"
)

// freeSWITCHPlaces are where packages and source builds of FreeSWITCH keep their configuration.
var freeSWITCHPlaces = []string{
	"/etc/freeswitch", "/usr/local/freeswitch/conf", "/usr/local/freeswitch/etc/freeswitch",
	"/opt/freeswitch/etc/freeswitch",
}

// dialplanIsInstalled checks files. freeswitch/README.md says how to ask a running FreeSWITCH whether it has loaded
// them.
func dialplanIsInstalled(_ context.Context, o Options) (found []Finding) {
	conf := freeSWITCHConf(o.FreeSWITCH)
	switch {
	case conf == "":
		return []Finding{skipped("no configuration of FreeSWITCH found on this machine; name it with --freeswitch DIR")}
	case !exists(filepath.Join(conf, "dialplan")):
		return []Finding{problem("name FreeSWITCH's configuration folder with --freeswitch DIR",
			"%s has no dialplan", conf)}
	}
	for _, file := range []string{"countersign.xml", "public/00_countersign.xml", "default/00_countersign.xml"} {
		if path := filepath.Join(conf, "dialplan", file); !exists(path) {
			found = append(found, problem("copy freeswitch/conf/dialplan there, and reloadxml",
				"%s is missing: no call reaches Countersign", path))
		}
	}
	plan := filepath.Join(conf, "dialplan", "countersign.xml")
	if text, err := os.ReadFile(plan); err == nil && !strings.Contains(string(text), "cs_when_hung") {
		found = append(found, problem("copy freeswitch/conf/dialplan there again, and reloadxml",
			"%s is of an earlier version: when Countersign hangs in mid-call, callers wait minutes for a person", plan))
	}
	if len(found) == 0 {
		found = append(found,
			ok("our dialplan is in %s; whether FreeSWITCH has loaded it, and mod_event_socket, was not checked", conf))
	}
	vars := filepath.Join(conf, "vars.xml")
	text, _ := os.ReadFile(vars)
	if strings.Contains(string(text), `cmd="stun-set" data="external_rtp_ip=`) {
		found = append(found, note(`without internet, set external_rtp_ip and external_sip_ip to $${local_ip_v4} in `+vars,
			"FreeSWITCH asks a STUN server for its address: while that does not answer, it takes no calls"))
	}
	if strings.Contains(string(text), `data="default_password=1234"`) {
		found = append(found, note("change it in "+vars+", and restart FreeSWITCH",
			"default_password is 1234: FreeSWITCH delays every call into the context default by ten seconds, "+
				"those that Countersign hands on too"))
	}
	return found
}

// freeSWITCHConf is the configuration folder: the named one, the one beside the program, or one of the usual places.
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

// eventSocketsTakeCommands logs in to each FreeSWITCH that step-ups need.
func eventSocketsTakeCommands(ctx context.Context, o Options) (found []Finding) {
	for _, server := range o.EventSockets {
		in := freeswitch.NewInbound(server)
		asking, cancel := context.WithTimeout(ctx, o.Timeout)
		_, err := in.API(asking, "version")
		cancel()
		in.Close()
		if err != nil {
			found = append(found, problem("check event_socket.conf.xml: listen-ip, password and apply-inbound-acl",
				"the event socket %s: %v", server.Address, err))
			continue
		}
		found = append(found, ok("the event socket %s takes commands", server.Address))
	}
	return found
}
