// Package store keeps what Countersign must not forget, in SQLite files: who the customers are and what they can prove (Directory), and what
// happened on every call (Journal) together with what still has to be published (its outbox).
//
// It answers "who has this number, is this their PIN, what happened on that call"; it refuses to decide what a caller may do, to show a secret
// or its hash, and to know how events travel. Secrets are stored as HMAC-SHA-256 under a pepper that lives outside the databases (LoadPepper),
// under argon2id; those that must be read again to be checked (TOTP) are encrypted under a key made of the pepper.
//
// Every file has one writer connection in a process and a pool of readers; several processes may have the same file open. Readers never wait
// for a writer (WAL).
package store

import "errors"

// ErrBusy says that the answer could not be had in time because of other work, not because anything is wrong: the check of a PIN waited 5 s for
// its turn (policy.md, "Argon2 concurrency"), or another process was writing for longer than 5 s. A call goes on to a person; a command may be
// repeated.
var ErrBusy = errors.New("too busy, try again later")

// ErrUnknownCustomer says that no customer has that id.
var ErrUnknownCustomer = errors.New("no customer has this id")
