package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// dialFault classifies a failure to open the transport of a hop.
func dialFault(err error) error {
	var refused *ssh.OpenChannelError
	switch {
	case errors.As(err, &refused):
		return channelFault(refused)
	case fault.KindOf(err) != fault.Unknown:
		return err
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault.New(fault.Unreachable, &passingError{err: err, limit: refusals})
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.Unreachable, fmt.Errorf("nothing answers there: %w", err))
	}
	return fault.New(fault.Unreachable, err)
}

// channelFault classifies the refusal of a channel through a host. OpenSSH says Prohibited for AllowTcpForwarding no
// and PermitOpen, and ConnectionFailed for what a direct dial would report.
func channelFault(refused *ssh.OpenChannelError) error {
	if refused.Reason == ssh.Prohibited {
		return fault.Newf(fault.Denied, "the host forbids forwarding (AllowTcpForwarding or PermitOpen of its sshd_config): %s", refused.Message)
	}
	return fault.Newf(fault.Unreachable, "the host could not connect there: %s", refused.Message)
}

// handshakeFault classifies a failure after the transport was open. The SSH library has no types for a refused
// login (golang.org/x/crypto v0.58.0, ssh/client_auth.go: clientAuthenticate), so this is the one place that looks
// at its words.
func handshakeFault(err error, a *login, seen *keySeen, first string) error {
	var algorithms *ssh.AlgorithmNegotiationError
	text := err.Error()
	switch {
	case seen.verdict != nil:
		return seen.verdict
	case errors.As(err, &algorithms):
		return fault.New(fault.Invalid, err)
	case strings.Contains(text, "unable to authenticate"),
		strings.Contains(strings.ToLower(text), "too many authentication failures"):
		return a.refused(err)
	}
	said := a.banner
	if !strings.HasPrefix(first, "SSH-") {
		said = printable(first)
	}
	why := "it closed the connection during the handshake"
	if seen.key != nil {
		why = "it closed the connection during the login of user " + a.hop.user
	}
	if said != "" {
		why += fmt.Sprintf(", saying %q", said)
	} else {
		why += " (too many connections at once, a penalty for earlier failures, or it is booting)"
	}
	return fault.New(fault.Unreachable, &passingError{err: fmt.Errorf("%s: %w", why, err)})
}

// lateFault says at what point a host that took the connection was too slow.
func lateFault(h *hop, seen *keySeen) error {
	if seen.key != nil {
		return fault.Newf(fault.Unreachable, "the login of user %s took longer than there was time", h.user)
	}
	return fault.Newf(fault.Unreachable, "it took the connection and did not answer in time")
}

// printable makes foreign bytes fit for a message.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

// explain gives the end of a job the kind and the words that callers see.
func explain(title, host string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s on %s: %w", title, host, err)
	var lost *lostError
	switch {
	case fault.KindOf(err) != fault.Unknown:
		return err
	case errors.As(err, &lost):
		return fault.New(fault.Unreachable, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, err)
	case errors.Is(err, errNoSession):
		return fault.New(fault.Denied, err)
	}
	return err
}

// forwardFault classifies a failure to dial through a host.
func forwardFault(err error) error {
	var refused *ssh.OpenChannelError
	var timeout net.Error
	switch {
	case errors.As(err, &refused):
		return channelFault(refused)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fault.New(fault.Timeout, err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fault.New(fault.Unreachable, err)
}
