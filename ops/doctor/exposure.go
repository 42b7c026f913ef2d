package doctor

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"countersign/session"
)

// vanillaPassword is the one of the event socket in FreeSWITCH's vanilla configuration: everybody knows it.
const vanillaPassword = "ClueCon"

// keysAreClosed checks who may read keys, databases and settings with passwords. Others on this machine could check
// secrets, issue tokens, or speak to NATS as we do.
func keysAreClosed(_ context.Context, o Options) (found []Finding) {
	ours := []string{o.Files.Pepper, o.Files.Customers, o.Files.Journal, o.Files.Audit, o.Files.Reports}
	secret := 0
	for _, path := range append(ours, o.Keys...) {
		if open := othersMay(path, 0o077); open != "" {
			found = append(found, problem("chmod 600 "+path, "%s, and has secrets", open))
		} else if exists(path) {
			secret++
		}
	}
	// A group is somebody's choice: root:countersign may have the settings, ssl-cert a certificate's key.
	for _, path := range o.Certificates {
		if open := othersMay(path, 0o007); open != "" {
			found = append(found, problem("chmod o= "+path, "%s, and is a private key", open))
		}
	}
	if text, err := os.ReadFile(o.Settings); err == nil && settingsHaveSecrets(string(text)) {
		if open := othersMay(o.Settings, 0o007); open != "" {
			found = append(found, problem("chmod o= "+o.Settings+", or keep its passwords in the environment",
				"%s, and has passwords", open))
		}
	}
	if len(found) == 0 && secret > 0 {
		found = append(found, ok("keys, databases and settings with passwords are closed to other users"))
	}
	return found
}

// othersMay says that a file is open to somebody who has one of the rights; "" if it is not, or not there.
func othersMay(path string, rights os.FileMode) string {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&rights == 0 {
		return ""
	}
	return path + " may be used by other users (" + info.Mode().Perm().String() + ")"
}

// settingsSecret is a line that sets a password, and not from the environment.
var settingsSecret = regexp.MustCompile(
	`(?im)^[^#\n]*?\b(password|client_secret|secret|token|authorization|api_access_token)"?\s*:\s*["']?[^\s"'#{}$,].*$`)

func settingsHaveSecrets(text string) bool {
	for _, line := range settingsSecret.FindAllString(text, -1) {
		if !strings.Contains(line, "${") {
			return true
		}
	}
	return false
}

// listenersAreClosed says which of our ports other machines reach without encryption.
func listenersAreClosed(_ context.Context, o Options) (found []Finding) {
	if open(o.Socket) {
		found = append(found, note("keep socket.listen on loopback or on a private network, and socket.allow short; over any other "+
			"network, SECURITY.md has a recipe", "socket.listen is %s: FreeSWITCH's event socket has neither password nor "+
			"encryption, and callers' keys come over it", o.Socket))
	}
	if o.EmbeddedNATS != "" && open(o.EmbeddedNATS) {
		found = append(found, note("keep nats.listen on loopback, or use an external NATS with TLS",
			"nats.listen is %s, without TLS: events can be read on the way, and so can the password", o.EmbeddedNATS))
	}
	for _, server := range o.EventSockets {
		if open(server.Address) {
			found = append(found, note("keep it on a private network; over any other, SECURITY.md has a recipe",
				"the event socket %s is on another machine: its password goes there unencrypted", server.Address))
		}
	}
	return found
}

// open reports whether other machines reach an address of ours, or a connection to it leaves this one.
func open(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.IsLoopback()
}

// eventSocketsAreGuarded looks for the password that everybody knows, in our settings and in FreeSWITCH's.
func eventSocketsAreGuarded(_ context.Context, o Options) (found []Finding) {
	const do = "set another password in event_socket.conf.xml, restart FreeSWITCH, and set it for each of freeswitch in our settings"
	for _, server := range o.EventSockets {
		if isVanilla(server.Password) {
			found = append(found, known(open(server.Address), do, "the password of the event socket "+server.Address))
		}
	}
	path := filepath.Join(freeSWITCHConf(o.FreeSWITCH), "autoload_configs", "event_socket.conf.xml")
	set, err := eventSocketSettings(path)
	if err != nil || len(set) == 0 {
		return found
	}
	// Without a list FreeSWITCH lets only loopback in ("loopback.auto").
	reachable := open(net.JoinHostPort(set["listen-ip"], "8021")) && set["apply-inbound-acl"] != "" &&
		set["apply-inbound-acl"] != "loopback.auto"
	if set["password"] == vanillaPassword {
		found = append(found, known(reachable, do, "the password in "+path))
	}
	return found
}

// known is about the known password of a socket. Whoever reaches it commands FreeSWITCH, and with it this machine.
func known(reachable bool, do, what string) Finding {
	if reachable {
		return problem(do, "%s is %s, as everybody knows, and other machines reach it: they can run programs there", what,
			vanillaPassword)
	}
	return note(do, "%s is %s, as everybody knows: every user of that machine can run programs as FreeSWITCH", what,
		vanillaPassword)
}

func isVanilla(password session.Secret) bool { return string(password.Reveal()) == vanillaPassword }

// eventSocketSettings are the params of FreeSWITCH's file. Comments count as what they are.
func eventSocketSettings(path string) (set map[string]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	set = map[string]string{}
	for parsed := xml.NewDecoder(f); ; {
		token, err := parsed.Token()
		if errors.Is(err, io.EOF) {
			return set, nil
		}
		if err != nil {
			return set, err
		}
		element, is := token.(xml.StartElement)
		if !is || element.Name.Local != "param" {
			continue
		}
		attributes := map[string]string{}
		for _, a := range element.Attr {
			attributes[a.Name.Local] = a.Value
		}
		set[attributes["name"]] = attributes["value"]
	}
}
