// Package fault knows the kinds of error that every layer shares: what happened to the far side, not who saw it.
//
// A transport classifies an error where it can still be seen (an SSH reply, an HTTP status) and wraps it with
// [New]; everybody above asks with [Is] or [KindOf] and never looks at texts. Only [NotFound] may remove
// something from Terraform's state.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what happened to the far side.
type Kind string

// The kinds. A kind exists only when a caller treats it differently from the others.
const (
	// NotFound is a positive answer that the thing is not there. Timeouts and refused connections are not.
	NotFound Kind = "not found"
	// Unreachable means that nobody answered: no route, refused, timed out, connection lost. Trying again may help.
	Unreachable Kind = "unreachable"
	// Auth means that the far side answered and refused the credentials.
	Auth Kind = "authentication refused"
	// HostKey means that a host presented no acceptable key. It is never worked around.
	HostKey Kind = "host key not accepted"
	// Denied means that the credentials are good and the right is missing: 403, no sudo, a file's mode.
	Denied Kind = "permission denied"
	// Conflict means that somebody else owns it or holds it: a field manager, a lock, an existing release.
	Conflict Kind = "conflict"
	// Invalid means that the request was understood and refused: a schema, a webhook, a malformed value.
	Invalid Kind = "invalid"
	// Timeout means that something was there and did not become what was waited for.
	Timeout Kind = "timed out"
	// Command means that a remote command ran and failed; the error is a [*CommandError].
	Command Kind = "command failed"
	// Integrity means that bytes are not the bytes that were promised: a checksum or a digest differs.
	Integrity Kind = "integrity check failed"
	// NoSpace means that a file system is full.
	NoSpace Kind = "no space left"
	// Unknown is the kind of an error that nobody classified.
	Unknown Kind = ""
)

// Error is an error with a kind.
type Error struct {
	Kind Kind
	Err  error
}

// Error returns the text of the wrapped error; the kind is for programs.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// New gives err a kind. A nil err stays nil.
func New(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Err: err}
}

// Newf formats an error of the given kind; %w works as in [fmt.Errorf].
func Newf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf returns the outermost kind in err's chain, or [Unknown].
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	var c *CommandError
	if errors.As(err, &c) {
		return Command
	}
	return Unknown
}

// Is reports whether the outermost kind of err is one of kinds.
func Is(err error, kinds ...Kind) bool {
	if err == nil {
		return false
	}
	got := KindOf(err)
	for _, k := range kinds {
		if got == k {
			return true
		}
	}
	return false
}
