// Package sqlite opens Countersign's database files: one writer connection and a pool of readers for each, WAL,
// forward-only migrations, transactions, and errors that tell an operator what to do. It is the only package that
// imports the SQLite driver. What a file holds is for the packages built on it to know.
//
// Several processes may have the same file open. Readers never wait for a writer.
package sqlite

import "errors"

// ErrBusy means that other work took too long: another process wrote for more than 5 s, or a PIN check waited too long
// for its turn (docs/policy.md#argon2-concurrency). A call goes on to an agent; a command may be repeated.
var ErrBusy = errors.New("too busy, try again later")
