package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// The kinds of requests without an answer. They are few and fixed, so that a count of them stays small whatever
// addresses and ports the errors' own texts name.
const (
	ErrTimeout     = "no answer in time"
	ErrRefused     = "connection refused"
	ErrReset       = "connection reset"
	ErrClosed      = "connection closed before the end of the answer"
	ErrNoRoute     = "no route to the address"
	ErrName        = "name does not resolve"
	ErrTLS         = "TLS failed"
	ErrDenied      = "not permitted"
	ErrUnreachable = "not reachable"
	ErrOther       = "other"
)

// kindOfFailure tells what went wrong with a request, as one of the kinds.
func kindOfFailure(err error) string {
	var timeout net.Error
	var name *net.DNSError
	switch {
	case isDeadline(err):
		return ErrTimeout
	case errors.As(err, &name) && !name.IsTimeout:
		return ErrName
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	case isTLS(err):
		return ErrTLS
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrClosed
	case fault.Is(err, fault.Denied, fault.Auth, fault.HostKey):
		return ErrDenied
	}
	if kind := kindOfErrno(err); kind != ErrOther {
		return kind
	}
	if fault.Is(err, fault.Unreachable, fault.NotFound) {
		return ErrUnreachable
	}
	return ErrOther
}

// kindOfErrno is what the machine's own network says.
func kindOfErrno(err error) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return ErrOther
	}
	switch number {
	case syscall.ECONNREFUSED:
		return ErrRefused
	case syscall.ECONNRESET, syscall.EPIPE:
		return ErrReset
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH:
		return ErrNoRoute
	}
	return ErrOther
}

func isTLS(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &authority) || errors.As(err, &hostname)
}

func isDeadline(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// bare takes the address off an error of an HTTP client, which callers name themselves.
func bare(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// FailureKinds are all of them.
func FailureKinds() []string {
	return []string{ErrTimeout, ErrRefused, ErrReset, ErrClosed, ErrNoRoute, ErrName, ErrTLS, ErrDenied, ErrUnreachable, ErrOther}
}

// Explained says of a request without an answer what kind of failure it was, and then what the error itself says, without
// the address, which callers name themselves.
func Explained(err error) error {
	if kind := kindOfFailure(err); kind != ErrOther {
		return fmt.Errorf("%s: %w", kind, bare(err))
	}
	return bare(err)
}
