package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"countersign/session"
	"countersign/store/audit"
	"countersign/store/customers"
)

// customersSet sets a customer's secret.
func customersSet(c *cli.Context, kind, name string) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	return withOwnDirectory(c, func(cfg config, d *customers.Directory) error {
		id := c.Args().First()
		if _, found, err := d.ByID(c.Context, id); err != nil {
			return err
		} else if !found {
			return fmt.Errorf("there is no customer %q", id)
		}
		secret, err := readSecret(c, name)
		if err != nil {
			return err
		}
		defer secret.Wipe()
		if kind == customers.KindPIN {
			err = setPIN(c, d, id, secret)
		} else {
			err = d.SetSecret(c.Context, id, kind, secret)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "the %s of %s is set\n", name, id)
		return auditDone(c, cfg, audit.SecretSet, d.Alias(id), kind)
	})
}

func setPIN(c *cli.Context, d *customers.Directory, id string, pin session.Secret) error {
	if pin.Len() > askedPINMax {
		fmt.Fprintf(c.App.ErrWriter, "note: the PIN has %d digits; the built-in line asks for %d to %d\n", pin.Len(),
			askedPINMin, askedPINMax)
	}
	var weak *customers.WeakPINError
	err := d.SetPIN(c.Context, id, pin, c.Bool("allow-weak"))
	if errors.As(err, &weak) {
		return fmt.Errorf("%w; or use --allow-weak", err)
	}
	return err
}

// readSecret asks twice, without echo, on a terminal; elsewhere it reads one line of standard input.
func readSecret(c *cli.Context, name string) (session.Secret, error) {
	in, isFile := c.App.Reader.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(c.App.Reader).ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return session.Secret{}, fmt.Errorf("read the %s: %w", name, err)
		}
		return session.NewSecret(trimNewline(line)), nil
	}
	first, err := readHidden(c, in, "New "+name+": ")
	if err != nil {
		return session.Secret{}, err
	}
	if len(first) == 0 {
		return session.Secret{}, fmt.Errorf("no %s was entered; nothing was changed", name)
	}
	second, err := readHidden(c, in, "Repeat it: ")
	if err != nil {
		clear(first)
		return session.Secret{}, err
	}
	defer clear(second)
	if string(first) != string(second) {
		clear(first)
		return session.Secret{}, errors.New("the two entries differ; nothing was changed")
	}
	return session.NewSecret(first), nil
}

// readPassphrase asks once, without echo, on a terminal; elsewhere it reads one line of standard input.
func readPassphrase(c *cli.Context) (session.Secret, error) {
	in, isFile := c.App.Reader.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return readSecret(c, "passphrase")
	}
	text, err := readHidden(c, in, "Passphrase: ")
	return session.NewSecret(text), err
}

// readHidden asks on a terminal without echo. Ctrl-C cancels and restores the terminal.
func readHidden(c *cli.Context, in *os.File, prompt string) ([]byte, error) {
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	fmt.Fprint(c.App.ErrWriter, prompt)
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(int(in.Fd()))
		answered <- answer{text, err}
	}()
	defer fmt.Fprintln(c.App.ErrWriter)
	select {
	case a := <-answered:
		if a.err != nil {
			return nil, fmt.Errorf("read the answer: %w", a.err)
		}
		return a.text, nil
	case <-c.Context.Done():
		_ = term.Restore(int(in.Fd()), before)
		return nil, errors.New("cancelled; nothing was changed")
	}
}

func trimNewline(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}
