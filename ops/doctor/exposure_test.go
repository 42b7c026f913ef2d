package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch"
	"countersign/ops/doctor"
	"countersign/session"
)

func TestKeysThatOthersMayReadAreAProblem(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	assert.Empty(t, found(t, o, "keys"), "there are none")
	token, key := filepath.Join(o.Data, "token.key"), filepath.Join(o.Data, "tls.key")
	o.Keys, o.Certificates, o.Settings = []string{token}, []string{key}, filepath.Join(o.Data, "c.yaml")
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chmod(path, mode))
	}
	write(token, "x", 0o600)
	write(key, "x", 0o640) // its group may read it
	write(o.Settings, "nats: {password: secret}", 0o640)
	require.Equal(t, doctor.OK, one(t, o, "keys").State)

	for path, mode := range map[string]os.FileMode{token: 0o640, key: 0o644, o.Settings: 0o644, o.Files.Pepper: 0o604} {
		text := "x"
		if path == o.Settings {
			text = "nats: {password: secret}"
		}
		write(path, text, mode)
		f := one(t, o, "keys")
		assert.Equal(t, doctor.Problem, f.State, path)
		assert.Contains(t, f.Detail, path)
		assert.Contains(t, f.Do, path)
		require.NoError(t, os.Chmod(path, 0o600))
	}
	for text, problems := range map[string]int{
		"node: x": 0, "nats: {password: \"\", token: \"\"}": 0, "tokens: {issuer: x}": 0, "# password: x": 0,
		"web: {keys: {a: {sha256: 0}}}": 0, "crm:\n  headers: {Authorization: \"Bearer ${CRM_KEY}\"}": 0,
		"crm:\n  headers: {Authorization: \"Bearer abc\"}": 1, "freeswitch:\n  - {address: x, password: y}": 1,
		"email:\n  password: 'a b'": 1, "web:\n  oidc:\n    client_secret: x": 1,
	} {
		write(o.Settings, text, 0o644)
		n := 0
		for _, f := range found(t, o, "keys") {
			if f.State == doctor.Problem {
				n++
			}
		}
		assert.Equal(t, problems, n, text)
	}
}

func TestPortsThatOtherMachinesReachAreTold(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	o.EventSockets = []freeswitch.Server{{Address: "127.0.0.1:1"}, {Address: "[::1]:1"}, {Address: "localhost:1"}}
	assert.Empty(t, found(t, o, "network"))
	o.Socket, o.EmbeddedNATS = "0.0.0.0:1", ":1"
	o.EventSockets = append(o.EventSockets, freeswitch.Server{Address: "192.0.2.1:1"})
	o.Timeout = 1 // nobody need answer
	all := found(t, o, "network")
	require.Len(t, all, 3)
	for i, word := range []string{"socket.listen is 0.0.0.0:1", "nats.listen is :1", "192.0.2.1:1"} {
		assert.Equal(t, doctor.Note, all[i].State)
		assert.Contains(t, all[i].Detail, word)
	}
}

func TestThePasswordThatEverybodyKnowsIsTold(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	o.Timeout = 1
	assert.Empty(t, found(t, o, "password"))
	vanilla := session.NewSecret([]byte("ClueCon"))
	o.EventSockets = []freeswitch.Server{
		{Address: "127.0.0.1:1", Password: vanilla}, {Address: "192.0.2.1:1", Password: vanilla},
		{Address: "192.0.2.2:1", Password: session.NewSecret([]byte("another"))},
	}
	all := found(t, o, "password")
	require.Len(t, all, 2)
	assert.Equal(t, doctor.Note, all[0].State)
	assert.Equal(t, doctor.Problem, all[1].State)
	assert.Contains(t, all[1].Detail, "192.0.2.1:1 is ClueCon")

	o.EventSockets = nil
	file := filepath.Join(o.FreeSWITCH, "autoload_configs", "event_socket.conf.xml")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	const as = `<configuration><settings><param name="listen-ip" value="::"/><!--<param name="password" value="x"/>-->
<param name="password" value="ClueCon"/>ACL</settings></configuration>`
	for acl, state := range map[string]doctor.State{
		``: doctor.Note, `<!--<param name="apply-inbound-acl" value="lan"/>-->`: doctor.Note,
		`<param name="apply-inbound-acl" value="loopback.auto"/>`: doctor.Note,
		`<param name="apply-inbound-acl" value="lan"/>`:           doctor.Problem,
	} {
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(as, "ACL", acl, 1)), 0o600))
		f := one(t, o, "password")
		assert.Equal(t, state, f.State, acl)
		assert.Contains(t, f.Detail, file)
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(as, "ClueCon", "another", 1)), 0o600))
	assert.Empty(t, found(t, o, "password"))
}
