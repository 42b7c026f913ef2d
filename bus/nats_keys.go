package bus

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nkeys"

	"countersign/internal/datafile"
)

// KeyFiles are the nkeys (seeds) of those who may use the embedded NATS. Whoever can read a file may do what it is for.
type KeyFiles struct {
	// Write is the services' and their operators': everything. Read is for screens and other programs: it subscribes to
	// events and reads the stream, and changes nothing.
	Write, Read string
}

// load creates the files that are missing, readable for their owner only, and returns the public keys.
func (f KeyFiles) load() (write, read string, err error) {
	if write, err = loadKey(f.Write); err != nil {
		return "", "", err
	}
	read, err = loadKey(f.Read)
	return write, read, err
}

func loadKey(file string) (public string, err error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := createKey(file); err != nil {
			return "", fmt.Errorf("embedded nats: create the key %s: %w", file, err)
		}
	}
	if err := datafile.OwnOnly(file); err != nil {
		return "", fmt.Errorf("embedded nats: others can read the key %s: make it readable by its owner only (%w)", file, err)
	}
	seed, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("embedded nats: read the key: %w", err)
	}
	defer clear(seed)
	pair, err := nkeys.ParseDecoratedNKey(seed)
	if err != nil {
		return "", fmt.Errorf("embedded nats: the key %s is damaged: restore it from a backup, or remove it to get a new one, "+
			"which everybody who uses it needs then", file)
	}
	defer pair.Wipe()
	return pair.PublicKey()
}

// createKey writes a seed without a line end: not every client library cuts it off.
func createKey(file string) error {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return err
	}
	defer pair.Wipe()
	seed, err := pair.Seed()
	if err != nil {
		return err
	}
	defer clear(seed)
	return datafile.Create(file, seed)
}

// isNKey reports whether the content of a credentials file is an nkey.
func isNKey(content []byte) bool {
	pair, err := nkeys.ParseDecoratedNKey(content)
	if err != nil {
		return false
	}
	pair.Wipe()
	return true
}

// askingWithin bounds a look at a server.
const askingWithin = 2 * time.Second

// AsksForKey reports whether the NATS at HOST:PORT or nats://HOST:PORT lets clients log in with an nkey. false if it
// cannot be reached.
func AsksForKey(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, askingWithin)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(address, "nats://"))
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(askingWithin))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return false
	}
	var info struct {
		Nonce string `json:"nonce"`
	}
	text, isInfo := strings.CutPrefix(line, "INFO ")
	return isInfo && json.Unmarshal([]byte(text), &info) == nil && info.Nonce != ""
}
